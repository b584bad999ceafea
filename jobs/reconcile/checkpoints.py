"""What reconcile compares: positions and how far each is done, and the last known level of every subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from jobs.ledger.ledger import level_times, read_level
from sources.base import Level, Subject
from sources.sweep import Position

OVERLAP = 600.0
"""Seconds by which each run looks back behind the last one: the source's clock and ours may differ, what was being
written appears later with an earlier time, and what was too young then has settled since."""
LAST_SECONDS = 604_800
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
"""No entity that is compared is older."""


class Checkpoints:
    """`configured`: positions that the operator names; those seen in events are known besides."""

    def __init__(self, redis: Redis, instance: str, configured: Iterable[Position], lookback: float) -> None:
        self._redis: Any = redis
        self._prefix = f"fb:{instance}:"
        self._configured = set(configured)
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

    def see_source(self, source: str, state: str) -> None:
        """Notes in which state a source was seen, for `/readyz` (see `settle.lua`); "" notes nothing. Without this an
        outage would show only when something is delivered."""
        if state:
            with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(f"{self._prefix}last", source, f"{int(self.now() * 1000)}|{state}")
                pipeline.expire(f"{self._prefix}last", LAST_SECONDS)
                pipeline.execute()

    def count(self, found: Mapping[str, int], errors: int) -> None:
        """Adds to the counters behind `/metrics`: what a run found, by name of the event, and what it could not
        compare."""
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
        """Those seen in events. When Redis was wiped, a process that runs on puts back what it knew."""
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
        """From when on to look: from `since`, else from the checkpoint, else as far as a first run looks back."""
        done = self.checkpoint(position)
        start = (done if done is not None else end - self._lookback) - OVERLAP
        return max(EARLIEST, min(start if since is None else since, end))

    def checkpoint(self, position: Position) -> float | None:
        """Up to when the position was compared; never later than Redis's now."""
        noted = self._redis.hget(f"{self._prefix}checkpoints", str(position))
        return None if noted is None else min(float(noted), self.now())

    def advance(self, position: Position, end: float) -> None:
        self._redis.hset(f"{self._prefix}checkpoints", str(position), end)

    def drop(self, position: Position) -> None:
        """Removes all that is known of a position. An event that names it makes it known again."""
        self._seen.discard(str(position).encode())
        with self._redis.pipeline() as pipeline:
            pipeline.srem(f"{self._prefix}positions", str(position))
            pipeline.hdel(f"{self._prefix}checkpoints", str(position))
            pipeline.hdel(f"{self._prefix}names", str(position))
            pipeline.execute()

    def name(self, position: Position) -> str:
        """Its name, as in the latest event; "" when none was."""
        return (self._redis.hget(f"{self._prefix}names", str(position)) or b"").decode()

    def level(self, subject: Subject, creation: str) -> Level | None:
        """The last known level of the subject; None when none is. That of an earlier one with the same id is none."""
        return read_level(self._redis, self._prefix, str(subject), creation)

    def note_level(self, subject: Subject, creation: str, level: Level) -> None:
        at, precision = level_times(level)
        values = {str(subject): f"{at}|{precision}|{level.value}", f"{subject}|created": creation}
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(f"{self._prefix}levels", mapping=values)
            # By this index `forget.lua` finds those about which no event arrived for RETENTION_DAYS.
            pipeline.zadd(f"{self._prefix}levels:known", {str(subject): int(self.now() * 1000)})
            pipeline.execute()
