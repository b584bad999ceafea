"""HTTP to others: pooled sessions, a deadline for every call, answers of bounded size, errors without secrets.

Nothing here retries: only the job layer does (a retry inside a client sends a create twice when an answer is lost).

send() ─▶ a session made by new_session() ─▶ adapter.Adapter     one call: sizes, User-Agent
a library's session, prepared by guard() ──▶        │
                                             deadline.Call       ends it in time, whatever it is doing
                                             failures.NoAnswer   what went wrong, without addresses
                                             waits               `Retry-After` and its relatives
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

from bridge.http.adapter import (
    CONNECT_SECONDS,
    MAX_ANSWER_BYTES,
    READ_SECONDS,
    TOTAL_SECONDS,
    USER_AGENT,
    Adapter,
    Timeouts,
    without_halves,
)
from bridge.http.failures import Forbidden, NoAnswer, TooLarge, no_answer_of
from bridge.http.waits import parse_retry_after, wait_of

__all__ = [
    "CONNECT_SECONDS",
    "MAX_ANSWER_BYTES",
    "READ_SECONDS",
    "SMALL_ANSWER_BYTES",
    "TOTAL_SECONDS",
    "USER_AGENT",
    "Answer",
    "Forbidden",
    "NoAnswer",
    "TooLarge",
    "answer_of",
    "guard",
    "new_session",
    "not_sent",
    "parse_retry_after",
    "send",
    "without_halves",
]


SMALL_ANSWER_BYTES = 2 * 1024 * 1024
"""For systems whose longest answer is a translation, a message, or a list of languages or models."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    body: bytes
    request: str = field(default="", repr=False)
    """The address, headers and body of the request: what an error must not repeat."""

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
        """Seconds that the other side asks us to wait; see waits.wait_of."""
        return wait_of(self.headers, self.status, time.time())


def new_session(
    pool: int = 16, answer_bytes: int = MAX_ANSWER_BYTES, allowed: Callable[[str], bool] | None = None
) -> requests.Session:
    """A session that keeps up to `pool` connections open per host and reads answers of up to `answer_bytes`.

    `allowed`: which addresses it may connect to, such as bridge.networks.is_public; any other ends in Forbidden, and so
    does a proxy, because that connects in our place. For addresses that somebody else than the operator may choose, and
    for hosts that may be anywhere.
    """
    session = requests.Session()
    session.auth = _as_it_is
    guard(session, pool, answer_bytes, allowed)
    return session


def guard(
    session: requests.Session,
    pool: int,
    answer_bytes: int = MAX_ANSWER_BYTES,
    allowed: Callable[[str], bool] | None = None,
) -> None:
    """Makes a session, also one that a library has made, send through our adapter, and keep no cookies: those of
    another system are no business of ours, and would be sent back to it."""
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, Adapter(pool, answer_bytes, allowed))


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
    total_seconds: float | None = None,
) -> Answer:
    """One request, one answer; redirects are not followed. `session` is one of new_session(). `read_seconds`: for each
    wait for the other side; `total_seconds`: for the whole call (TOTAL_SECONDS).

    Raises NoAnswer, whose text names neither address nor headers: both may hold secrets.
    """
    try:
        response = session.request(
            method,
            url,
            headers=headers,
            params=params,
            json=json_body,
            data=data,
            timeout=Timeouts(read_seconds, total_seconds),
            allow_redirects=False,
        )
    except (requests.RequestException, ValueError) as error:  # before it reached the adapter
        raise not_sent(error) from None
    return answer_of(response)


def answer_of(response: requests.Response) -> Answer:
    """The answer that a library's session got."""
    request = response.request
    body = request.body or ""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    sent = "\n".join([str(request.url), *(f"{name}: {value!s}" for name, value in request.headers.items()), text])
    return Answer(response.status_code, response.headers, response.content, sent)


def not_sent(error: Exception) -> NoAnswer:
    """What `requests` raises before the adapter has the request: an address or a header that can't be sent."""
    return no_answer_of(error, sent=False, connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS)
