"""The one way out: what every client's session sends through, so that no library can go without a limit.

It overrides parts of `requests` and `urllib3` that are not for everybody; pyproject.toml keeps both to the versions
that the tests of this package ran with.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import requests
from pydantic_core import from_json
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from bridge import tracing
from bridge.http import exchanges
from bridge.http.deadline import Call, current, resolver
from bridge.http.failures import Forbidden, NoAnswer, TooLarge, no_answer_of, proxy_refused
from bridge.version import VERSION

CONNECT_SECONDS = 3.05
READ_SECONDS = 15.0
TOTAL_SECONDS = 25.0  # inside the 30 s that a stopping process has
MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_REFUSAL_BYTES = 256 * 1024
"""Of an answer that is no success only a code is read; one with a longer body is known by its status alone."""
MAX_DEPTH = 201
"""Levels of JSON; pydantic_core's own limit. Python's parser and whatever walks through its result recurse."""
BLOCK = 65536
BY_PROXY = (
    "a proxy would connect to the host (HTTPS_PROXY, HTTP_PROXY), so its address can't be checked: name the "
    "host in NO_PROXY"
)
USER_AGENT = f"feedback-bridge/{VERSION}"
# From the left, so that neither an escaped backslash nor a whole pair is taken for the one in the group.
_HALF = re.compile(rb"\\\\|\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(\\u[dD][89a-fA-F]\w\w)")


class Timeouts(tuple[float, float]):
    """Seconds to connect and to wait for each read, as `requests` takes them, and `total` for the whole call."""

    total: float

    def __new__(cls, read: float, total: float | None = None) -> Timeouts:
        timeouts = super().__new__(cls, (CONNECT_SECONDS, read))
        timeouts.total = TOTAL_SECONDS if total is None else total
        return timeouts


class _Connection(HTTPConnection):
    """Makes its socket end with the call."""

    def _new_conn(self) -> socket.socket:
        """urllib3's own, with a bounded look-up of the name and each step within the call's deadline."""
        call = current()
        try:
            # What is checked is what is connected to: a name that is looked up twice may give two answers.
            found = call.reachable(resolver.find(self._dns_host, self.port, call.left(call.seconds)))
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "the name was not resolved in time") from error
        failure: OSError = OSError("the name has no address")
        for address in found:
            try:
                seconds = call.left(CONNECT_SECONDS)
                sock = create_connection(address, seconds, self.source_address, self.socket_options)
            except OSError as error:
                failure = error
                continue
            call.hold(sock)
            return sock
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "no connection in time") from failure
        raise NewConnectionError(self, "no connection") from failure

    def _tunnel(self) -> None:
        super()._tunnel()
        current().left(CONNECT_SECONDS)  # a proxy's answer that the deadline cut may look like a whole one

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        """The moment from which the server may know of the request."""
        if self.sock is None:
            self.connect()  # http.client would, later
        call = current()
        call.hold(self.sock)
        call.sent = True
        super().endheaders(*args, **kwargs)


class _TLSConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class Adapter(HTTPAdapter):
    """Bounds the whole call in time and the answer in size; sends our User-Agent; never sends twice."""

    def __init__(
        self, pool: int, answer_bytes: int = MAX_ANSWER_BYTES, allowed: Callable[[str], bool] | None = None
    ) -> None:
        """`allowed`: which addresses may be connected to, by their numbers; without it each may."""
        self._answer_bytes = answer_bytes
        self._allowed = allowed
        super().__init__(pool_connections=8, pool_maxsize=max(pool, 1), max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _use_our_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        _use_our_connections(manager)
        return manager

    def send(  # type: ignore[override]  # what `requests` passes besides is passed on
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002  the whole answer is read here, whatever the session asks for
        timeout: Any = None,
        **kwargs: Any,
    ) -> requests.Response:
        """Raises NoAnswer, and nothing else. What was sent and received is kept for who wants it (exchanges)."""
        about = (str(request.method), str(request.url), request.body)
        started = time.monotonic()
        try:
            with tracing.request_span(*about[:2]):
                response = self._send(request, timeout, **kwargs)
                tracing.note(http__response__status_code=response.status_code)
        except NoAnswer as failure:
            exchanges.add(*about, None, str(failure), time.monotonic() - started)
            raise
        exchanges.add(*about, response.status_code, response.content, time.monotonic() - started)
        return response

    def _send(self, request: requests.PreparedRequest, timeout: Any, **kwargs: Any) -> requests.Response:
        timeouts = timeout if isinstance(timeout, Timeouts) else Timeouts(READ_SECONDS)
        request.headers["User-Agent"] = USER_AGENT
        if self._allowed and select_proxy(str(request.url), kwargs.get("proxies")):
            raise Forbidden(BY_PROXY)
        with Call(timeouts.total, self._allowed) as call:
            try:
                response = super().send(request, timeout=timeouts, **kwargs)
                with response:
                    body = self._read(response)
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                if not call.expired:
                    raise no_answer_of(
                        error, sent=call.sent, connect_seconds=timeouts[0], read_seconds=timeouts[1]
                    ) from None
            # A connection that was shut down may look like an answer that ended.
            if call.expired:
                raise NoAnswer("timeout", f"no whole answer within {timeouts.total:g} s", sent=call.sent)
        if response.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            raise NoAnswer("network", proxy_refused(response.status_code), sent=False)
        response._content = body
        response.encoding = "utf-8"  # or `requests` guesses it from the bytes, at length
        return response

    def _read(self, response: requests.Response) -> bytes:
        success = 200 <= response.status_code < 300
        most = self._answer_bytes if success else MAX_REFUSAL_BYTES
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(BLOCK):
            size += len(chunk)
            if size > most:
                if not success:
                    return b""
                raise TooLarge(most)
            chunks.append(chunk)
        body = without_halves(b"".join(chunks))
        return b"" if _is_too_deep(body) else body


def _use_our_connections(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


def without_halves(body: bytes) -> bytes:
    """JSON may hold half a character (`"\\ud83d"` alone), which Python reads, and which nothing can store or send on:
    it becomes U+FFFD."""
    return _HALF.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)


def _is_too_deep(body: bytes) -> bool:
    """Whether it is JSON with more levels than MAX_DEPTH. What is nested so deeply is no system's answer."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    try:
        from_json(body.decode("utf-8-sig", "replace"))
    except ValueError as error:
        return "recursion limit" in str(error)
    return False
