"""Notes that grow item by item, and requests that an attempt makes beyond its first."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from connectors.base import Context, Destination, Done, Failed, LeaseLost, Outcome, Retry
from jobs.ledger.values import Lease
from jobs.replay import Replayer
from sources.base import Event
from tests.jobs.world import Recorder, World, feedback_event


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder()})


def delivery_of(world: World) -> str:
    return f"{world.accept(feedback_event()).event_id}.one"


def stored(world: World, delivery: str) -> dict[str, str]:
    fields: Any = world.redis.hgetall(f"{world.ledger.prefix}delivery:{delivery}")
    return {name.decode(): value.decode() for name, value in fields.items()}


def test_items_add_up_over_attempts_and_stand_beside_other_notes(world: World) -> None:
    seen: list[dict[str, Any]] = []

    def answer(_event: Event, context: Context) -> Outcome:
        context.keep(step=context.attempt)
        context.add("parts", {f"part {context.attempt}": "번역 one:two"})
        seen.append(dict(context.notes))
        return Retry("later", "server_error") if context.attempt < 3 else Done()

    world.connectors["one"].answer = answer
    delivery = delivery_of(world)
    for _ in range(3):
        world.pass_time(60)
        world.deliverer.deliver(delivery)
    parts = {f"part {number}": "번역 one:two" for number in (1, 2, 3)}
    assert seen == [{"step": number, "parts": dict(list(parts.items())[:number])} for number in (1, 2, 3)]
    assert not [name for name in stored(world, delivery) if name.startswith("note")], "a finished one keeps no notes"


def test_a_dead_letter_keeps_its_items_for_its_replay(world: World) -> None:
    def fails(_event: Event, context: Context) -> Outcome:
        context.add("parts", {"a": "b"})
        return Failed("no", "config")

    world.connectors["one"].answer = fails
    delivery = delivery_of(world)
    world.deliverer.deliver(delivery)
    seen: list[Any] = []

    def reads(_event: Event, context: Context) -> Outcome:
        seen.append(context.notes["parts"])
        return Done()

    world.connectors["one"].answer = reads
    Replayer(world.ledger).replay(delivery)
    world.deliverer.deliver(delivery)
    assert seen == [{"a": "b"}]


def test_the_cost_of_an_item_does_not_grow_with_those_before_it(world: World) -> None:
    """500 parts of a translation, kept as one note that grew, were hundreds of megabytes."""
    many, text = 300, "x" * 2000
    before: list[int] = []

    def answer(_event: Event, context: Context) -> Outcome:
        before.append(world.redis.info("stats")["total_net_input_bytes"])
        for number in range(many):
            context.add("parts", {str(number): text})
        before.append(world.redis.info("stats")["total_net_input_bytes"])
        return Done()

    world.connectors["one"].answer = answer
    world.deliverer.deliver(delivery_of(world))
    assert many * 2000 < before[1] - before[0] < 3 * many * 2000


def test_an_item_of_a_worker_that_lost_its_lease_is_refused(world: World) -> None:
    """A frozen process goes on while another one runs its delivery."""
    delivery = delivery_of(world)
    lease = world.ledger.lease(delivery, "frozen")
    assert isinstance(lease, Lease)
    world.pass_time(16)
    assert isinstance(world.ledger.lease(delivery, "other"), Lease)
    with pytest.raises(LeaseLost):
        world.ledger.add(lease, "parts", {"a": "b"})
    fields = stored(world, delivery)
    assert fields["token"] == "other"
    assert "note:parts:a" not in fields


def test_an_item_keeps_the_lease_alive(world: World) -> None:
    delivery = delivery_of(world)
    lease = world.ledger.lease(delivery, "token")
    assert isinstance(lease, Lease)
    world.ledger.add(lease, "parts", {"a": "b"}, lease_ms=60_000)
    assert world.ledger.lease(delivery, "another") == "busy"
    left = int(stored(world, delivery)["until"]) - lease.now * 1000
    assert 50_000 < left < 70_000
    due = world.redis.zscore(f"{world.ledger.prefix}due", delivery)
    assert due == int(stored(world, delivery)["until"]), "the clock looks again when the lease ends"
    assert 50_000 < world.redis.pttl(f"{world.ledger.prefix}hold:one:{stored(world, delivery)['entity']}") <= 60_000


def test_requests_beyond_the_first_count_for_the_rate(world: World) -> None:
    """Those who come later wait for them: eleven requests at two a second are five seconds."""
    world.connectors["one"].where = Destination("slow", per_second=2, burst=1)
    taken: list[str] = []

    def answer(event: Event, context: Context) -> Outcome:
        taken.append(event.id)
        context.charge(10)
        context.charge(0)
        return Done()

    world.connectors["one"].answer = answer
    first, second = delivery_of(world), delivery_of(world)
    world.deliverer.deliver(first)
    world.deliverer.deliver(second)
    assert len(taken) == 1
    held = stored(world, second)
    assert held["state"] == "retrying"
    wait = (int(held["next"]) - int(held["updated"])) / 1000
    assert 4.0 < wait <= 5.5


def test_a_destination_without_a_limit_is_not_charged(world: World) -> None:
    world.connectors["one"].where = Destination("free")

    def answer(_event: Event, context: Context) -> Outcome:
        context.charge(1000)
        return Done()

    world.connectors["one"].answer = answer
    world.deliverer.deliver(delivery_of(world))
    assert not world.redis.keys("*bucket:free*")


def test_an_item_that_is_stored_again_counts_once(world: World) -> None:
    """Its name and its last text, not those before: else a note that is kept up to date would reach the bound."""
    lease = world.ledger.lease(delivery_of(world), "token")
    assert isinstance(lease, Lease)
    for text in ("abcd", "ab", "", "abc"):
        world.ledger.add(lease, "parts", {"name": text, "other": "x"})
        assert int(stored(world, lease.delivery_id)["noted"]) == len(
            "note:parts:name" + text + "note:parts:other" + "x"
        )
