"""How far reconcile has come in each place, and what it compares with: the statuses that we last heard of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from sources.event import Issue

OVERLAP = 600.0
"""Seconds by which each run looks back behind the last: the source's clock and ours may differ, and what was being
written when we looked appears behind the mark."""
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Place:
    """A channel of a project, or, without one, the project's issues."""

    project: int
    channel: int | None = None

    def __str__(self) -> str:
        return f"project {self.project}, " + (f"channel {self.channel}" if self.channel else "issues")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, in seconds since 1970."""

    start: float
    end: float

    @property
    def gte(self) -> str:
        return _utc(self.start)

    @property
    def lt(self) -> str:
        return _utc(self.end)

    def days(self) -> Iterator[Window]:
        """In parts of a day at most: a channel may refuse longer ones (its feedbackSearchMaxDays)."""
        start = self.start
        while start < self.end:
            yield Window(start, min(start + DAY, self.end))
            start += DAY


@dataclass(frozen=True, slots=True)
class Heard:
    """A status, and since when the issue has it, in whole seconds since 1970."""

    status: str
    at: float


class Marks:
    """`configured`: places that the operator names; those seen in events are known."""

    def __init__(self, redis: Redis, instance: str, configured: Iterable[Place], lookback: float) -> None:
        self._redis: Any = redis
        self._prefix = f"fb:{instance}:"
        self._configured = tuple(configured)
        self._seen: set[Place] = set()
        self._lookback = lookback
        self.instance = instance

    def now(self) -> float:
        """By Redis's clock, which all workers share."""
        seconds, micros = self._redis.time()
        return float(seconds) + float(micros) / 1_000_000

    def born(self) -> float:
        """Since when the ledger remembers, by Redis's clock: a wiped one begins anew. The clock's tick notes it."""
        noted = self._redis.get(f"{self._prefix}born")
        return float(noted) / 1000 if noted else self.now()

    def my_turn(self, every: float) -> bool:
        """True for one worker in every `every` seconds."""
        return bool(self._redis.set(f"{self._prefix}reconcile", "1", nx=True, px=int(every * 1000)))

    def places(self) -> list[Place]:
        """Every known place, each project's issues included."""
        found = {*self._configured, *self._seen}
        for member in self._redis.smembers(f"{self._prefix}places"):
            project, _, channel = member.decode().partition(":")
            found.add(Place(int(project), int(channel) if channel else None))
        self._seen |= found  # a wiped Redis must not make a running process forget where to look
        found |= {Place(place.project) for place in found}
        return sorted(found, key=lambda place: (place.project, place.channel or 0))

    def window(self, place: Place, since: float | None, end: float) -> Window:
        """What to look at: from `since`, else from the place's mark, else as far as a first run looks back."""
        mark = self._redis.hget(f"{self._prefix}marks", _name(place))
        start = (float(mark) if mark else end - self._lookback) - OVERLAP
        return Window(start if since is None else min(since, end), end)

    def advance(self, place: Place, end: float) -> None:
        self._redis.hset(f"{self._prefix}marks", _name(place), end)

    def drop(self, place: Place) -> None:
        """Forgets a place that the source no longer has; a configured one stays, and is told about at each run."""
        self._seen.discard(place)
        if place.channel:
            self._redis.srem(f"{self._prefix}places", _name(place))

    def status(self, project: int, issue: Issue) -> Heard | None:
        """The last known status of the issue; None when none is. That of an earlier issue with the same id is none."""
        key = f"{self._prefix}status:{project}"
        stored, created = self._redis.hmget(key, issue.id, f"{issue.id}:created")
        if not stored or (created and issue.creation and created.decode() != issue.creation):
            return None
        at, _, status = stored.decode().partition("|")
        return Heard(status, float(at))

    def note_status(self, project: int, issue: Issue, at: float) -> None:
        values = {str(issue.id): f"{int(at)}|{issue.status}", f"{issue.id}:created": issue.creation}
        self._redis.hset(f"{self._prefix}status:{project}", mapping=values)


def _name(place: Place) -> str:
    return f"{place.project}:{place.channel or ''}"


def _utc(seconds: float) -> str:
    """With `Z`: an offset is not understood by every database behind ABC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
