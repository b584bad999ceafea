"""How long another system asks us to wait, from its headers. Pure.

Headers are other systems' text: everything is parsed tolerantly, and the result lies between 0 and LONGEST_WAIT.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 86_400.0
"""Seconds. More is cut to this; the schedule (jobs/delivery/schedule.py) may wait less."""
LONGEST_VALUE = 200
"""Characters of a header's value that are looked at."""
_SECONDS = re.compile(r"([+-]?\d{1,300}(?:\.\d{0,20})?)\s*(?:s|secs?|seconds?)?", re.IGNORECASE | re.ASCII)
# Two headers of one name arrive joined by a comma, and the dates of RFC 9110 hold one comma of their own.
_VALUES = re.compile(r"[A-Za-z]{3,9}\s*,[^,]+|[^,]+")
_EPOCH = 1e9
"""A reset time above this is seconds since 1970 (2001 and later), below it is seconds from now."""


def wait_of(headers: Mapping[str, str], status: int, now: float) -> float | None:
    """Seconds to wait: from `Retry-After`, or, for a 429 without it, from `RateLimit-Reset` or `X-RateLimit-Reset`.

    `now`: seconds since 1970; the answer's own `Date` is preferred, because clocks differ.
    """
    now = _moment(str(headers.get("Date", ""))[:LONGEST_VALUE]) or now
    wait = parse_retry_after(headers.get("Retry-After"), now)
    if wait is None and status == 429:
        resets = [_reset(headers.get(name), now) for name in ("RateLimit-Reset", "X-RateLimit-Reset")]
        wait = next((reset for reset in resets if reset is not None), None)
    return wait


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds from `now` (seconds since 1970), never negative, at most LONGEST_WAIT; of several values the longest.

    None when the header is absent or not understood. https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
    """
    waits = [_wait(part.strip(), now) for part in _VALUES.findall((value or "")[:LONGEST_VALUE])]
    known = [wait for wait in waits if wait is not None]
    return max(known) if known else None


def _wait(text: str, now: float) -> float | None:
    seconds = _number(text)
    if seconds is None:
        moment = _moment(text)
        seconds = None if moment is None else moment - now
    return None if seconds is None else _bounded(seconds)


def _reset(value: str | None, now: float) -> float | None:
    text = (value or "")[:LONGEST_VALUE].strip()
    seconds = _number(text)
    if seconds is not None and seconds > _EPOCH:
        return _bounded(seconds - now)
    return _wait(text, now)


def _number(text: str) -> float | None:
    found = _SECONDS.fullmatch(text)
    return float(found[1]) if found else None


def _moment(text: str) -> float | None:
    """Seconds since 1970 of a date in a form of RFC 9110 (IMF-fixdate, RFC 850, asctime) or ISO 8601; without a zone
    it is UTC."""
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        with suppress(ValueError, TypeError, IndexError, OverflowError):
            moment = parse(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST_WAIT)
