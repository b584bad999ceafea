"""What is deleted after its time, and what stays."""

from __future__ import annotations

import pytest
from redis import Redis

from tests.jobs.steps import fields, key_of, members, now_ms
from tests.jobs.world import Recorder, World, feedback_event

DAY = 86_400_000


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder(), "two": Recorder()})


def finished(world: World, count: int, state: str = "done", days: float = 31) -> list[str]:
    """Deliveries that were finished so long ago, each of an event of its own: only what is read of them."""
    then = now_ms(world) - days * DAY
    for number in range(count):
        world.redis.hset(
            key_of(world, f"event:{state}{number}"), mapping={"left": 1, "state": "accepted", "entity": "e"}
        )
        world.redis.hset(key_of(world, f"delivery:{state}{number}.one"), mapping={"v": 1, "state": state})
        world.redis.zadd(key_of(world, f"state:{state}"), {f"{state}{number}.one": then})
        for index in ("events", "entity:e"):
            world.redis.zadd(key_of(world, index), {f"{state}{number}": then})
    return [f"{state}{number}" for number in range(count)]


@pytest.mark.parametrize("state", ["done", "skipped", "dead"])
def test_a_part_of_a_hundred_deliveries_of_each_state_is_deleted_at_once(world: World, state: str) -> None:
    finished(world, 101, state)
    assert world.ledger.forget(30) == 100
    assert (
        len(members(world, f"state:{state}")) == len(members(world, "events")) == len(members(world, "entity:e")) == 1
    )
    assert world.ledger.forget(30) == 1
    for pattern in ("event:*", "delivery:*", "state:*", "events", "entity:*"):
        assert list(world.redis.scan_iter(key_of(world, pattern))) == [], pattern


def test_what_was_finished_within_retention_stays(world: World) -> None:
    finished(world, 2, days=29.9)
    assert world.ledger.forget(30) == 0
    assert len(members(world, "state:done")) == 2


def test_an_event_stays_until_its_last_delivery_is_deleted(world: World) -> None:
    event = world.accept(feedback_event()).event_id
    world.run()
    old = now_ms(world) - 31 * DAY
    for connector, stays in (("one", True), ("two", False)):
        world.redis.zadd(key_of(world, "state:done"), {f"{event}.{connector}": old})
        assert world.ledger.forget(30) == 1
        assert bool(world.redis.exists(key_of(world, f"event:{event}"))) == stays
        assert (event in members(world, "events")) == stays


@pytest.mark.parametrize("state", ["ignored", "unreadable"])
def test_a_part_of_a_hundred_events_without_deliveries_is_deleted_at_once(world: World, state: str) -> None:
    old = now_ms(world) - 31 * DAY
    for number in range(101):
        entity = "" if number % 2 else "e"
        world.redis.hset(key_of(world, f"event:e{number}"), mapping={"state": state, "entity": entity})
        for index in (f"events:{state}", "events"):
            world.redis.zadd(key_of(world, index), {f"e{number}": old + number})
        world.redis.zadd(key_of(world, f"entity:{entity}"), {f"e{number}": old})
    assert world.ledger.forget(30) == 100
    assert members(world, f"events:{state}") == members(world, "events") == members(world, "entity:e") == ["e100"]
    assert len(members(world, "entity:")) == 50, "an event without an entity is in no index of one"
    assert world.ledger.forget(30) == 1


def test_a_delivery_whose_event_was_lost_is_deleted_too(world: World) -> None:
    finished(world, 1)
    world.redis.delete(key_of(world, "event:done0"))
    assert world.ledger.forget(30) == 1
    assert members(world, "state:done") == []
    assert not world.redis.exists(key_of(world, "event:done0"))


@pytest.mark.parametrize("state", ["ignored", "unreadable"])
def test_an_event_without_deliveries_stays_within_retention(world: World, state: str) -> None:
    world.redis.zadd(key_of(world, f"events:{state}"), {"young": now_ms(world) - 29 * DAY})
    assert world.ledger.forget(30) == 0
    assert members(world, f"events:{state}") == ["young"]


def test_a_part_of_a_hundred_statuses_is_deleted_at_once(world: World) -> None:
    now = now_ms(world)
    for number in range(102):
        world.redis.zadd(key_of(world, "levels:known"), {f"{number}": now - (31 if number < 101 else 29) * DAY})
        world.redis.hset(key_of(world, "levels"), mapping={f"{number}": "1|1|NEW", f"{number}|created": "c"})
    assert world.ledger.forget(30) == 100
    assert len(fields(world, "levels")) == 4
    assert world.ledger.forget(30) == 1
    assert fields(world, "levels") == {"101": "1|1|NEW", "101|created": "c"}
    assert members(world, "levels:known") == ["101"]


def test_the_ledger_remembers_for_the_time_of_retention(world: World) -> None:
    world.ledger.forget(30)
    assert int(world.redis.get(key_of(world, "remembers"))) == pytest.approx(now_ms(world) - 30 * DAY, abs=5000)
