"""The ledger's promises, on a real Valkey: stored once, run by one, in order, found again whatever was lost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from bridge.redaction import Redactor
from connectors.base import Context, Destination, Done, Failed, LeaseLost, Outcome, Retry, Skipped
from jobs.delivery.attempts import fields_of
from jobs.delivery.clock import Clock, Pulse
from jobs.delivery.schedule import DELAYS, Transition
from jobs.ledger.values import Lease, Planned
from jobs.replay import Replayer
from sources.abc.events import parse
from sources.base import Event, Unread
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event, status_event


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder(), "two": Recorder()})


def test_an_event_is_stored_with_a_delivery_and_a_job_for_each_connector(world: World) -> None:
    accepted = world.accept(feedback_event())
    assert not accepted.duplicate
    assert world.states() == {f"{accepted.event_id}.one": "queued", f"{accepted.event_id}.two": "queued"}
    assert sorted(world.taken()) == sorted(world.states())


def test_the_four_attempts_of_the_sender_are_one_event_with_one_effect(world: World) -> None:
    body = feedback_event()
    answers = [world.accept(body) for _ in range(4)]
    assert [answer.duplicate for answer in answers] == [False, True, True, True]
    world.run()
    assert world.connectors["one"].seen == [answers[0].event_id]
    event = world.records.event(answers[0].event_id)
    assert event is not None
    assert event["seen"] == 4


def test_twenty_parallel_copies_are_one_event(world: World) -> None:
    body = feedback_event()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: world.accept(body), range(20)))
    assert Counter(answer.duplicate for answer in answers) == {True: 19, False: 1}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(world.deliverer.deliver, world.taken()))
    assert len(world.connectors["one"].seen) == len(world.connectors["two"].seen) == 1


def test_an_event_that_nobody_acts_on_is_kept_as_ignored(redis: Redis) -> None:
    world = World(redis, {})
    accepted = world.accept(feedback_event())
    event = world.records.event(accepted.event_id)
    assert event is not None
    assert (event["state"], event["why"]) == ("ignored", "no connector acts on FEEDBACK_CREATION")
    assert event["body"]["data"]["feedback"]["message"] == "안녕"


def test_what_can_not_be_read_is_kept_whole(world: World) -> None:
    world.acceptor.accept("abc", Unread("ab" * 10, "unreadable", "the entity is missing", "X"), b'{"event":"X"}')
    assert [row["why"] for row in world.records.events("unreadable")] == ["the entity is missing"]
    event = world.records.event("ab" * 10)
    assert event is not None
    assert event["body"] == {"event": "X"}


def test_a_delivery_is_run_by_one_worker_at_a_time(world: World) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(_event: Event, _context: Context) -> Outcome:
        inside.set()
        assert go_on.wait(10)
        return Done()

    world.connectors["one"].answer = slow
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(world.deliverer.deliver, id_)
        assert inside.wait(10)
        assert world.ledger.lease(id_, "other") == "busy"
        go_on.set()
        first.result(10)
    assert world.ledger.lease(id_, "other") == "finished"
    assert world.state(accepted, "one") == "done"


def test_a_killed_worker_is_noticed_when_its_lease_runs_out(world: World) -> None:
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    lease = world.ledger.lease(id_, "killed")
    assert isinstance(lease, Lease)
    world.taken()
    assert id_ not in world.tick()
    world.pass_time(16)
    assert id_ in world.tick()
    world.deliverer.deliver(id_)
    assert world.state(accepted, "one") == "done"
    with pytest.raises(LeaseLost):
        world.ledger.settle(lease, "dead", {}, {})
    with pytest.raises(LeaseLost):
        world.ledger.keep(lease, {"late": 1})
    assert world.ledger.renew([(id_, "killed")]) == {id_}
    assert world.state(accepted, "one") == "done"


def test_a_lease_that_is_renewed_is_not_taken_over(world: World) -> None:
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    assert isinstance(world.ledger.lease(id_, "slow"), Lease)
    for _ in range(3):
        world.pass_time(10)
        assert world.ledger.renew([(id_, "slow")]) == set()
        assert id_ not in world.tick()
        assert world.ledger.lease(id_, "other") == "busy"


def test_losing_every_key_of_rq_loses_nothing(world: World) -> None:
    announced = [world.accept(feedback_event()) for _ in range(5)]
    for key in world.redis.scan_iter("rq:*"):
        world.redis.delete(key)
    assert world.tick() == []
    world.pass_time(11)
    handed = world.tick()
    assert sorted(handed) == sorted(f"{t.event_id}.{name}" for t in announced for name in ("one", "two"))
    for id_ in handed:
        world.deliverer.deliver(id_)
    assert set(world.states().values()) == {"done"}


def test_a_long_queue_is_not_handed_over_again(world: World) -> None:
    """Ten minutes of backlog must not multiply its own jobs."""
    for _ in range(5):
        world.accept(feedback_event())
    world.pass_time(60)
    assert world.tick() == []
    assert len(world.queue) == 10


def test_a_job_that_was_lost_from_a_busy_queue_is_overtaken_and_handed_over_again(world: World) -> None:
    lost = world.accept(feedback_event())
    world.queue.empty()
    world.pass_time(30)
    for _ in range(3):
        world.accept(feedback_event())
    first_job, *_ = world.queue.job_ids
    started = world.queue.fetch_job(first_job)
    assert started is not None
    world.deliverer.deliver(started.args[0])
    assert sorted(world.tick()) == [f"{lost.event_id}.one", f"{lost.event_id}.two"]


def test_a_retry_comes_back_at_its_time_and_not_before(world: World) -> None:
    world.connectors["one"].answer = lambda _e, _c: Retry("busy", "server_error")
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    world.run()
    assert world.state(accepted, "one") == "retrying"
    world.deliverer.deliver(id_)
    assert len(world.connectors["one"].seen) == 1, "a second job before its time does nothing"
    world.pass_time(DELAYS[1] * 1.2 + 0.1)
    assert world.tick() == [id_]
    world.connectors["one"].answer = lambda _e, _c: Done({"ok": 1})
    world.deliverer.deliver(id_)
    row = world.records.event(accepted.event_id)
    assert row is not None
    delivery = next(d for d in row["deliveries"] if d["connector"] == "one")
    assert (delivery["state"], delivery["attempts"], delivery["result"]) == ("done", 2, {"ok": 1})
    assert [entry["outcome"] for entry in delivery["attempts_log"]] == ["retrying", "done"]


def test_a_delivery_dies_after_the_published_attempts_and_can_be_replayed(world: World) -> None:
    world.connectors["one"].answer = lambda _e, _c: Retry("down", "server_error")
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    world.run()
    for delay in DELAYS[1:]:
        world.pass_time(delay * 1.2 + 1)
        # The ledger's own age limit is three days; the published table ends before.
        assert id_ in world.tick()
        world.run()
        world.deliverer.deliver(id_)
    assert world.state(accepted, "one") == "dead"
    assert len(world.connectors["one"].seen) == len(DELAYS)
    world.connectors["one"].answer = lambda _e, _c: Done()
    assert Replayer(world.ledger).replay(id_) == "queued"
    world.run()
    assert world.state(accepted, "one") == "done"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Skipped("no text"), "skipped"), (Failed("gone", "not_found"), "dead"), (Done(), "done")],
)
def test_an_outcome_ends_the_delivery(world: World, outcome: Outcome, state: str) -> None:
    world.connectors["one"].answer = lambda _e, _c: outcome
    accepted = world.accept(feedback_event())
    world.run()
    assert world.state(accepted, "one") == state
    assert world.redis.zcard(f"{world.ledger.prefix}due") == 0
    assert list(world.redis.scan_iter(f"{world.ledger.prefix}line:*")) == []
    assert list(world.redis.scan_iter(f"{world.ledger.prefix}hold:*")) == []


def test_a_crashing_connector_is_retried_and_its_words_hold_no_secret(world: World) -> None:
    def crash(_event: Event, _context: Context) -> Outcome:
        raise RuntimeError("https://x/planted-secret refused")

    world.connectors["one"].answer = crash
    accepted = world.accept(feedback_event())
    world.run()
    event = world.records.event(accepted.event_id)
    assert event is not None
    delivery = next(d for d in event["deliveries"] if d["connector"] == "one")
    assert (delivery["state"], delivery["reason"]) == ("retrying", "crashed")
    assert "refused" in delivery["error"]
    assert "planted-secret" not in str(event)
    assert world.state(accepted, "two") == "done", "a connector's failure stays its own"


def test_deliveries_of_one_entity_run_in_the_order_of_the_events(world: World) -> None:
    later, earlier = status_event(7, 5), status_event(7, 2)
    second, first = world.accept(later), world.accept(earlier)
    world.run()
    assert world.connectors["one"].seen == [first.event_id, second.event_id]


def test_an_empty_ledger_remembers_nothing_that_came_before_it(world: World, redis: Redis) -> None:
    """Be it new or wiped; ABC's clock may be a little ahead of Redis's."""
    found: list[list[bool]] = []
    ages: list[float] = []

    def ask(_event: Event, context: Context) -> Outcome:
        now = context.now()
        found.append([context.remembers(now + seconds) for seconds in (-7000, -3597, -3590, 0, 6)])
        ages.append(now - context.born)
        return Done()

    world.connectors["one"].answer = ask
    world.accept(feedback_event())
    world.run()  # before the clock has ticked for the first time
    world.tick()
    redis.set(f"fb:{INSTANCE}:born", int(redis.get(f"fb:{INSTANCE}:born") or 0) - 3_600_000)
    world.accept(feedback_event())
    world.run()
    assert found == [[False, False, False, False, True], [False, False, True, True, True]]
    assert ages == [pytest.approx(0, abs=60), pytest.approx(3600, abs=60)]


def test_a_failing_delivery_holds_back_only_its_own_entity_and_connector(world: World) -> None:
    def busy(event: Event, _context: Context) -> Outcome:
        return (
            Retry("busy", "server_error")
            if str(event.subject) == "abc:issue:1:7" and event.occurred % 60 == 1
            else Done()
        )

    world.connectors["one"].answer = busy
    first, second = world.accept(status_event(7, 1)), world.accept(status_event(7, 2))
    other = world.accept(status_event(8, 3))
    world.run()
    assert world.state(first, "one") == "retrying"
    assert world.state(second, "one") == "queued"
    assert {world.state(first, "two"), world.state(second, "two"), world.state(other, "one")} == {"done"}
    world.connectors["one"].answer = lambda _e, _c: Done()
    world.pass_time(7)
    for id_ in world.tick():
        world.deliverer.deliver(id_)
    world.run()
    assert world.state(second, "one") == "done"
    assert world.connectors["one"].seen[-2:] == [first.event_id, second.event_id]


def test_notes_outlive_a_killed_worker_and_end_with_success(world: World) -> None:
    class Killed(BaseException):
        pass

    def first_try(_event: Event, context: Context) -> Outcome:
        context.keep(paid="yes")
        raise Killed

    world.connectors["one"].answer = first_try
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    with pytest.raises(Killed):
        world.deliverer.deliver(id_)
    found: list[Any] = []

    def second_try(_event: Event, context: Context) -> Outcome:
        found.append(dict(context.notes))
        return Done({"made": 1})

    world.connectors["one"].answer = second_try
    world.pass_time(16)
    assert id_ in world.tick()
    world.deliverer.deliver(id_)
    assert found == [{"paid": "yes"}]
    Replayer(world.ledger).replay(id_)
    world.deliverer.deliver(id_)
    assert found[1] == {"done": {"made": 1}}, "a replay of what is done knows what was done"


def test_a_finished_delivery_is_forgotten_after_its_time_and_its_event_with_it(world: World) -> None:
    world.accept(feedback_event())
    world.run()
    world.pass_time(29 * 86_400)
    world.tick()
    assert len(world.states()) == 2
    world.pass_time(2 * 86_400)
    world.tick()
    left = {key.decode() for key in world.redis.scan_iter(f"{world.ledger.prefix}*")}
    hours = {key for key in left if key.startswith(f"{world.ledger.prefix}hours:")}
    assert all(0 < world.redis.ttl(key) <= 8 * 86_400 for key in hours), "Redis removes them by itself"
    assert left - hours <= {
        f"{world.ledger.prefix}{name}"
        for name in (
            "counts",
            "workers",
            "clock",
            "watermark",
            "positions",
            "names",
            "arrivals",
            "born",
            "remembers",
            "last",
        )
    }


def test_a_record_of_a_newer_version_is_left_alone(world: World) -> None:
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    world.redis.hset(f"{world.ledger.prefix}delivery:{id_}", "v", 2)
    world.run()
    world.pass_time(60)
    assert id_ not in world.tick()
    assert world.ledger.lease(id_, "me") == "foreign"
    assert world.ledger.replay(id_) == "foreign"
    assert world.state(accepted, "one") == "queued"


def test_a_connector_that_was_switched_off_keeps_its_deliveries_waiting(world: World) -> None:
    accepted = world.accept(feedback_event())
    del world.connectors["one"]
    world.deliverer = world.worker()
    world.run()
    assert world.state(accepted, "one") == "retrying"


def test_only_one_worker_ticks_at_a_time_and_all_are_seen_alive(world: World) -> None:
    world.accept(feedback_event())
    world.queue.empty()
    world.pass_time(11)
    key = world.queue.key
    assert len(world.ledger.tick("a", key) or []) == 2
    assert world.ledger.tick("b", key) is None
    assert world.records.health()["workers"] == 2
    world.ledger.leave("b")
    assert world.records.health()["workers"] == 1


def test_a_worker_is_counted_while_its_job_loop_turns(world: World) -> None:
    """Not longer than 15 s after its last sign of life, whatever its other threads do."""
    world.ledger.tick("a", world.queue.key)
    workers = f"{world.ledger.prefix}workers"
    for seconds, counted in ((0, 1), (14, 1), (16, 0), (25 * 60, 0)):
        world.redis.zadd(workers, {"a": (world.redis.time()[0] - seconds) * 1000})
        assert world.records.health()["workers"] == counted, seconds
    world.ledger.tick("a", world.queue.key, alive=False)
    assert world.records.health()["workers"] == 0


def test_a_clock_shows_no_sign_of_life_for_a_job_loop_that_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulse = Pulse()
    clock = Clock(world.ledger, world.queue, "a", 30, pulse)
    started = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: started + 11)
    clock.tick()
    assert world.records.health()["workers"] == 0
    pulse.beat()
    clock.tick()
    assert world.records.health()["workers"] == 1


def test_a_filtered_delivery_is_shown_as_skipped_and_has_no_job(world: World) -> None:
    with world.redis.pipeline() as pipeline:
        event = parse(feedback_event(), INSTANCE)
        planned = [Planned("one", "skipped", "left out")]
        world.ledger.accept(event, planned, {"state": "accepted"}, extend=False, on=pipeline)
        pipeline.execute()
    assert world.states() == {f"{event.id}.one": "skipped"}
    assert world.redis.zcard(f"{world.ledger.prefix}due") == 0


def test_what_happened_in_the_same_moment_stays_in_the_order_in_which_it_came(world: World) -> None:
    states = ["A", "B", "C", "D", "E"]
    announced = [world.accept(status_event(9, 4, "INIT", status)).event_id for status in states]
    world.run()
    assert world.connectors["one"].seen == announced


def test_a_delivery_that_fails_outside_its_connector_is_recorded_and_gives_its_slot_back(world: World) -> None:
    def not_a_place(_event: Event) -> Destination:
        raise RuntimeError("no such place")

    one = world.connectors["one"]
    one.destination = not_a_place  # type: ignore[method-assign]
    for _ in range(20):  # more than there are slots
        accepted = world.accept(feedback_event())
        world.run()
        assert world.state(accepted, "one") == "retrying"
    event = world.records.event(accepted.event_id)
    assert event is not None
    assert "RuntimeError: no such place" in next(d for d in event["deliveries"] if d["connector"] == "one")["error"]


def test_a_reason_with_half_a_character_can_be_stored(world: World) -> None:
    accepted = world.accept(feedback_event())
    lease = world.ledger.lease(f"{accepted.event_id}.one", "me")
    assert isinstance(lease, Lease)
    became = Transition("dead", 1, "they said \ud83d", "client_error")
    world.ledger.settle(lease, "dead", fields_of(lease, became, 0.1, Redactor()), {})
    event = world.records.event(accepted.event_id)
    assert event is not None
    assert [d["error"] for d in event["deliveries"] if d["connector"] == "one"] == ["they said ?"]


def test_an_outcome_with_half_a_character_is_recorded(world: World) -> None:
    world.connectors["one"].answer = lambda _e, _c: Done({"said": "\ud83d"})
    accepted = world.accept(feedback_event())
    world.run()
    assert world.state(accepted, "one") == "done"


def test_what_keeps_costing_workers_waits_longer_and_ends_as_a_dead_letter(world: World) -> None:
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    losses = 0
    while world.state(accepted, "one") != "dead":
        assert isinstance(world.ledger.lease(id_, f"killed {losses}", early=True), Lease)
        losses += 1
        world.pass_time(16)
        world.tick()
    assert losses == 10
    assert list(world.redis.scan_iter(f"{world.ledger.prefix}line:one:*")) == []
    assert Replayer(world.ledger).replay(id_) == "queued"


def test_a_worker_that_is_lost_twice_costs_no_extra_wait(world: World) -> None:
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    for number in range(2):
        assert isinstance(world.ledger.lease(id_, f"killed {number}"), Lease)
        world.pass_time(16)
        assert id_ in world.tick()


def test_the_clock_ticks_on_when_redis_own_clock_was_set_back(world: World) -> None:
    accepted = world.accept(feedback_event())
    world.queue.empty()
    world.pass_time(11)
    world.redis.set(f"{world.ledger.prefix}clock", world.now() + 3_600_000, px=3_600_000)
    world.redis.set(f"{world.ledger.prefix}watermark", 10**14)
    assert f"{accepted.event_id}.one" in (world.ledger.tick("worker", world.queue.key) or [])


def test_a_full_redis_still_forgets_what_is_old(world: World) -> None:
    world.accept(feedback_event())
    world.run()
    world.pass_time(31 * 86_400)
    world.redis.config_set("maxmemory", 1)
    try:
        assert world.ledger.forget(30) == 2
    finally:
        world.redis.config_set("maxmemory", 0)
    assert world.states() == {}


# Promises about leases and order


def test_a_thawed_worker_can_not_keep_a_note_while_another_runs_its_delivery(world: World) -> None:
    """Frozen for longer than the lease, then on with its work: it must stop before its effect, and change nothing."""
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    frozen = world.ledger.lease(id_, "frozen")
    assert isinstance(frozen, Lease)
    world.pass_time(16)
    assert id_ in world.tick()
    other = world.ledger.lease(id_, "other")
    assert isinstance(other, Lease)
    world.ledger.keep(other, {"by": "other"})
    key = f"{world.ledger.prefix}delivery:{id_}"
    before = world.redis.hgetall(key)
    for notes in (None, {"by": "frozen"}):
        with pytest.raises(LeaseLost):
            world.ledger.keep(frozen, notes)
    with pytest.raises(LeaseLost):
        world.ledger.add(frozen, "parts", {"a": "frozen"})
    with pytest.raises(LeaseLost):
        world.ledger.settle(frozen, "done", {}, {})
    assert world.redis.hgetall(key) == before
    world.ledger.keep(other, None)


def test_renewing_needs_the_token_of_who_runs_the_delivery(world: World) -> None:
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    assert isinstance(world.ledger.lease(id_, "mine"), Lease)
    key, due = f"{world.ledger.prefix}delivery:{id_}", f"{world.ledger.prefix}due"
    world.pass_time(10)
    before = world.redis.hget(key, "until"), world.redis.zscore(due, id_)
    assert world.ledger.renew([(id_, "another's")]) == {id_}
    assert (world.redis.hget(key, "until"), world.redis.zscore(due, id_)) == before
    assert world.ledger.renew([(id_, "mine")]) == set()
    assert int(world.redis.hget(key, "until")) > int(before[0])


def test_a_lease_lasts_fifteen_seconds_and_a_hand_over_ten(world: World) -> None:
    accepted = world.accept(feedback_event())
    id_ = f"{accepted.event_id}.one"
    world.taken()
    seconds = world.redis.time()[0]
    due = f"{world.ledger.prefix}due"
    assert world.redis.zscore(due, id_) / 1000 == pytest.approx(seconds + 10, abs=1.5)
    assert isinstance(world.ledger.lease(id_, "mine"), Lease)
    assert world.redis.zscore(due, id_) / 1000 == pytest.approx(seconds + 15, abs=1.5)
    [hold] = world.redis.scan_iter(f"{world.ledger.prefix}hold:one:*")
    assert world.redis.pttl(hold) == pytest.approx(15_000, abs=1500)


def test_an_earlier_event_that_arrives_while_a_later_one_runs_waits_for_it(world: World) -> None:
    """The later one can't be stopped any more; two of one entity at the same time could make two tickets."""
    one = world.connectors["one"]
    together: list[str] = []

    def run_and_report(event: Event, _context: Context) -> Outcome:
        together.append(event.id)
        if len(one.seen) == 1:
            first = world.accept(status_event(7, 2)).event_id
            world.worker().deliver(f"{first}.one")
            assert together == [event.id], "the earlier one waits while this one runs"
        return Done()

    one.answer = run_and_report
    later = world.accept(status_event(7, 5))
    world.deliverer.deliver(f"{later.event_id}.one")
    world.run()
    assert len(together) == 2
    assert set(world.states().values()) == {"done"}


# Times of the source


def test_a_time_in_the_future_does_not_put_an_event_behind_all_that_follow(world: World) -> None:
    """Be it a clock that is ahead, or a forged time: the order is never later than Redis's now."""
    body = status_event(7, 1)
    body["data"]["issue"]["updatedAt"] = "2999-01-01T00:00:00.000Z"
    forged = world.accept(body)
    now = world.redis.time()[0]
    orders = {id_: float(world.redis.hget(f"{world.ledger.prefix}delivery:{id_}", "order")) for id_ in world.states()}
    assert max(orders.values()) / 1000 < now + 2
    later = status_event(7, 2)
    later["data"]["issue"]["updatedAt"] = "2999-01-01T00:00:01.000Z"
    follows = world.accept(later)
    world.run()
    assert world.connectors["one"].seen == [forged.event_id, follows.event_id]


def test_a_status_from_the_future_does_not_hide_the_ones_that_follow(world: World) -> None:
    """Reconcile compares with the last known status: its time is never later than Redis's now."""
    statuses = f"{world.ledger.prefix}levels"
    forged = status_event(7, 1, "INIT", "ON_REVIEW")
    forged["data"]["issue"]["updatedAt"] = "2999-01-01T00:00:00.000Z"
    world.accept(forged)
    now = world.redis.time()[0]
    at, _, status = world.redis.hget(statuses, "abc:issue:1:7").decode().split("|")
    assert status == "ON_REVIEW"
    assert int(at) < (now + 2) * 1000
    true = status_event(7, 1, "ON_REVIEW", "RESOLVED")
    true["data"]["issue"]["updatedAt"] = datetime.fromtimestamp(now + 3600, UTC).isoformat()
    world.accept(true)
    assert world.redis.hget(statuses, "abc:issue:1:7").endswith(b"|RESOLVED")


def test_a_status_from_the_future_that_an_older_version_stored_gives_way(world: World) -> None:
    statuses = f"{world.ledger.prefix}levels"
    world.redis.hset(statuses, "abc:issue:1:7", "32472144000000|1000|ON_REVIEW")
    body = status_event(7, 1, "ON_REVIEW", "RESOLVED")
    body["data"]["issue"]["updatedAt"] = datetime.fromtimestamp(world.redis.time()[0] + 60, UTC).isoformat()
    world.accept(body)
    assert world.redis.hget(statuses, "abc:issue:1:7").endswith(b"|RESOLVED")
