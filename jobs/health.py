"""Whether the service can do its work: what `/readyz`, `/metrics` and `flask check` ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from jobs.delivery.stops import Stops
from jobs.ledger.records import Records
from jobs.probe import Probe, ProbeFailed, sentence
from jobs.routing import Route

LOOK_EVERY = 1.0
"""Seconds for which an answer is given again: callers of `/readyz` must not decide how much Redis has to do."""
STATES = ("stopped", "refused", "down", "ok", "unknown")
"""Of a source or a destination, the worst first. `stopped`: the connector instance has stopped; `refused`: it refuses
our credentials; `unknown`: no attempt yet."""
WHAT_TO_DO = {
    "stopped": "has stopped, because it wants no more requests (410): `flask resume` starts it again",
    "refused": "refuses our credentials: `flask check` names the variable",
    "down": "is not available, or its quota is used up; its deliveries wait and are tried again",
}


@dataclass(frozen=True, slots=True)
class Readiness:
    """`unavailable`: why no webhook can be stored or nothing acts on them; `degraded`: what else does not work. Both in
    sentences; the states by name."""

    unavailable: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    workers: int | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    connectors: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return "unavailable" if self.unavailable else "degraded" if self.degraded else "ok"


class Health:
    """One per process, used by many threads. `routes`: those of the connectors that are on; `sources`: those
    whose API is configured."""

    def __init__(self, redis: Redis, instance: str, routes: Iterable[Route], sources: Iterable[str]) -> None:
        self._redis = redis
        self._records = Records(redis, instance)
        self._probe = Probe(redis, instance)
        self._stops = Stops(redis, instance)
        self.routes = tuple(routes)
        self.connectors = tuple(route.connector for route in self.routes)
        self._sources = tuple(sources)
        self._lock = threading.Lock()
        self._looked, self._last = float("-inf"), Readiness()

    def numbers(self) -> dict[str, Any]:
        """See Records.health; and `stopped`, the names of the connector instances that have. Raises RedisError."""
        return {**self._records.health(), "stopped": [*self._stops.all()]}

    def readiness(self) -> Readiness:
        """The state of now, or of a second ago."""
        with self._lock:
            if time.monotonic() - self._looked > LOOK_EVERY:
                self._last = self._look()
                self._looked = time.monotonic()
            return self._last

    def _look(self) -> Readiness:
        unknown = [dict.fromkeys(names, "unknown") for names in (self._sources, self.connectors)]
        try:
            self._probe.reach()
            numbers = self.numbers()
            policy = eviction(info_of(self._redis, "memory") or {})
        except (RedisError, ProbeFailed) as error:
            return Readiness((sentence(error),), sources=unknown[0], connectors=unknown[1])
        alive: int = numbers["workers"]
        unavailable = () if alive else ("no worker is alive: start the Procfile's `worker`",)
        states = {name: state_of(name, numbers) for name in (*self._sources, *self.connectors)}
        degraded = [f"{name} {WHAT_TO_DO[state]}" for name, state in states.items() if state in WHAT_TO_DO]
        if numbers["suspended"]:
            degraded.append("the workers are suspended (`rq suspend`): deliveries wait until `rq resume`")
        if numbers["hung"]:
            degraded.append(f"{numbers['hung']} slots of the workers hang: the log names the deliveries (`hangs`)")
        degraded += [policy] if policy else []
        return Readiness(
            unavailable,
            tuple(degraded),
            alive,
            {name: states[name] for name in self._sources},
            {name: states[name] for name in self.connectors},
        )


def state_of(name: str, numbers: Mapping[str, Any]) -> str:
    """The worst state of a source's or a connector's destinations, which are called `<name>` or `<name> …`. Pure."""

    def is_its(destination: str) -> bool:
        return destination == name or destination.startswith(f"{name} ")

    found = {state for destination, state in numbers["last"].items() if is_its(destination)}
    found |= {"stopped"} if name in numbers["stopped"] else set()
    found |= {"down" for destination in numbers["breakers"] if is_its(destination)}
    return next((state for state in STATES if state in found), "unknown")


def eviction(memory: Mapping[str, Any]) -> str:
    """What in Redis's settings would lose events, or "". `memory`: that part of its INFO. Pure."""
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return ""
    return f"Redis may delete events: its maxmemory-policy is {policy}, but must be noeviction"


def info_of(redis: Redis, section: str) -> Mapping[str, Any] | None:
    """A part of Redis's INFO; None where an ACL does not allow to ask, which hinders nothing. Raises RedisError."""
    try:
        return redis.info(section)
    except ResponseError:
        return None


def most_clients(redis: Redis) -> int | None:
    """How many connections Redis takes; None where that can't be seen. Raises RedisError."""
    found = (info_of(redis, "clients") or {}).get("maxclients")
    if found is None:
        try:
            found = redis.config_get("maxclients").get("maxclients")
        except ResponseError:
            return None
    return int(found) if found else None
