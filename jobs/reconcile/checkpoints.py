"""What reconcile compares: positions and how far each is done, and the last known level of every subject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from jobs.delivery.flow import SOURCE
from jobs.ledger.ledger import level_times
from sources.abc.models import position_of
from sources.base import Level, Subject

OVERLAP = 600.0
"""Seconds by which each run looks back behind the last one: the source's clock and ours may differ, what was being
written appears later with an earlier time, and what was too young then has settled since."""
DAY = 86_400.0
LAST_SECONDS = 604_800
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
"""No installation of ABC User Feedback is older."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position: a channel of a project, or, without one, the project's issues."""

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
        """In parts of a day: a channel may refuse longer ones (its feedbackSearchMaxDays). The last one reaches beyond
        the end, so that a source whose clock is ahead is looked at whole."""
        start = self.start
        while start <= self.end:
            yield Window(start, start + DAY)
            start += DAY


class Marks:
    """`configured`: positions that the operator names; those seen in events are known besides."""

    def __init__(self, redis: Redis, instance: str, configured: Iterable[Place], lookback: float) -> None:
        self._redis: Any = redis
        self._prefix = f"fb:{instance}:"
        configured = set(configured)
        self._configured = configured | {Place(place.project) for place in configured}
        self._seen: set[bytes] = set()
        self._seen_since: bytes | None = None
        self._lookback = lookback
        self.instance = instance

    def now(self) -> float:
        """By Redis's clock, which all workers share."""
        seconds, micros = self._redis.time()
        return float(seconds) + float(micros) / 1_000_000

    def born(self) -> float:
        """Since when the ledger remembers, by Redis's clock: since it was created or wiped, but not for longer than
        RETENTION_DAYS. The clock notes both."""
        created, remembers = self._redis.mget(f"{self._prefix}born", f"{self._prefix}remembers")
        return max(float(created) / 1000 if created else self.now(), float(remembers or 0) / 1000)

    def my_turn(self, every: float) -> bool:
        """True for one worker in every `every` seconds."""
        key, milliseconds = f"{self._prefix}reconcile", int(every * 1000)
        if self._redis.set(key, "1", nx=True, px=milliseconds):
            return True
        if self._redis.pttl(key) > milliseconds:  # RECONCILE_EVERY was shortened, or Redis's clock stepped back
            self._redis.pexpire(key, milliseconds)
        return False

    def see_source(self, state: str) -> None:
        """Notes in which state ABC was seen, for `/readyz` (see `settle.lua`); "" notes nothing. Without this an
        outage would show only when something is delivered."""
        if state:
            with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(f"{self._prefix}last", SOURCE, f"{int(self.now() * 1000)}|{state}")
                pipeline.expire(f"{self._prefix}last", LAST_SECONDS)
                pipeline.execute()

    def places(self) -> list[Place]:
        """Every known position, each project's issues included."""
        learned = {place_of(member.decode()) for member in self._members()}
        found = self._configured | learned | {Place(place.project) for place in learned}
        return sorted(found, key=lambda place: (place.project, place.channel or 0))

    def _members(self) -> set[bytes]:
        """Those seen in events. When Redis was wiped, a process that runs on puts back what it knew."""
        key = f"{self._prefix}places"
        born, members = self._redis.get(f"{self._prefix}born"), set(self._redis.smembers(key))
        was_wiped = born is None or born != self._seen_since
        if was_wiped and not self._seen <= members:
            self._redis.sadd(key, *self._seen)
            members |= self._seen
        self._seen, self._seen_since = members, born
        return members

    def is_configured(self, place: Place) -> bool:
        return place in self._configured

    def window(self, place: Place, since: float | None, end: float) -> Window:
        """What to look at: from `since`, else from the checkpoint, else as far as a first run looks back."""
        done = self.checkpoint(place)
        start = (done if done is not None else end - self._lookback) - OVERLAP
        return Window(max(EARLIEST, min(start if since is None else since, end)), end)

    def checkpoint(self, place: Place) -> float | None:
        """Up to when the position was compared; never later than Redis's now."""
        noted = self._redis.hget(f"{self._prefix}marks", name_of(place))
        return None if noted is None else min(float(noted), self.now())

    def advance(self, place: Place, end: float) -> None:
        self._redis.hset(f"{self._prefix}marks", name_of(place), end)

    def drop(self, place: Place) -> None:
        """Removes all that is known of a position. An event that names it makes it known again."""
        self._seen.discard(name_of(place).encode())
        with self._redis.pipeline() as pipeline:
            pipeline.srem(f"{self._prefix}places", name_of(place))
            pipeline.hdel(f"{self._prefix}marks", name_of(place))
            pipeline.hdel(f"{self._prefix}names", name_of(place))
            pipeline.execute()

    def name(self, place: Place) -> str:
        """The name of the channel, or of the project, as last heard in an event; "" when none was."""
        return (self._redis.hget(f"{self._prefix}names", name_of(place)) or b"").decode()

    def level(self, subject: Subject, creation: str) -> Level | None:
        """The last known level of the subject; None when none is. That of an earlier one with the same id is none."""
        stored, created = self._redis.hmget(f"{self._prefix}levels", str(subject), f"{subject}|created")
        if not stored or (created and creation and created.decode() != creation):
            return None
        at, precision, value = stored.decode().split("|", 2)
        return Level(value, float(at) / 1000, float(precision) / 1000)

    def note_level(self, subject: Subject, creation: str, level: Level) -> None:
        at, precision = level_times(level)
        values = {str(subject): f"{at}|{precision}|{level.value}", f"{subject}|created": creation}
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(f"{self._prefix}levels", mapping=values)
            # By this index `forget.lua` finds those of which nothing was heard for RETENTION_DAYS.
            pipeline.zadd(f"{self._prefix}levels:heard", {str(subject): int(self.now() * 1000)})
            pipeline.execute()


def name_of(place: Place) -> str:
    """`abc:1:19` for a channel, `abc:1:` for the issues of a project: the member and field in Redis."""
    return f"abc:{position_of(place.project, place.channel)}"


def place_of(name: str) -> Place:
    """The opposite of `name_of`. Raises ValueError."""
    _, project, channel = name.split(":")
    return Place(int(project), int(channel) if channel else None)


def _utc(seconds: float) -> str:
    """With `Z`: an offset is not understood by every database behind ABC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
