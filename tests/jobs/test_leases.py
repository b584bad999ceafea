"""The right to run a delivery: who gets it, in which order, and what is left behind when something was lost."""

from __future__ import annotations

import pytest
from redis import Redis

from connectors.base import LeaseLost
from jobs.ledger.ledger import Ledger
from jobs.ledger.values import Lease
from tests.jobs.steps import due, now_ms
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event, status_event


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder()})


def ids_of_one_issue(world: World, count: int = 2) -> list[str]:
    """Deliveries that stand in one line, the earliest first."""
    return [f"{world.accept(status_event(7, second)).event_id}.one" for second in range(1, count + 1)]


def test_a_delivery_that_does_not_exist_or_is_finished_is_not_looked_at_again(world: World) -> None:
    key = f"{world.ledger.prefix}due"
    finished = f"{world.accept(feedback_event()).event_id}.one"
    world.run()
    for id_, answer in (("unknown.one", "gone"), (finished, "finished")):
        world.redis.zadd(key, {id_: 1})
        assert world.ledger.lease(id_, "me") == answer
        assert due(world, id_) == -1


def test_a_delivery_that_runs_is_listed_as_running(world: World) -> None:
    id_ = f"{world.accept(feedback_event()).event_id}.one"
    assert isinstance(world.ledger.lease(id_, "me"), Lease)
    assert world.redis.zscore(f"{world.ledger.prefix}state:running", id_) == pytest.approx(now_ms(world), abs=5000)
    assert world.redis.zscore(f"{world.ledger.prefix}state:queued", id_) is None


def test_the_watermark_only_moves_forward(world: World) -> None:
    """It is the latest hand-over of a delivery that has started; one handed over earlier does not set it back."""
    earlier, later = (f"{world.accept(feedback_event()).event_id}.one" for _ in range(2))
    for id_, handed in ((earlier, 1000), (later, 2000)):
        world.redis.hset(f"{world.ledger.prefix}delivery:{id_}", "handed", handed)
    for id_ in (later, earlier):
        assert isinstance(world.ledger.lease(id_, "me"), Lease)
        assert world.redis.get(f"{world.ledger.prefix}watermark") == b"2000"


def test_who_waits_in_a_line_looks_again_a_second_after_the_one_before(world: World) -> None:
    first, second = ids_of_one_issue(world)
    assert isinstance(world.ledger.lease(first, "me"), Lease)
    assert world.ledger.lease(second, "me") == "waiting"
    assert due(world, second) == due(world, first) + 1000


def test_who_waits_for_one_that_is_overdue_looks_again_in_a_second_and_stays_behind_it(world: World) -> None:
    first, second = ids_of_one_issue(world)
    for overdue in (True, False):
        if overdue:
            world.redis.zadd(f"{world.ledger.prefix}due", {first: 1})
        else:
            world.redis.zrem(f"{world.ledger.prefix}due", first)
        assert world.ledger.lease(second, "me") == "waiting"
        assert due(world, second) == pytest.approx(now_ms(world) + 1000, abs=900)
    assert isinstance(world.ledger.lease(first, "me"), Lease), "it was not taken out of the line"
    assert world.ledger.lease(second, "me") == "waiting"


def test_a_line_whose_head_no_longer_exists_goes_on(world: World) -> None:
    [id_] = ids_of_one_issue(world, 1)
    [line] = world.redis.scan_iter(f"{world.ledger.prefix}line:one:*")
    world.redis.zadd(line, {"lost.one": 1})
    assert world.ledger.lease(id_, "me") == "waiting"
    assert isinstance(world.ledger.lease(id_, "me"), Lease)


def test_a_line_that_was_lost_is_restored_in_the_order_of_the_events(world: World) -> None:
    [id_] = ids_of_one_issue(world, 1)
    [line] = world.redis.scan_iter(f"{world.ledger.prefix}line:one:*")
    order = world.redis.zscore(line, id_)
    world.redis.delete(line)
    assert isinstance(world.ledger.lease(id_, "me"), Lease)
    assert world.redis.zscore(line, id_) == order


def test_several_leases_are_renewed_at_once_and_each_keeps_its_notes(world: World) -> None:
    ids = [f"{world.accept(feedback_event()).event_id}.one" for _ in range(3)]
    for id_ in ids:
        lease = world.ledger.lease(id_, f"token of {id_}")
        assert isinstance(lease, Lease)
        world.ledger.keep(lease, {"of": id_})
    world.pass_time(14)
    before = {id_: due(world, id_) for id_ in ids}
    assert world.ledger.renew([(id_, f"token of {id_}") for id_ in ids]) == set()
    for id_ in ids:
        assert due(world, id_) == pytest.approx(before[id_] + 14_000, abs=900)
        assert id_ in world.redis.hget(f"{world.ledger.prefix}delivery:{id_}", "notes").decode()
    holds = list(world.redis.scan_iter(f"{world.ledger.prefix}hold:*"))
    assert [world.redis.pttl(hold) for hold in holds] == [pytest.approx(15_000, abs=5000)] * 3


def test_a_lease_that_ran_out_holds_nobody(world: World) -> None:
    """What holds a line is the lease of the one that runs, and not how long Redis keeps the key."""
    later = f"{world.accept(status_event(7, 5)).event_id}.one"
    assert isinstance(world.ledger.lease(later, "killed"), Lease)
    earlier = f"{world.accept(status_event(7, 2)).event_id}.one"
    world.pass_time(14)
    assert world.ledger.lease(earlier, "me") == "waiting"
    world.pass_time(2)
    assert isinstance(world.ledger.lease(earlier, "me"), Lease)
    assert world.ledger.lease(later, "me") == "waiting"


def test_without_a_clock_of_its_own_the_ledger_goes_by_that_of_redis(world: World) -> None:
    world.pass_time(1000)
    id_ = f"{world.accept(feedback_event()).event_id}.one"
    plain = Ledger(world.redis, INSTANCE)
    lease = plain.lease(id_, "me")
    assert isinstance(lease, Lease)
    seconds, micros = world.redis.time()
    assert lease.now == pytest.approx(seconds + micros / 1_000_000, abs=2)


def test_a_lease_that_ran_out_is_not_renewed_while_another_of_its_line_runs(world: World) -> None:
    """A worker was frozen for longer than its lease; meanwhile an event that happened earlier arrived, and runs."""
    later = world.ledger.lease(f"{world.accept(status_event(7, 5)).event_id}.one", "frozen")
    assert isinstance(later, Lease)
    earlier = f"{world.accept(status_event(7, 2)).event_id}.one"
    world.pass_time(16)
    running = world.ledger.lease(earlier, "other")
    assert isinstance(running, Lease)
    assert world.ledger.renew([(later.delivery_id, later.token)]) == {later.delivery_id}
    with pytest.raises(LeaseLost):
        world.ledger.keep(later, {"a": 1})
    with pytest.raises(LeaseLost):
        world.ledger.add(later, "parts", {"a": "b"})
    world.ledger.keep(running, None)
    world.ledger.settle(running, "done", {}, {})
    world.ledger.keep(later, None)


def test_a_lease_that_ran_out_goes_on_when_nobody_else_was_let_in(world: World) -> None:
    """A pause of a process is no reason to do its work twice."""
    lease = world.ledger.lease(f"{world.accept(feedback_event()).event_id}.one", "paused")
    assert isinstance(lease, Lease)
    world.pass_time(16)
    world.ledger.keep(lease, {"a": 1})
    assert world.ledger.lease(lease.delivery_id, "other") == "busy"
