"""Positions that reconcile leaves out, because the source does not have them, or not for our key.

Each is reported once, tried again once a day without a report, and compared again when that works or when its API key
was changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis import Redis

from sources.sweep import Position

TRY_AGAIN_SECONDS = 86_400.0
KEPT_SECONDS = 30 * 86_400.0
"""After this it is as if the position had never been known."""
REFUSALS_BEFORE = 12
"""Runs in a row that the credential of a group may be refused, while no other group answers, before its positions
are left out: with one group only, the credential is more likely to be wrong than the group to be gone."""


@dataclass(frozen=True, slots=True)
class Entry:
    since: float
    tried: float
    key: str
    """The fingerprint of the API key that was refused."""
    why: str

    def rests(self, now: float) -> bool:
        """Whether the position is not to be compared this time."""
        return self.tried <= now < self.tried + TRY_AGAIN_SECONDS

    def is_over(self, now: float) -> bool:
        """Whether even the memory of the position can go."""
        return now > self.since + KEPT_SECONDS


class Forgotten:
    """`fingerprint`: of the credential for a position; it changes with that."""

    def __init__(self, redis: Redis, instance: str, fingerprint: Callable[[Position], str]) -> None:
        self._redis: Any = redis
        self._key = f"fb:{instance}:forgotten"
        self._counts = f"fb:{instance}:refusals"
        self._fingerprint = fingerprint

    def entries(self) -> dict[Position, Entry]:
        """Every one whose API key is still the same; the others are compared again."""
        found = {
            Position.read(name.decode()): Entry(**json.loads(value))
            for name, value in self._redis.hgetall(self._key).items()
        }
        changed = [position for position, entry in found.items() if entry.key != self._fingerprint(position)]
        for position in changed:
            self.remove(position)
            del found[position]
        return found

    def add(self, position: Position, why: str, now: float, known: Entry | None) -> None:
        entry = {
            "since": known.since if known else now,
            "tried": now,
            "key": self._fingerprint(position),
            "why": why[:300],
        }
        self._redis.hset(self._key, str(position), json.dumps(entry))
        self._redis.hdel(self._counts, str(position))

    def count_refusal(self, position: Position) -> int:
        """How many runs in a row were refused, this one included."""
        return int(self._redis.hincrby(self._counts, str(position), 1))

    def remove(self, position: Position) -> None:
        with self._redis.pipeline() as pipeline:
            pipeline.hdel(self._key, str(position))
            pipeline.hdel(self._counts, str(position))
            pipeline.execute()
