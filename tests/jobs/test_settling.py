"""What the end of an attempt leaves behind: the delivery, its indexes, and the next of its line."""

from __future__ import annotations

import pytest
from redis import Redis

from jobs.ledger.values import Lease, State
from tests.jobs.steps import due, fields, key_of, leased, members, now_ms
from tests.jobs.world import Recorder, World, status_event


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder()})


def with_notes(world: World) -> Lease:
    """A delivery that runs, was lost and healed before, and keeps notes of both kinds."""
    lease = leased(world)
    world.ledger.keep(lease, {"paid": "yes"})
    world.ledger.add(lease, "parts", {"a": "x", "b": "y"})
    world.redis.hset(key_of(world, f"delivery:{lease.delivery_id}"), mapping={"lost": 2, "healed": 1, "next": 5})
    return lease


@pytest.mark.parametrize("state", ["done", "skipped", "dead", "retrying"])
def test_what_belongs_to_the_attempt_goes_and_notes_stay_for_as_long_as_there_may_be_another(
    world: World, state: State
) -> None:
    lease = with_notes(world)
    world.ledger.settle(lease, state, {"why": "w"}, {}, 600)
    delivery = fields(world, f"delivery:{lease.delivery_id}")
    assert (delivery["state"], delivery["why"]) == (state, "w")
    assert int(delivery["updated"]) == pytest.approx(now_ms(world), abs=5000)
    assert not {"token", "until", "lost"} & delivery.keys()
    kept = {"notes", "noted", "healed", "note:parts:a", "note:parts:b"}
    assert kept & delivery.keys() == (kept if state in ("dead", "retrying") else set())
    assert {"entity", "order", "attempts", "created"} <= delivery.keys()


@pytest.mark.parametrize("state", ["done", "skipped", "dead"])
def test_what_is_finished_is_in_one_index_only(world: World, state: State) -> None:
    lease = leased(world)
    world.ledger.settle(lease, state, {}, {})
    assert "next" not in fields(world, f"delivery:{lease.delivery_id}")
    assert world.redis.zscore(key_of(world, f"state:{state}"), lease.delivery_id) == pytest.approx(
        now_ms(world), abs=5000
    )
    for index in ("due", "state:running", f"line:one:{lease.delivery['entity']}"):
        assert members(world, index) == [], index


def test_what_is_tried_again_is_due_after_its_delay_and_keeps_its_turn_in_the_line(world: World) -> None:
    lease = leased(world)
    world.ledger.settle(lease, "retrying", {}, {}, 600)
    at = due(world, lease.delivery_id)
    assert at == pytest.approx(now_ms(world) + 600_000, abs=5000)
    assert int(fields(world, f"delivery:{lease.delivery_id}")["next"]) == at
    assert members(world, "state:running") == []
    assert (
        members(world, f"line:one:{lease.delivery['entity']}")
        == members(world, "state:retrying")
        == [lease.delivery_id]
    )


def test_the_next_of_the_line_may_go_and_has_ten_seconds_to_start(world: World) -> None:
    first, second, third = (f"{world.accept(status_event(7, second)).event_id}.one" for second in (1, 2, 3))
    lease = leased(world, first)
    for id_ in (second, third):
        world.redis.zadd(key_of(world, "due"), {id_: 1})
    assert world.ledger.settle(lease, "done", {}, {}).following == second
    assert due(world, second) == pytest.approx(now_ms(world) + 10_000, abs=5000)
    assert due(world, third) == 1


def test_a_next_one_that_waits_for_its_time_is_not_started(world: World) -> None:
    first, second = (f"{world.accept(status_event(7, second)).event_id}.one" for second in (1, 2))
    lease = leased(world, first)
    world.redis.hset(key_of(world, f"delivery:{second}"), "state", "retrying")
    world.redis.zadd(key_of(world, "due"), {second: 1})
    assert world.ledger.settle(lease, "done", {}, {}).following == ""
    assert due(world, second) == 1


@pytest.mark.parametrize(("holder", "freed"), [("own", True), ("another.one", False)])
def test_only_the_own_hold_on_a_line_ends(world: World, holder: str, freed: bool) -> None:
    """A lease that ran out during a pause of the process may have been followed by another delivery's."""
    lease = leased(world)
    hold = key_of(world, f"hold:one:{lease.delivery['entity']}")
    if holder != "own":
        world.redis.set(hold, holder)
    world.ledger.settle(lease, "done", {}, {})
    assert bool(world.redis.exists(hold)) != freed


def test_counters_are_raised_by_fractions_too(world: World) -> None:
    for _ in range(2):
        world.ledger.settle(leased(world), "done", {}, {"seconds": 0.25, "attempts": 1})
    assert fields(world, "counts") == {"seconds": "0.5", "attempts": "2"}
