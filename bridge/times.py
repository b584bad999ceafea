"""Times as people write and read them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0}


def instant(text: str, now: float) -> float:
    """Seconds since 1970 from `2026-11-01T00:00Z`, or from an age such as `36h`, `7d`, `90m`.

    Raises ValueError with a sentence.
    """
    if text[-1:] in UNITS and text[:-1].isdecimal() and text.isascii() and len(text) < 10:
        return now - int(text[:-1]) * UNITS[text[-1]]
    try:
        given = datetime.fromisoformat(text)
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' is neither a time such as 2026-11-01T00:00Z nor an age such as 36h or 7d") from None


def iso(milliseconds: float) -> str:
    """`2026-11-01T00:00:00.000Z` from milliseconds since 1970."""
    seconds, rest = divmod(int(milliseconds), 1000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(1024)
def _second(seconds: int) -> str:
    """Kept: a page of deliveries has three times for each row, most of them in the same seconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
