"""Reconcile's data in Redis: the positions with their checkpoints, and the last known level of every subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from jobs.ledger.ledger import level_times, read_level
from sources.base import Level, Subject
from sources.sweep import Position

OVERLAP = 600.0
"""Seconds before the end of the last run at which a run starts. The source's clock and ours may differ, an entity that
was being written appears later with an earlier time, and changes that were too young then are old enough now."""
LAST_SECONDS = 604_800
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
"""Older entities are not compared."""


class Checkpoints:
    """`configured`: positions that the operator names. Positions from events are also known."""

    def __init__(self, redis: Redis, instance: str, configured: Iterable[Position], lookback: float) -> None:
        self._redis: Any = redis
        self._prefix = f"fb:{instance}:"
        self._configured = set(configured)
        self._seen: set[bytes] = set()
        self._seen_since: bytes | None = None
        self._lookback = lookback
        self.instance = instance

    def now(self) -> float:
        """The present time by Redis's clock, which all workers share."""
        seconds, micros = self._redis.time()
        return float(seconds) + float(micros) / 1_000_000

    def born(self) -> float:
        """The time since which the ledger is complete, by Redis's clock: when it was created or wiped, or later, if
        finished deliveries have been deleted since (RETENTION_DAYS)."""
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

    def see_source(self, source: str, state: str) -> None:
        """Stores the state in which a source was seen, for `/readyz` (see `settle.lua`); "" stores nothing. Without
        this an outage would be visible only after a delivery."""
        if state:
            with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(f"{self._prefix}last", source, f"{int(self.now() * 1000)}|{state}")
                pipeline.expire(f"{self._prefix}last", LAST_SECONDS)
                pipeline.execute()

    def count(self, found: Mapping[str, int], errors: int) -> None:
        """Adds to the counters of `/metrics`: `found`, by event name, and `errors`, which could not be compared."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for name, by in found.items():
                pipeline.hincrby(f"{self._prefix}counts", f"found|{name}", by)
            if errors:
                pipeline.hincrby(f"{self._prefix}counts", "reconcile|errors", errors)
            pipeline.execute()

    def positions(self) -> set[Position]:
        """Every known position."""
        return self._configured | {Position.read(member.decode()) for member in self._members()}

    def _members(self) -> set[bytes]:
        """The positions from events. After Redis was wiped, a process that is still running stores again those that it
        knows."""
        key = f"{self._prefix}positions"
        born, members = self._redis.get(f"{self._prefix}born"), set(self._redis.smembers(key))
        was_wiped = born is None or born != self._seen_since
        if was_wiped and not self._seen <= members:
            self._redis.sadd(key, *self._seen)
            members |= self._seen
        self._seen, self._seen_since = members, born
        return members

    def is_configured(self, position: Position) -> bool:
        return position in self._configured

    def start(self, position: Position, since: float | None, end: float) -> float:
        """The start of a comparison: `since`, else the checkpoint, else RECONCILE_LOOKBACK ago; with an overlap."""
        done = self.checkpoint(position)
        start = (done if done is not None else end - self._lookback) - OVERLAP
        return max(EARLIEST, min(start if since is None else since, end))

    def checkpoint(self, position: Position) -> float | None:
        """The time up to which the position was compared; never later than Redis's present time."""
        noted = self._redis.hget(f"{self._prefix}checkpoints", str(position))
        return None if noted is None else min(float(noted), self.now())

    def advance(self, position: Position, end: float) -> None:
        self._redis.hset(f"{self._prefix}checkpoints", str(position), end)

    def drop(self, position: Position) -> None:
        """Removes all data of a position. An event that names the position makes it known again."""
        self._seen.discard(str(position).encode())
        with self._redis.pipeline() as pipeline:
            pipeline.srem(f"{self._prefix}positions", str(position))
            pipeline.hdel(f"{self._prefix}checkpoints", str(position))
            pipeline.hdel(f"{self._prefix}names", str(position))
            pipeline.execute()

    def name(self, position: Position) -> str:
        """The name of the position in the latest event; "" if there was none."""
        return (self._redis.hget(f"{self._prefix}names", str(position)) or b"").decode()

    def level(self, subject: Subject, creation: str) -> Level | None:
        """The last known level of the subject; None if unknown. The level of an earlier subject with the same id does
        not count."""
        return read_level(self._redis, self._prefix, str(subject), creation)

    def note_level(self, subject: Subject, creation: str, level: Level) -> None:
        at, precision = level_times(level)
        values = {str(subject): f"{at}|{precision}|{level.value}", f"{subject}|created": creation}
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(f"{self._prefix}levels", mapping=values)
            # By this index `forget.lua` finds the subjects without an event for RETENTION_DAYS.
            pipeline.zadd(f"{self._prefix}levels:known", {str(subject): int(self.now() * 1000)})
            pipeline.execute()
