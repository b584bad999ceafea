"""The HTTP edge of the web process: takes in a whole request without a thread, then hands it to the WSGI application.

A caller that stalls holds a connection and the bytes that it has sent, never a thread, and is ended by a deadline. Runs
under granian's RSGI interface: https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md
(docs/decisions/0011-request-gateway.md compares the alternatives).
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import structlog

log = structlog.get_logger("gateway")

READ_SECONDS = 5.0
"""For a whole body. ABC User Feedback itself waits 5 s for its answer (docs/sources/abc.md): who is slower is gone."""
SMALL = 65_536
MOST_BUFFERED = 64 * 1024 * 1024
"""Bytes of bodies that one process holds at a time, of all requests together. While there are more, bodies larger than
SMALL are refused. Nearly all webhooks are smaller: large ones must not keep them out."""
OTHER_THREADS = 8
"""For requests that prove nothing, such as those without a valid token. Webhooks never wait for these threads."""
NAME = re.compile(r"[A-Za-z0-9-]+")

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
Refused = Callable[[str, str], None]
"""(reason, address): called for what is refused here."""
Answer = tuple[int, list[tuple[str, str]], bytes]


class Receiver(Protocol):
    """What decides how much of a request is read, and whether it comes from a sender that we know."""

    def body_limit(self, path: str, headers: Mapping[str, str]) -> int:
        """How many bytes of the body are worth reading, by the headers (lower-case names); 0 where it will be
        refused."""

    def is_authentic(self, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the request proves who sent it."""


class Transport(Protocol):
    """What granian gives for one request."""

    def __aiter__(self) -> Any: ...

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


class _NotRead(Exception):
    """The body cannot be read whole; the request is answered with `status`."""

    def __init__(self, status: int, reason: str, error: str) -> None:
        self.status, self.reason, self.error = status, reason, error
        super().__init__(error)


class Gateway:
    """`threads`: how many authentic requests the application works on at once."""

    def __init__(self, application: Application, receiver: Receiver, refused: Refused, threads: int) -> None:
        self._application = application
        self._receiver = receiver
        self._refused = refused
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._others = ThreadPoolExecutor(OTHER_THREADS, thread_name_prefix="other")
        self._buffered = 0

    async def __rsgi__(self, scope: Any, transport: Transport) -> None:
        headers = headers_of(scope.headers.items())
        address = address_of(scope.client)
        chunks: list[bytes] = []
        most = self._receiver.body_limit(scope.path, headers)
        try:
            await self._read(transport, headers, most, chunks)
            body = b"".join(chunks)
            environ = environ_of(scope, headers, address, body)
            # A signature can be made up: whether it holds is known only now.
            known = most and self._receiver.is_authentic(scope.path, headers, body)
            pool = self._pool if known else self._others
            answer = await asyncio.get_running_loop().run_in_executor(pool, self._run, environ)
        except _NotRead as problem:
            self._refused(problem.reason, address)
            error = json.dumps({"error": problem.error}).encode()
            more = [("content-type", "application/json"), ("connection", "close"), ("retry-after", "5")]
            answer = (problem.status, more, error)
        finally:
            self._buffered -= sum(map(len, chunks))
        transport.response_bytes(*answer)

    async def _read(self, transport: Transport, headers: Mapping[str, str], most: int, chunks: list[bytes]) -> None:
        """Adds the body to `chunks`, and one byte more than `most` where it is longer. Raises _NotRead."""
        length = headers.get("content-length", "")
        if most == 0 or (not length and "transfer-encoding" not in headers) or (length and int(length) > most):
            return  # nothing to read, or nothing that the application will look at
        size = 0
        try:
            async with asyncio.timeout(READ_SECONDS):
                async for chunk in transport:
                    part = bytes(chunk)[: most + 1 - size]
                    chunks.append(part)
                    size += len(part)
                    self._buffered += len(part)
                    if size > most:
                        return
                    if size > SMALL and self._buffered > MOST_BUFFERED:
                        raise _NotRead(503, "busy", "Service Unavailable: too many large requests, send it again")
        except TimeoutError:
            error = f"Request Timeout: the body did not arrive within {READ_SECONDS:g} s"
            raise _NotRead(408, "timeout", error) from None
        except (RuntimeError, OSError):
            raise _NotRead(400, "bad_request", "Bad Request: the connection broke within the body") from None
        if length and size < int(length):
            raise _NotRead(400, "bad_request", "Bad Request: the body is shorter than its Content-Length")

    def _run(self, environ: dict[str, Any]) -> Answer:
        status, headers = 500, [("content-type", "application/json")]

        def start_response(line: str, listed: list[tuple[str, str]], _error: Any = None) -> None:
            nonlocal status, headers
            status, headers = int(line.split(" ", 1)[0]), [(name.lower(), value) for name, value in listed]

        try:
            parts = self._application(environ, start_response)
            try:
                body = b"".join(parts)
            finally:
                getattr(parts, "close", lambda: None)()
        except Exception:
            log.exception("a request failed outside the application's own error handling")
            return 500, [("content-type", "application/json")], b'{"error": "Internal Server Error"}'
        return status, headers, body


def headers_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By lower-case name; several of one name are joined by a comma (RFC 9110, 5.3).

    Names with an underscore are dropped: in a WSGI environment `X_Forwarded_For` would pass for `X-Forwarded-For`.
    """
    headers: dict[str, str] = {}
    for name, value in pairs:
        if NAME.fullmatch(name):
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def address_of(client: str) -> str:
    """The caller's address without the port, from `192.0.2.1:5000` or `[2001:db8::1]:5000`; IPv4 as IPv4."""
    address = client.rpartition(":")[0].removeprefix("[").removesuffix("]")
    return address.removeprefix("::ffff:") if "." in address else address


def environ_of(scope: Any, headers: Mapping[str, str], address: str, body: bytes) -> dict[str, Any]:
    """The request as WSGI has it (PEP 3333)."""
    name, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": name,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": address,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    environ["CONTENT_LENGTH"] = str(len(body)) if body else headers.get("content-length", "")
    own = ("content-type", "content-length", "transfer-encoding")
    environ |= {f"HTTP_{key.upper().replace('-', '_')}": value for key, value in headers.items() if key not in own}
    return environ
