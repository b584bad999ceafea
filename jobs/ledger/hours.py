"""What happened in each hour, for the console's chart: counted by the scripts that run anyway (lua/hours.lua)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from bridge.times import iso
from jobs.ledger.policy import POLICY

HOUR = 3600
MOST = POLICY["HOURS_KEPT_S"] // HOUR


class Hour(TypedDict):
    """`hour`: its start in ISO 8601; `events`: how many came from each source; `outcomes`: of each connector, how many
    attempts ended `done`, `skipped`, `retrying` or `dead`."""

    hour: str
    events: dict[str, int]
    outcomes: dict[str, dict[str, int]]


def hours(redis: Any, prefix: str, since: float, now: float) -> list[Hour]:
    """Every hour from that of `since` to that of `now` (seconds since 1970), oldest first, the last 8 days at most.
    Raises RedisError."""
    last = int(now // HOUR)
    first = max(int(since // HOUR), last - MOST)
    numbers = range(first, last + 1)
    with redis.pipeline(transaction=False) as pipeline:
        for number in numbers:
            pipeline.hgetall(f"{prefix}hours:{number}")
        stored = pipeline.execute()
    return [_hour(number, fields) for number, fields in zip(numbers, stored, strict=True)]


def _hour(number: int, stored: Mapping[bytes, bytes]) -> Hour:
    events: dict[str, int] = {}
    outcomes: dict[str, dict[str, int]] = {}
    for field, count in stored.items():
        kind, name, *outcome = field.decode().split("|")
        if kind == "event":
            events[name] = int(count)
        elif kind == "outcome":
            outcomes.setdefault(name, {})[outcome[0]] = int(count)
    return {"hour": iso(number * HOUR * 1000), "events": events, "outcomes": outcomes}
