"""One attempt of one delivery: what the connector gets, what is recorded, and what is reported."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from connectors.base import Context, Destination, Done, Failed, LeaseLost, Outcome, Retry
from jobs.deliver import _patiently, run
from sources.base import Event
from tests.jobs.steps import fields, key_of, members, queued
from tests.jobs.world import Recorder, World, feedback_event, status_event


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder()})


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the module reports, whichever test configured logging before."""
    capture = structlog.testing.LogCapture()
    monkeypatch.setattr("jobs.deliver.log", structlog.wrap_logger(None, processors=[capture]))
    return capture.entries


def attempt(world: World, answer: Callable[[Event, Context], Outcome] | None = None) -> dict[str, str]:
    """A new delivery, tried once: its record."""
    if answer:
        world.connectors["one"].answer = answer
    id_ = queued(world)
    world.deliverer.deliver(id_)
    return fields(world, f"delivery:{id_}")


# What a connector gets


def test_a_connector_gets_its_delivery_the_time_and_what_the_ledger_remembers(world: World) -> None:
    seen: list[Context] = []

    def answer(_event: Event, context: Context) -> Outcome:
        seen.append(context)
        return Done()

    world.connectors["one"].answer = answer
    id_ = queued(world)
    world.pass_time(100)
    world.deliverer.deliver(id_)
    [context] = seen
    assert (context.delivery_id, context.attempt) == (id_, 1)
    assert 100 <= context.age < 130
    assert 0 <= context.now() - world.now() / 1000 + 30 <= 60
    assert context.remembers(context.born + 5), "clocks may differ by five seconds"
    assert not context.remembers(context.born + 4.99)


def test_to_keep_nothing_only_makes_sure_that_the_delivery_is_ours(world: World) -> None:
    stored: list[str] = []

    def answer(_event: Event, context: Context) -> Outcome:
        context.keep(paid="yes")
        key = f"delivery:{context.delivery_id}"
        world.redis.hset(key_of(world, key), "notes", '{"paid": "as it is"}')
        context.keep()
        stored.append(fields(world, key)["notes"])
        return Done()

    attempt(world, answer)
    assert stored == ['{"paid": "as it is"}']


def test_what_is_kept_is_known_at_once_and_stored_until_it_is_removed(world: World) -> None:
    seen: list[Any] = []

    def answer(_event: Event, context: Context) -> Outcome:
        for notes in ({"paid": "yes", "at": 5}, {"paid": None}, {"at": 6}):
            context.keep(**notes)
            stored = json.loads(fields(world, f"delivery:{context.delivery_id}")["notes"])
            assert stored == context.notes
            seen.append(stored)
        return Done()

    attempt(world, answer)
    assert seen == [{"paid": "yes", "at": 5}, {"at": 5}, {"at": 6}]


@pytest.mark.parametrize(("turns", "seconds"), [(1, 1), (0, 0), (-5, 0)])
def test_further_requests_take_turns_and_give_none_back(world: World, turns: int, seconds: int) -> None:
    def answer(_event: Event, context: Context) -> Outcome:
        bucket = key_of(world, "bucket:channel")
        before = int(world.redis.get(bucket))
        context.charge(turns)
        taken.append(int(world.redis.get(bucket)) - before)
        return Done()

    taken: list[int] = []
    world.connectors["one"].where = Destination("channel", per_second=1)
    attempt(world, answer)
    assert taken == [seconds * 1000]


def test_what_a_connector_logs_carries_the_ids(world: World) -> None:
    seen: list[dict[str, Any]] = []

    def answer(_event: Event, _context: Context) -> Outcome:
        seen.append(structlog.contextvars.get_contextvars())
        return Done()

    world.connectors["one"].answer = answer
    id_ = queued(world)
    world.deliverer.deliver(id_)
    assert seen == [{"event_id": id_.partition(".")[0], "delivery_id": id_}]


# What is recorded


def test_an_attempt_takes_as_long_as_the_connector(world: World) -> None:
    assert attempt(world)["state"] == "done"
    assert 0 <= float(fields(world, "counts")["seconds_sum|one"]) < 60


def test_a_delivery_with_none_behind_it_starts_no_other(world: World) -> None:
    id_ = queued(world)
    world.queue.empty()
    world.deliverer.deliver(id_)
    assert world.taken() == []


def test_the_delivery_behind_it_is_started(world: World) -> None:
    ids = [f"{world.accept(status_event(7, second)).event_id}.one" for second in (4, 5)]
    world.queue.empty()
    world.deliverer.deliver(ids[0])
    assert world.taken() == ids[1:]


def test_a_defect_outside_the_connector_is_recorded(world: World) -> None:
    world.connectors["one"].where = None  # type: ignore[assignment]
    delivery = attempt(world)
    assert (delivery["state"], delivery["reason"]) == ("retrying", "crashed")
    assert "AttributeError" in delivery["why"]


def test_a_connector_that_this_worker_does_not_know_may_be_known_to_another(world: World) -> None:
    del world.connectors["one"]
    world.deliverer = world.worker()
    delivery = attempt(world)
    assert (delivery["state"], delivery["reason"]) == ("retrying", "config")
    assert delivery["why"] == "CONNECTORS of this worker does not name one"
    assert fields(world, "counts")["seconds_sum|one"] == "0"
    assert members(world, "waits:") == [], "the return of no destination would help"


def test_an_event_of_a_newer_version_waits_for_a_worker_that_can_read_it(world: World) -> None:
    id_ = queued(world)
    world.redis.hset(key_of(world, f"event:{id_.partition('.')[0]}"), "body", "{}")
    world.deliverer.deliver(id_)
    delivery = fields(world, f"delivery:{id_}")
    assert (delivery["state"], delivery["reason"]) == ("retrying", "config")
    assert delivery["why"] == "this version can't read the event that a newer one stored"


def test_an_attempt_that_lost_its_lease_records_nothing(world: World, logs: list[Any]) -> None:
    def answer(_event: Event, context: Context) -> Outcome:
        raise LeaseLost

    assert attempt(world, answer)["state"] == "running"
    assert [entry["event"] for entry in logs] == ["attempt abandoned: another worker has the delivery"]


def test_an_attempt_without_redis_is_left_to_the_clock(world: World, logs: list[Any]) -> None:
    def answer(_event: Event, context: Context) -> Outcome:
        raise RedisConnectionError("away")

    assert attempt(world, answer)["state"] == "running"
    assert [entry["event"] for entry in logs] == ["left to the clock: Redis is away"]


def test_a_delivery_that_is_not_due_is_no_failure(world: World, logs: list[Any]) -> None:
    id_ = queued(world)
    world.deliverer.deliver(id_)
    logs.clear()
    world.deliverer.deliver(id_)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("not now", "debug")]


def test_a_delivery_for_which_no_slot_is_free_runs_when_one_is(world: World) -> None:
    slots = world.deliverer._slots
    others = 0
    while slots.take("one", f"other {others}"):
        others += 1
    slots.close()
    id_ = queued(world)
    world.deliverer.deliver(id_)
    assert world.connectors["one"].seen == []
    assert slots.pass_on("one") == ("one", id_)


# What is reported


def test_dead_letters_and_outages_are_errors_and_all_else_is_not(
    world: World, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: 0.123)
    attempt(world, lambda _e, _c: Done())
    attempt(world, lambda _e, _c: Retry("busy", "not_yet"))
    attempt(world, lambda _e, _c: Failed("401", "auth"))
    attempt(world, lambda _e, _c: Failed("used up", "quota"))
    world.pass_time(1000)
    attempt(world, lambda _e, _c: Done())
    common = {"connector": "one", "attempt": 1}
    ended = [entry for entry in logs if entry["event"] == "attempt ended"]
    assert all(0 <= entry.pop("seconds") < 60 for entry in ended)
    assert [{name: entry[name] for name in entry if name != "event"} for entry in ended] == [
        {**common, "log_level": "info", "outcome": "done", "why": None, "reason": None, "again_in": None},
        {**common, "log_level": "info", "outcome": "retrying", "why": "busy", "reason": "not_yet", "again_in": 5.1},
        {**common, "log_level": "error", "outcome": "dead", "why": "401", "reason": "auth", "again_in": None},
        {**common, "log_level": "info", "outcome": "retrying", "why": "used up", "reason": "quota", "again_in": 922.1},
        {**common, "log_level": "info", "outcome": "done", "why": None, "reason": None, "again_in": None},
    ]
    where = world.connectors["one"].where.name
    assert [entry for entry in logs if entry["event"].startswith("breaker")] == [
        {"event": "breaker opened", "log_level": "error", "destination": where, "why": "used up"},
        {"event": "breaker closed", "log_level": "info", "destination": where, "why": None},
    ]


# Several in one message


@dataclass
class Gatherer(Recorder):
    crowd: int = 3
    together: Callable[[Sequence[tuple[Event, Context]]], Any] = lambda pairs: [Done() for _ in pairs]
    gathered: list[str] = field(default_factory=list)

    def gather(self, pairs: Sequence[tuple[Event, Context]]) -> Any:
        self.gathered += [context.delivery_id for _, context in pairs]
        return self.together(pairs)


@pytest.fixture
def gatherer() -> Gatherer:
    return Gatherer(where=Destination("channel", per_second=1))


def digest(redis: Redis, gatherer: Gatherer) -> tuple[World, list[dict[str, str]]]:
    """The records of seven deliveries that waited for their turn, after one digest."""
    world = World(redis, {"one": gatherer})
    for _ in range(8):
        world.accept(feedback_event())
    world.run()
    world.pass_time(1.3)
    world.deliverer.deliver(world.tick()[0])
    assert len(gatherer.gathered) == 7
    return world, [fields(world, f"delivery:{id_}") for id_ in gatherer.gathered]


def test_the_leases_of_all_that_stand_in_a_digest_are_kept(redis: Redis, gatherer: Gatherer) -> None:
    worlds: list[World] = []
    held: list[int] = []

    def together(pairs: Sequence[tuple[Event, Context]]) -> Any:
        held.append(len(keeping()))
        return [Done() for _ in pairs]

    def keeping() -> dict[str, Any]:
        return worlds[0].deliverer._keeper._held

    gatherer.together = together
    world = World(redis, {"one": gatherer})
    worlds.append(world)
    for _ in range(8):
        world.accept(feedback_event())
    world.run()
    world.pass_time(1.3)
    world.deliverer.deliver(world.tick()[0])
    assert held == [7]
    assert keeping() == {}


def test_a_digest_that_crashes_is_retried_by_each(redis: Redis, gatherer: Gatherer) -> None:
    def together(_pairs: Any) -> Any:
        raise RuntimeError("a defect")

    gatherer.together = together
    _, deliveries = digest(redis, gatherer)
    assert [(d["state"], d["reason"]) for d in deliveries] == [("retrying", "crashed")] * 7


def test_a_digest_that_fails_counts_once_for_the_breaker_and_takes_its_own_time(
    redis: Redis, gatherer: Gatherer
) -> None:
    gatherer.together = lambda pairs: [Retry("no answer", "timeout") for _ in pairs]
    world, deliveries = digest(redis, gatherer)
    assert {d["state"] for d in deliveries} == {"retrying"}
    assert fields(world, "breaker:channel")["failures"] == "1"
    assert 0 <= float(fields(world, "counts")["seconds_sum|one"]) < 60


def test_one_of_a_digest_that_another_worker_has_is_left_to_it(redis: Redis, gatherer: Gatherer) -> None:
    gatherer.together = lambda pairs: [None, *(Done() for _ in pairs[1:])]
    _, deliveries = digest(redis, gatherer)
    assert [d["state"] for d in deliveries] == ["running", *["done"] * 6]


def test_a_digest_with_too_few_outcomes_is_a_defect(redis: Redis, gatherer: Gatherer) -> None:
    gatherer.together = lambda _pairs: []
    _, deliveries = digest(redis, gatherer)
    assert (deliveries[0]["state"], deliveries[0]["reason"]) == ("retrying", "crashed")


# Redis is away when the outcome is recorded


class Time:
    """A clock that only a pause moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        assert len(self.pauses) < 100, "it never gives up"
        self.pauses.append(seconds)
        self.now += seconds


def test_an_outcome_is_recorded_when_redis_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Time(monkeypatch)

    def record() -> str:
        if len(clock.pauses) < 7:
            raise RedisConnectionError
        return "recorded"

    assert _patiently(record) == "recorded"
    assert clock.pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0])


@pytest.mark.parametrize(("away", "tries"), [(19.9, 2), (19.95, 1)])
def test_no_try_is_made_later_than_after_twenty_seconds(
    monkeypatch: pytest.MonkeyPatch, away: float, tries: int
) -> None:
    clock = Time(monkeypatch)
    tried: list[float] = []

    def record() -> str:
        clock.now = max(clock.now, away)  # Redis took so long to fail
        tried.append(clock.now)
        raise RedisConnectionError

    with pytest.raises(RedisConnectionError):
        _patiently(record)
    assert len(tried) == tries


def test_a_worker_of_rq_does_not_perform_our_jobs() -> None:
    with pytest.raises(RuntimeError, match=r"python -m jobs\.worker"):
        run(f"{'ab' * 10}.one")
