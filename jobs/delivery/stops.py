"""Connector instances that have stopped: a third party answered that it accepts nothing more (the reason `gone`).

Their deliveries wait, without a time limit, until a person starts the instance again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis import Redis


@dataclass(frozen=True, slots=True)
class Stop:
    """`since`: seconds since 1970, by Redis's clock; `why`: for people, without secrets."""

    since: float
    why: str


class Stops:
    """The hash `stopped`. Methods raise RedisError."""

    def __init__(self, redis: Redis, instance: str) -> None:
        self._redis: Any = redis  # redis-py types each answer as the union of all its modes
        self._key = f"fb:{instance}:stopped"

    def stop(self, name: str, stop: Stop) -> bool:
        """Stops an instance; returns whether it was running before."""
        value = f"{round(stop.since * 1000)}|{stop.why}".encode("utf-8", "replace")
        return bool(self._redis.hsetnx(self._key, name, value))

    def all(self) -> Mapping[str, Stop]:
        """All stopped instances, by name."""
        return {name.decode(): read(value) for name, value in self._redis.hgetall(self._key).items()}

    def resume(self, name: str) -> bool:
        """Starts an instance again; returns whether it had stopped."""
        return bool(self._redis.hdel(self._key, name))


def read(value: bytes) -> Stop:
    """Reads a value of the hash; jobs/ledger/lua/admit.lua returns such values, too."""
    since, _, why = value.decode("utf-8", "replace").partition("|")
    return Stop(int(since) / 1000, why)
