"""Stand-ins that answer wrongly: a real answer with one part replaced by something odd, or bytes that are no answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from werkzeug.test import run_wsgi_app

DEEP = 100_000
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    1.5,
    "",
    " ",
    "\ud83d",
    "<!channel> \u202e {code}",
    "x" * 70_000,
    [],
    [None, 5, {}],
    {},
    {"id": {"id": [1]}},
)
ODD_JSON = ("1e400", "-1e400", "NaN", "9" * 5_000, "[" * 900 + "]" * 900)
"""What json.dumps does not write: numbers without bounds, and deep nesting."""
ODD_BODIES = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"<html><title>Blocked by policy</title></html>",
    b"\xff\xfe\x00",
    b'{"items": [',
    b"[" * DEEP + b"]" * DEEP,
    b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    b'{"error": {"message": "no", "errors": 5}}',
    b'[{"error": {"code": 400}}]',
)
ODD_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Content-Type": "text/html"},
    {"Content-Encoding": "gzip"},
    {"Retry-After": "-1"},
    {"Retry-After": "1e400"},
    {"Retry-After": "Thu, 99 Foo 2026 00:00:00 GMT"},
    {"X-RateLimit-Reset": "soon", "X-RateLimit-Remaining": "none"},
    {"Set-Cookie": "a=b", "Location": "http://127.0.0.1:9/"},
)
STATUSES = (
    200,
    200,
    200,
    200,
    201,
    204,
    206,
    301,
    307,
    400,
    401,
    403,
    404,
    409,
    410,
    413,
    418,
    422,
    429,
    500,
    503,
    599,
)


@dataclass(frozen=True)
class Corruption:
    """What to do with the request number `at` (from 0) and, with `lasting`, with all after it.

    `node` chooses a part of the answer's JSON; `value` (JSON text) takes its place, or "" removes it. `body` replaces
    the whole answer instead. The status and the headers are those of the real answer where `status` is 0.
    """

    at: int = 0
    lasting: bool = False
    node: int = 0
    value: str = ""
    body: bytes | None = None
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def refuses(self) -> bool:
        """Whether the status means that nothing was done; then nothing is done."""
        return self.body is not None and (300 <= self.status < 500 or self.status == 503)

    def applies(self, number: int) -> bool:
        return number == self.at or (self.lasting and number > self.at)


def corruptions() -> st.SearchStrategy[Corruption]:
    values = st.sampled_from(["", *ODD_JSON, *(json.dumps(value) for value in ODD_VALUES)])
    where = {"at": st.integers(0, 5), "lasting": st.booleans()}
    headers = st.sampled_from([tuple(one.items()) for one in ODD_HEADERS])
    parts = st.builds(Corruption, **where, node=st.integers(0, 60), value=values)
    bodies = st.sampled_from(ODD_BODIES) | st.binary(max_size=200)
    wholes = st.builds(
        Corruption, **where, body=bodies, status=st.just(200) | st.sampled_from(STATUSES), headers=headers
    )
    return parts | wholes


class Corrupting:
    """WSGI middleware around the stand-ins. `corruption` is applied to the requests of `system`; None: to none."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.system = ""
        self.corruption: Corruption | None = None
        self.requests = 0

    def start(self, system: str, corruption: Corruption | None) -> None:
        self.system, self.corruption, self.requests = system, corruption, 0

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        corruption = self._corruption_of(str(environ.get("PATH_INFO", "")))
        if corruption is not None and corruption.refuses:
            start_response(f"{corruption.status} Odd", [("Content-Type", "application/json"), *corruption.headers])
            return [corruption.body or b""]
        chunks, status, headers = run_wsgi_app(self._application, environ, buffered=True)
        body = b"".join(chunks)
        if corruption is not None:
            return self._corrupted(corruption, body, status, headers, start_response)
        start_response(status, list(headers.items()))
        return [body]

    def _corruption_of(self, path: str) -> Corruption | None:
        if path.strip("/").split("/", 1)[0] != self.system or self.corruption is None:
            return None
        number, self.requests = self.requests, self.requests + 1
        return self.corruption if self.corruption.applies(number) else None

    @staticmethod
    def _corrupted(
        corruption: Corruption, body: bytes, status: str, headers: Any, start_response: Any
    ) -> Iterable[bytes]:
        kept = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        if corruption.body is None:
            start_response(status, list(kept.items()))
            return [replaced(body, corruption.node, corruption.value)]
        number = corruption.status or int(status.split()[0])
        start_response(f"{number} Odd", [("Content-Type", "application/json"), *corruption.headers])
        return [b"" if number in (204, 304) else corruption.body]


def replaced(body: bytes, node: int, value: str) -> bytes:
    """The JSON with its part number `node` (modulo their count, depth first) replaced by the JSON text `value`."""
    try:
        document = json.loads(body)
    except ValueError:
        return value.encode("utf-8", "surrogatepass")
    places = list(_places(document))
    if not places:
        return value.encode()
    holder, key = places[node % len(places)]
    token = "\x00odd\x00"
    if value:
        holder[key] = token
    else:
        del holder[key]
    return json.dumps(document).replace(json.dumps(token), value).encode("utf-8", "surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
