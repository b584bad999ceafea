"""HTTP to others: pooled sessions, deadlines on every call, answers of bounded size, errors without secrets.

Nothing here retries: only the job layer does (a retry inside a client sends a create twice when an answer is lost).
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import requests
from requests.adapters import HTTPAdapter

CONNECT_SECONDS = 3.05
READ_SECONDS = 15.0
TOTAL_SECONDS = 25.0  # inside the 30 s that a stopping process has
MAX_ANSWER_BYTES = 8 * 1024 * 1024
# From the left, so that neither an escaped backslash nor a whole pair is taken for the one in the group.
_HALF = re.compile(rb"\\\\|\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(\\u[dD][89a-fA-F]\w\w)")


class NoAnswer(Exception):
    """The other side gave no usable answer. `sent` tells whether the request may have arrived and been acted on."""

    def __init__(self, reason: Literal["timeout", "network"], what: str, *, sent: bool) -> None:
        self.reason: Literal["timeout", "network"] = reason
        self.sent = sent
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON, or None when it is none (an empty body, a proxy's HTML page)."""
        try:
            return json.loads(self.body.decode("utf-8-sig", "replace"))
        except ValueError:
            return None

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from `Retry-After` in either of its forms (RFC 9110 10.2.3)."""
        return parse_retry_after(self.headers.get("Retry-After"), time.time())


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds from `now` (seconds since 1970); None when absent or not understood."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError):
        return None


def new_session(pool: int = 16) -> requests.Session:
    """A session that keeps up to `pool` connections open per host, follows the proxy environment, retries nothing and
    trusts no netrc file."""
    session = requests.Session()
    session.auth = _as_it_is
    adapter = HTTPAdapter(pool_connections=8, pool_maxsize=pool, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credentials but those in the headers: where a session has no `auth`, requests puts an entry of ~/.netrc for
    the same host over our own Authorization."""
    return request


def send(
    session: requests.Session,
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    json_body: Any = None,
    data: Any = None,
    read_seconds: float = READ_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
) -> Answer:
    """One request, one answer; redirects are not followed.

    Raises NoAnswer, whose text names neither address nor headers: both may hold secrets.
    """
    started = time.monotonic()
    try:
        response = session.request(
            method,
            url,
            headers=headers,
            params=params,
            json=json_body,
            data=data,
            timeout=(CONNECT_SECONDS, read_seconds),
            allow_redirects=False,
            stream=True,
        )
        with response:
            body = read_whole(response, started + total_seconds)
    except requests.exceptions.RequestException as error:
        raise no_answer_of(error, read_seconds) from None
    return Answer(response.status_code, response.headers, body)


def no_answer_of(error: requests.exceptions.RequestException, read_seconds: float = READ_SECONDS) -> NoAnswer:
    """What an exception of `requests` means for the caller; also for libraries that are built on it."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NoAnswer("timeout", f"no connection within {CONNECT_SECONDS:g} s", sent=False)
    if isinstance(error, requests.exceptions.Timeout):
        return NoAnswer("timeout", f"no answer within {read_seconds:g} s", sent=True)
    refused = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
    what = "connection refused or host not found" if refused else f"connection broken ({type(error).__name__})"
    return NoAnswer("network", what, sent=not refused)


def read_whole(response: requests.Response, deadline: float) -> bytes:
    """The body of a response that was asked for with `stream=True`, without halves of characters; `deadline` by the
    monotonic clock.

    Raises NoAnswer where it is too large or comes too slowly, and what `requests` raises.
    """
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(65536):
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise NoAnswer("network", f"the answer is larger than {MAX_ANSWER_BYTES} bytes", sent=True)
        # A server that trickles would keep each single read within its limit for ever.
        if time.monotonic() > deadline:
            raise NoAnswer("timeout", "the answer took too long to arrive whole", sent=True)
        chunks.append(chunk)
    return without_halves(b"".join(chunks))


def without_halves(body: bytes) -> bytes:
    """JSON may hold half a character (`"\\ud83d"` alone), which Python reads, and which nothing can store or send on:
    it becomes U+FFFD."""
    return _HALF.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)
