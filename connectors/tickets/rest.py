"""REST for ticket systems: sends one request, and returns its JSON or raises an error. Never retries."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

from bridge.http import Answer, NoAnswer, TooLarge, new_session, send
from bridge.http.waits import wait_of
from connectors.answers import Messages, refused
from connectors.base import Failed, Retry
from connectors.tickets.base import Refused
from connectors.tickets.settings import TicketSettings

REDIRECTS = (301, 302, 307, 308)
LIMIT_SECONDS = 60.0
"""The wait after a rate limit that names no time."""
CODES = ("missing", "missing_field", "invalid", "already_exists", "unprocessable", "custom")
"""Codes of an error in a field. https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api"""
_LIMITED = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_LAST = re.compile(r'[?&]page=(\d{1,6})[^>]{0,300}>\s*;\s*rel="last"')

Explain: TypeAlias = Callable[[Answer], str]
"""A refusal -> what to do, and the part of its text that may be recorded (connectors/answers.py)."""


class Rest:
    """`title`: the system's name for people. Paths are appended to the address in the settings."""

    def __init__(
        self, title: str, settings: TicketSettings, headers: Mapping[str, str], pool: int, explain: Explain
    ) -> None:
        self._title = title
        self._base = settings.address
        self._headers = dict(headers)
        self._session = new_session(pool)
        self._explain = explain
        self._variable = settings.variable(settings.ADDRESS)

    def call(self, method: str, path: str, body: Any = None, params: Mapping[str, str] | None = None) -> Answer:
        """As `send`, but raises Refused for an error answer."""
        answer = self.send(method, path, body, params)
        if not answer.ok:
            raise self.refused(answer)
        return answer

    def refused(self, answer: Answer) -> Refused:
        return refusal(self._title, answer, self._explain(answer))

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Raises NoAnswer. Leaves out empty parameters. Follows one redirect of a GET within the same origin, so that
        credentials are not sent elsewhere. `headers`: additional ones."""
        url = f"{self._base}{path}"
        query = {name: value for name, value in (params or {}).items() if value}
        sent = {**self._headers, **(headers or {})}
        answer = send(self._session, method, url, headers=sent, params=query, json_body=body)
        if method == "GET" and answer.status in REDIRECTS:
            target = urljoin(url, answer.headers.get("Location", ""))
            if _origin(target) == _origin(url):
                more = {} if urlsplit(target).query else query
                answer = send(self._session, method, target, headers=sent, params=more)
        return answer

    def one(self, method: str, path: str, body: Any = None, **params: str) -> dict[str, Any]:
        with self.reading():
            found = self.call(method, path, body, params).json()
            if not isinstance(found, dict):
                raise TypeError("no object")
            return found

    def page(self, path: str, **params: str) -> tuple[list[Any], int]:
        """A page of a list, and the number of the last page (0 if the answer does not name it)."""
        with self.reading():
            answer = self.call("GET", path, None, params)
            found = answer.json()
            if not isinstance(found, list):
                raise TypeError("no list")
            last = _LAST.search(answer.headers.get("Link", "")[:4000])
            return found, int(last[1]) if last else 0

    def pages(self, path: str, size: int, pages: int, **params: str) -> Iterator[list[Any]]:
        """The first `pages` pages of a list, with `size` entries each; a page with fewer entries is the last one."""
        for page in range(1, pages + 1):
            found = self._page(path, size, page, params)
            yield found
            if len(found) < size:
                return

    def _page(self, path: str, size: int, page: int, params: Mapping[str, str]) -> list[Any]:
        """One page. If the answer is too large, it is read in smaller pages: one entry alone is never too large."""
        try:
            return self.page(path, **params, per_page=str(size), page=str(page))[0]
        except TooLarge:
            if size == 1:
                raise
        parts = next(number for number in range(2, size + 1) if size % number == 0)
        found: list[Any] = []
        for part in range((page - 1) * parts + 1, page * parts + 1):
            entries = self._page(path, size // parts, part, params)
            found += entries
            if len(entries) < size // parts:
                break
        return found

    def newest_first(self, path: str, size: int, pages: int, **params: str) -> Iterator[list[Any]]:
        """The last `pages` pages of a list that can only be sorted oldest first, each page reversed."""
        first, last = self.page(path, **params, per_page=str(size))
        for page in range(last, max(1, last - pages), -1):
            yield self.page(path, **params, per_page=str(size), page=str(page))[0][::-1]
        yield first[::-1]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Wraps code that reads an answer: if the answer has another form, raises NoAnswer."""
        try:
            yield
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
            what = f"the answer is not from {self._title} (a proxy's page? look at {self._variable})"
            raise NoAnswer("network", what, sent=True) from None


def text_of(value: Any) -> str:
    """A text of an answer; "" for null. Raises TypeError for anything else: an unchecked value would fail later, where
    the error no longer shows that the answer was wrong."""
    if not isinstance(value, str | None):
        raise TypeError("no text")
    return value or ""


def moment_of(seconds: float) -> str:
    """A time as these systems accept it in queries; "" if it is unknown (0)."""
    return "" if not seconds else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def messages_in(answer: Answer, known: Messages, fields: Collection[str]) -> list[str]:
    """The parts of an error object that may be recorded: messages of a known form, known fields, error codes.

    `{"message": "Validation Failed", "errors": [{"field": "title", "code": "missing_field", "message": …}]}`,
    `{"message": {"title": ["is too long"]}}`, `{"error": "title is missing"}`.
    """
    body = answer.json()
    if not isinstance(body, dict):
        return []
    message, errors = body.get("message"), body.get("errors")
    by_field = message.items() if isinstance(message, dict) else ()
    found = [known(message), known(body.get("error")), known(body.get("error_description"))]
    found += [f"{field} {known(texts)}".strip() for field, texts in by_field if field in fields]
    for error in errors[:5] if isinstance(errors, list) else []:
        if isinstance(error, dict):
            field = error["field"] if error.get("field") in fields else ""
            code = error["code"] if error.get("code") in CODES else ""
            found.append(" ".join(filter(None, [field, code, known(error.get("message"))])))
    return found


def refusal(title: str, answer: Answer, what: str) -> Refused:
    """The error for an error answer. `what`: advice, and the part of the answer's text that may be recorded."""
    if is_rate_limit(answer):
        wait = wait_of(answer.headers, 429, time.time())
        why = f"{title} answered {answer.status}: too many requests"
        return Refused(Retry(why, "rate_limited", LIMIT_SECONDS if wait is None else wait))
    if answer.status in REDIRECTS:
        return Refused(Failed(f"{title} answers with a redirect ({answer.status}): {what}", "config"))
    outcome = refused(title, answer.status, what, answer.retry_after)
    # A 408 or 5xx may be from a proxy between the bridge and the ticket system.
    maybe_done = answer.status == 408 or answer.status >= 500
    return Refused(outcome, gone=answer.status in (404, 410), maybe_done=maybe_done, status=answer.status)


def is_rate_limit(answer: Answer) -> bool:
    """Whether the answer is a rate limit: some systems answer 403 instead of 429."""
    if answer.status != 403:
        return answer.status == 429
    used_up = answer.headers.get("X-RateLimit-Remaining", "").strip() == "0"
    return used_up or "Retry-After" in answer.headers or _LIMITED.search(answer.text[:2000]) is not None


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
