"""Single steps on the ledger, for tests that look at what one script changes."""

from __future__ import annotations

from typing import Any

from jobs.ledger.values import Lease
from tests.jobs.world import World, feedback_event


def queued(world: World) -> str:
    """A new delivery of the connector `one`."""
    return f"{world.accept(feedback_event()).event_id}.one"


def leased(world: World, id_: str = "") -> Lease:
    lease = world.ledger.lease(id_ or queued(world), "me", early=True)
    assert isinstance(lease, Lease)
    return lease


def key_of(world: World, name: str) -> str:
    return f"{world.ledger.prefix}{name}"


def fields(world: World, name: str) -> dict[str, str]:
    """A hash of the ledger, as texts."""
    return {key.decode(): value.decode() for key, value in world.redis.hgetall(key_of(world, name)).items()}


def members(world: World, name: str) -> list[str]:
    """A sorted set of the ledger, lowest score first."""
    return [member.decode() for member in world.redis.zrange(key_of(world, name), 0, -1)]


def due(world: World, id_: str) -> float:
    """When a delivery is looked at again, in milliseconds; -1 when it is not."""
    score: Any = world.redis.zscore(key_of(world, "due"), id_)
    return -1.0 if score is None else float(score)


def due_now(world: World) -> int:
    """How many are due within a second."""
    return int(world.redis.zcount(key_of(world, "due"), "-inf", now_ms(world) + 1000))


def now_ms(world: World) -> float:
    return float(world.now())


def waiting(world: World, destination: str, state: str, count: int, **other: Any) -> list[str]:
    """Deliveries that wait for a destination (`retrying`) or died because of it: only what recovery reads of them."""
    ids = [f"{number:04}.one" for number in range(count)]
    with world.redis.pipeline(transaction=False) as pipeline:
        for id_ in ids:
            entry = {"v": 1, "state": state, "waits": destination, "entity": f"e:{id_}", "order": 1, **other}
            pipeline.hset(key_of(world, f"delivery:{id_}"), mapping=entry)
            pipeline.zadd(key_of(world, f"{'dead' if state == 'dead' else 'waits'}:{destination}"), {id_: 1})
            pipeline.zadd(key_of(world, f"state:{state}"), {id_: 1})
            pipeline.sadd(key_of(world, "waiting"), destination)
        pipeline.execute()
    return ids
