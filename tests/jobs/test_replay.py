"""Many deliveries are sent again at a rate, and one that shall not be sent is dropped."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Destination, Done, Failed, Outcome, Retry
from jobs.ledger.query import BadQuery, Query
from jobs.ledger.scripts import LUA
from jobs.replay import LISTED, MOST_AT_ONCE, PLANNED_AT_ONCE, Dropped, Progress, Replayer
from tests.jobs.steps import due, fields, key_of, leased, members
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event, status_event

DEAD = Query(state="dead")


@pytest.fixture
def world(redis: Any) -> World:
    return World(redis, {"one": Recorder(answer=lambda _event, _context: Failed("refused", "client_error"))})


@pytest.fixture
def replayer(world: World) -> Replayer:
    return Replayer(world.ledger)


def died(world: World, count: int) -> list[str]:
    """So many dead letters, the oldest first."""
    ids = []
    for _ in range(count):
        ids.append(f"{world.accept(feedback_event()).event_id}.one")
        world.run()
        world.later += 1
    world.connectors["one"].answer = lambda _event, _context: Done()
    assert set(world.states().values()) == {"dead"}
    return ids


def test_they_go_one_after_the_other_the_oldest_first(world: World, replayer: Replayer) -> None:
    ids = died(world, 4)
    began = world.now()
    bulk = replayer.replay_all(DEAD, 2)
    assert (bulk.count, bulk.next) == (4, None)
    assert world.states() == {id_: "queued" if id_ == ids[0] else "retrying" for id_ in ids}
    assert (members(world, "state:queued"), members(world, "state:dead")) == ([ids[0]], [])
    assert [round((due(world, id_) - began) / 500) for id_ in ids[1:]] == [1, 2, 3]
    eight_days = 8 * 24 * 3600
    assert world.redis.ttl(key_of(world, f"replay:{bulk.id}")) == pytest.approx(eight_days, abs=60)
    world.redis.expire(key_of(world, f"replay:{bulk.id}"), 100)
    replayer.replay_all(DEAD, 2, bulk.id)
    assert world.redis.ttl(key_of(world, f"replay:{bulk.id}")) > 100, "it goes on, and is kept from then on"
    world.run()
    for done in range(1, 5):
        assert [world.states()[id_] for id_ in ids] == ["done"] * done + ["retrying"] * (4 - done)
        assert replayer.progress(bulk.id) == Progress(bulk.id, 4, done, 0, 0)
        world.pass_time(0.5)
        world.run_due()
    finished = replayer.progress(bulk.id)
    assert finished
    assert finished.left == 0


def test_only_the_first_goes_past_a_breaker(world: World, replayer: Replayer) -> None:
    """An operator who replays has corrected something; where that is not so, one attempt shows it."""
    first, second = died(world, 2)
    replayer.replay_all(DEAD)
    assert fields(world, f"delivery:{first}")["forced"] == "1"
    assert "forced" not in fields(world, f"delivery:{second}")


def test_each_starts_its_schedule_afresh(world: World, replayer: Replayer) -> None:
    _, second = died(world, 2)
    world.redis.hset(f"fb:{INSTANCE}:delivery:{second}", mapping={"position": 5, "healed": 3})
    replayer.replay_all(DEAD, 1)
    planned = fields(world, f"delivery:{second}")
    assert (planned["state"], planned["position"]) == ("retrying", "0")
    assert planned["replayed"] == planned["next"]
    assert planned.keys().isdisjoint({"why", "reason", "healed", "waits"})


def test_how_they_ended_is_counted(world: World, replayer: Replayer) -> None:
    ids = died(world, 3)
    outcomes: list[Outcome] = [Done(), Failed("no", "client_error"), Retry("wait", "server_error")]
    world.connectors["one"].answer = lambda _event, _context: outcomes.pop()
    bulk = replayer.replay_all(DEAD, 100)
    world.run()
    for _ in range(2):
        world.pass_time(0.1)
        world.run_due()
    assert replayer.progress(bulk.id) == Progress(bulk.id, 3, 1, 0, 1)
    [waiting] = [id_ for id_ in ids if world.states()[id_] == "retrying"]
    assert replayer.drop(waiting, "not needed") == "skipped"
    assert members(world, "state:skipped") == [waiting]
    assert replayer.progress(bulk.id) == Progress(bulk.id, 3, 1, 1, 1)
    world.connectors["one"].answer = lambda _event, _context: Done()
    [dead] = [id_ for id_ in ids if world.states()[id_] == "dead"]
    replayer.replay(dead)
    world.run()
    assert replayer.progress(bulk.id) == Progress(bulk.id, 3, 1, 1, 1), "it has ended once"


def test_one_that_is_replayed_again_belongs_to_the_second_replay(world: World, replayer: Replayer) -> None:
    first, second = died(world, 2)
    bulk = replayer.replay_all(DEAD, 0.1)
    again = replayer.replay_all(Query(state="retrying"), 0.1)
    assert replayer.progress(bulk.id) == Progress(bulk.id, 1, 0, 0, 0)
    assert replayer.progress(again.id) == Progress(again.id, 1, 0, 0, 0)
    replayer.replay(second)
    world.run()
    assert replayer.progress(bulk.id) == Progress(bulk.id, 1, 1, 0, 0)
    assert replayer.progress(again.id) == Progress(again.id, 0, 0, 0, 0)
    assert world.states() == {first: "done", second: "done"}


def test_a_worker_that_is_lost_for_the_last_time_ends_it(world: World, replayer: Replayer) -> None:
    [id_] = died(world, 1)
    bulk = replayer.replay_all(DEAD)
    leased(world, id_)
    world.redis.hset(f"fb:{INSTANCE}:delivery:{id_}", "lost", 9)
    world.pass_time(20)
    world.tick()
    assert replayer.progress(bulk.id) == Progress(bulk.id, 1, 0, 0, 1)


def test_the_rest_is_planned_behind_those_before(world: World, replayer: Replayer) -> None:
    """One request has an end; the next goes on with the cursor, the id and the time."""
    count = MOST_AT_ONCE + 5
    for number in range(count):
        id_ = f"{number:020x}.one"
        world.redis.hset(
            f"fb:{INSTANCE}:delivery:{id_}", mapping={"v": 1, "state": "dead", "entity": "e", "order": number}
        )
        world.redis.zadd(f"fb:{INSTANCE}:state:dead", {id_: number})
    began = world.now()
    bulks = list(replayer.replay_everything(DEAD, 100))
    assert sum(bulk.count for bulk in bulks) == count
    assert max(bulk.count for bulk in bulks) <= MOST_AT_ONCE
    assert len(bulks) > 1
    assert len({bulk.id for bulk in bulks}) == 1
    assert replayer.progress(bulks[0].id) == Progress(bulks[0].id, count, 0, 0, 0)
    times = sorted(due(world, id_) for id_ in members(world, "state:retrying"))
    assert times[-1] - began == pytest.approx((count - 1) * 10, abs=2000)
    assert {round(b - a) for a, b in zip(times[PLANNED_AT_ONCE:], times[PLANNED_AT_ONCE + 1 :], strict=False)} <= {10}


def test_a_running_one_is_left_out(world: World, replayer: Replayer) -> None:
    world.accept(feedback_event())
    [id_] = world.states()
    leased(world, id_)
    bulk = replayer.replay_all(Query())
    assert bulk.count == 0
    assert replayer.progress(bulk.id) == Progress(bulk.id, 0, 0, 0, 0)
    assert world.states() == {id_: "running"}


def test_a_replay_is_forgotten(world: World, replayer: Replayer) -> None:
    [id_] = died(world, 1)
    bulk = replayer.replay_all(DEAD)
    key = f"fb:{INSTANCE}:replay:{bulk.id}"
    assert 0 < world.redis.ttl(key) <= 8 * 86_400
    world.redis.delete(key)
    world.run()
    assert world.states() == {id_: "done"}
    assert replayer.progress(bulk.id) is None
    assert not world.redis.exists(key)


@pytest.mark.parametrize("rate", [0, -1, 101, float("nan"), float("inf")])
def test_a_rate_has_bounds(replayer: Replayer, rate: float) -> None:
    with pytest.raises(BadQuery, match=r"^rate: 0\.1 to 100 "):
        replayer.replay_all(DEAD, rate)


@pytest.mark.parametrize("replay_id", ["x" * 41, "a:b", "é", "a b"])
def test_an_id_is_one_of_ours(replayer: Replayer, replay_id: str) -> None:
    with pytest.raises(BadQuery, match=r"^id: "):
        replayer.replay_all(DEAD, replay_id=replay_id)


def test_one_that_goes_on_is_found_without_its_id(world: World, replayer: Replayer) -> None:
    died(world, 2)
    assert replayer.going_on() == []
    bulk = replayer.replay_all(Query(state="dead", connector="one", reason="client_error"), 0.1)
    replayer.replay_all(Query(state="dead", connector="two"))
    assert replayer.going_on() == [Progress(bulk.id, 2, 0, 0, 0, "one", "client_error")], "the other one has nothing"
    world.connectors["one"].answer = lambda _event, _context: Done()
    world.run()
    world.pass_time(60)
    world.run_due()
    assert replayer.going_on() == []
    for _ in range(LISTED + 1):
        replayer.replay_all(DEAD)
    assert world.redis.llen(f"fb:{INSTANCE}:replays") == LISTED


# Dropping


def test_a_group_is_dropped_and_nothing_else(world: World, replayer: Replayer) -> None:
    first, second, other = died(world, 3)
    world.redis.hset(f"fb:{INSTANCE}:delivery:{other}", "reason", "auth")
    assert list(replayer.drop_whole_group("one", "client_error", "a test")) == [2]
    assert world.states() == {first: "skipped", second: "skipped", other: "dead"}
    assert fields(world, f"delivery:{first}")["why"] == "dropped: a test"
    assert replayer.drop_group("two", "auth", "x") == Dropped(0, None)
    for group in (("", "auth"), ("one", "")):
        with pytest.raises(BadQuery):
            replayer.drop_group(*group, "x")
    assert world.states()[other] == "dead"


def test_a_large_group_is_dropped_in_bounded_requests(world: World, replayer: Replayer) -> None:
    count = MOST_AT_ONCE + 5
    for number in range(count):
        id_ = f"{number:020x}.one"
        values = {"v": 1, "state": "dead", "entity": "e", "order": number, "reason": "auth"}
        world.redis.hset(f"fb:{INSTANCE}:delivery:{id_}", mapping=values)
        world.redis.zadd(f"fb:{INSTANCE}:state:dead", {id_: number})
    first = replayer.drop_group("one", "auth", "a test")
    assert 0 < first.count <= MOST_AT_ONCE
    assert first.next
    assert first.count + replayer.drop_group("one", "auth", "a test", first.next).count == count
    assert members(world, "state:dead") == []


def test_what_is_sent_again_after_a_group_was_looked_up_is_left_out(world: World, replayer: Replayer) -> None:
    [id_] = died(world, 1)
    replayer.replay(id_)
    assert world.ledger.run(LUA["drop"], id_, "one", "why", "dead") == [b"changed"]
    assert world.states()[id_] == "queued"


def test_a_dead_letter_is_dropped(world: World, replayer: Replayer) -> None:
    [id_] = died(world, 1)
    world.ledger.redis.hset(f"fb:{INSTANCE}:delivery:{id_}", mapping={"notes": "{}", "note:a:b": "x"})
    assert replayer.drop(id_, "the customer is gone") == "skipped"
    [row] = world.records.deliveries(Query()).rows
    assert (row["state"], row["error"], row["reason"]) == ("skipped", "dropped: the customer is gone", None)
    assert fields(world, f"delivery:{id_}").keys().isdisjoint({"notes", "note:a:b", "reason", "waits"})
    assert members(world, "state:dead") == members(world, "due") == []
    assert replayer.drop(id_, "again") == "finished"
    assert replayer.replay(id_) == "queued"  # a person may change their mind


def test_the_next_of_its_line_goes_at_once(world: World, replayer: Replayer) -> None:
    world.connectors["one"].answer = lambda _event, _context: Retry("later", "server_error")
    first = f"{world.accept(status_event(3, 1)).event_id}.one"
    world.run()
    world.connectors["one"].answer = lambda _event, _context: Done()
    second = f"{world.accept(status_event(3, 2)).event_id}.one"
    world.run()
    assert world.states() == {first: "retrying", second: "queued"}
    assert replayer.drop(first, "it blocks the others") == "skipped"
    world.run()
    assert world.states() == {first: "skipped", second: "done"}


def test_what_can_not_be_dropped(world: World, replayer: Replayer) -> None:
    assert replayer.drop("unknown.one", "x") == "gone"
    id_ = f"{world.accept(feedback_event()).event_id}.one"
    leased(world, id_)
    assert replayer.drop(id_, "x") == "running"
    world.redis.hset(f"fb:{INSTANCE}:delivery:{id_}", "v", 2)
    assert replayer.drop(id_, "x") == "foreign"


def test_one_that_waits_for_its_turn_is_dropped_and_waits_no_longer(world: World, replayer: Replayer) -> None:
    world.connectors["one"].where = Destination("one #", per_second=1)
    world.connectors["one"].answer = lambda _event, _context: Done()
    for _ in range(2):
        world.accept(feedback_event())
    world.run()
    [held] = [id_ for id_, state in world.states().items() if state == "retrying"]
    assert world.redis.zrange(f"fb:{INSTANCE}:crowd:one #", 0, -1) == [held.encode()]
    assert replayer.drop(held, "x") == "skipped"
    assert world.redis.zrange(f"fb:{INSTANCE}:crowd:one #", 0, -1) == []
    world.pass_time(2)
    world.run_due()
    assert sorted(world.states().values()) == ["done", "skipped"]


def test_a_long_reason_is_cut(world: World, replayer: Replayer) -> None:
    [id_] = died(world, 1)
    assert replayer.drop(id_, "\ud83d" + "x" * 5000) == "skipped"
    [row] = world.records.deliveries(Query()).rows
    assert row["error"].startswith("dropped: ?xx")
    assert len(row["error"]) == 500
