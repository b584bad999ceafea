"""Positions that reconcile leaves out, because they do not exist at the source, or our API key has no access.

Each is reported once, and then tried once a day without a report. It is compared again when that works, or when its API
key was changed.
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
"""After this time the position is removed completely."""
REFUSALS_BEFORE = 12
"""The positions of a group are left out after this many runs in a row in which its credential was refused and no other
group answered. If no group answers, probably the credential is wrong and the group still exists."""


@dataclass(frozen=True, slots=True)
class Entry:
    since: float
    tried: float
    key: str
    """The fingerprint of the API key that was refused."""
    why: str

    def rests(self, now: float) -> bool:
        """Whether the position is left out of this run."""
        return self.tried <= now < self.tried + TRY_AGAIN_SECONDS

    def is_over(self, now: float) -> bool:
        """Whether this entry can be removed, too."""
        return now > self.since + KEPT_SECONDS


class Forgotten:
    """`fingerprint`: the fingerprint of a position's credential; another credential has another one."""

    def __init__(self, redis: Redis, instance: str, fingerprint: Callable[[Position], str]) -> None:
        self._redis: Any = redis
        self._key = f"fb:{instance}:forgotten"
        self._counts = f"fb:{instance}:refusals"
        self._fingerprint = fingerprint

    def entries(self) -> dict[Position, Entry]:
        """All entries whose API key is unchanged. The others are removed, so their positions are compared again."""
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
        """Counts a refused run; returns how many runs in a row were refused, including this one."""
        return int(self._redis.hincrby(self._counts, str(position), 1))

    def remove(self, position: Position) -> None:
        with self._redis.pipeline() as pipeline:
            pipeline.hdel(self._key, str(position))
            pipeline.hdel(self._counts, str(position))
            pipeline.execute()
