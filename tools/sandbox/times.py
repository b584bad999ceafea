"""Times as the stand-ins write them."""

from __future__ import annotations

from datetime import UTC, datetime


def now(timespec: str = "milliseconds", zone: str = "Z") -> str:
    """`timespec`: as in datetime.isoformat; `zone`: how UTC is written."""
    return stamp(datetime.now(UTC), timespec, zone)


def stamp(moment: datetime, timespec: str = "milliseconds", zone: str = "Z") -> str:
    return moment.isoformat(timespec=timespec).replace("+00:00", zone)
