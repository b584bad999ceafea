"""Recovery: what waits for a destination, or died because of it, continues when it is back, and never loops."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from connectors.base import Context, Destination, Done, Failed, Outcome, Retry, Skipped
from jobs.ledger.values import Lease
from jobs.replay import Replayer
from sources.base import Event
from tests.jobs.steps import leased
from tests.jobs.world import Recorder, World, feedback_event, status_event


@pytest.fixture
def world(redis: Redis) -> World:
    """`one` needs ABC, and so does `two`; `three` does not."""
    connectors = {name: Recorder(where=Destination(f"{name} #a")) for name in ("one", "two", "three")}
    return World(redis, connectors, {"one": "abc", "two": "abc"})


def down(_event: Event, _context: Context) -> Outcome:
    return Retry("connection refused", "network")


def abc_down(_event: Event, _context: Context) -> Outcome:
    return Retry("ABC: connection refused", "network", at_source=True)


def done(_event: Event, _context: Context) -> Outcome:
    return Done()


def row(world: World, event_id: str, connector: str) -> dict[str, Any]:
    event = world.records.event(event_id)
    assert event is not None
    return next(delivery for delivery in event["deliveries"] if delivery["connector"] == connector)


def pause_of(world: World, destination: str) -> float:
    """For how many seconds the breaker is open from now on."""
    until = int(world.redis.hget(f"{world.ledger.prefix}breaker:{destination}", "until"))
    return (until - world.now()) / 1000


# ABC as a destination of its own


def test_an_outage_of_abc_opens_the_breaker_of_abc_and_no_other(world: World) -> None:
    world.connectors["one"].answer = abc_down
    for _ in range(8):
        world.accept(feedback_event())
    for id_ in world.taken():
        if id_.endswith((".one", ".three")):
            world.deliverer.deliver(id_)
    assert world.records.health()["breakers"] == ["abc"]
    assert len(world.connectors["one"].seen) == 5, "five failures in a row open it"
    assert len(world.connectors["three"].seen) == 8, "a connector that does not need ABC goes on"


def test_while_abc_is_down_nothing_that_needs_it_loses_an_attempt(world: World) -> None:
    world.connectors["one"].answer = world.connectors["two"].answer = abc_down
    for _ in range(5):
        world.accept(feedback_event())
    world.run()
    announced = world.accept(feedback_event())
    world.run()
    for name in ("one", "two"):
        waiting = row(world, announced.event_id, name)
        assert (waiting["state"], waiting["attempts"], waiting["reason"]) == ("retrying", 0, "held")
        assert "abc is not available" in waiting["error"]
    assert row(world, announced.event_id, "three")["state"] == "done"


def test_one_delivery_probes_abc_for_all_connectors_and_brings_them_all_back(world: World) -> None:
    world.connectors["one"].answer = world.connectors["two"].answer = abc_down
    for _ in range(10):
        world.accept(feedback_event())
    world.run()
    for name in ("one", "two"):
        world.connectors[name].seen.clear()
    world.pass_time(4)
    world.run_due()
    assert len(world.connectors["one"].seen) + len(world.connectors["two"].seen) == 1
    world.connectors["one"].answer = world.connectors["two"].answer = done
    world.pass_time(4)
    world.run_due(2)
    assert set(world.states().values()) == {"done"}
    assert world.records.health()["breakers"] == []


def test_a_failure_of_abc_is_not_counted_against_the_destination_and_the_other_way_round(world: World) -> None:
    for answer, opened in ((abc_down, ["abc"]), (down, ["one #a", "two #a"])):
        world.redis.flushall()
        world.connectors["one"].answer = world.connectors["two"].answer = answer
        for _ in range(6):
            world.accept(feedback_event())
        world.run()
        assert world.records.health()["breakers"] == opened


@pytest.mark.parametrize("reason", ["not_found", "client_error"])
def test_a_refusal_by_abc_shows_that_abc_answers_and_nothing_about_the_destination(world: World, reason: Any) -> None:
    world.connectors["one"].answer = down
    for _ in range(6):
        world.accept(feedback_event())
    world.run()
    world.connectors["one"].answer = lambda _e, _c: Failed("deleted", reason, at_source=True)
    world.pass_time(4)
    world.run_due()
    assert world.records.health()["breakers"] == ["one #a"]


# Waking


def test_the_first_success_wakes_what_is_held_and_what_is_in_the_retry_schedule(world: World) -> None:
    one = world.connectors["one"]
    one.answer = down
    announced = [world.accept(feedback_event()) for _ in range(20)]
    world.run()
    world.pass_time(6)
    world.run_due()  # one probe; five are further along their schedule, 14 are held
    one.answer = done
    world.pass_time(4)
    world.run_due(2)
    assert {world.state(accepted, "one") for accepted in announced} == {"done"}


def test_what_is_woken_goes_at_the_rate_of_the_destination(redis: Redis) -> None:
    world = World(redis, {"one": Recorder(where=Destination("one #a", per_second=1, burst=5), answer=down)})
    for _ in range(12):
        world.accept(feedback_event())
    world.run()
    one = world.connectors["one"]
    one.answer = done
    one.seen.clear()
    world.pass_time(10)
    world.run_due(2)
    assert 5 <= len(one.seen) <= 7, "the probe and a burst"
    for _ in range(8):
        world.pass_time(1.1)
        world.run_due()
    assert set(world.states().values()) == {"done"}


def test_a_failed_probe_costs_no_attempt_of_the_schedule(world: World) -> None:
    """An outage of hours leaves every delivery at the start of its schedule."""
    one = world.connectors["one"]
    one.answer = down
    for _ in range(12):
        world.accept(feedback_event())
    world.run()
    one.seen.clear()
    for _ in range(60):
        world.pass_time(40)
        world.run_due()
    assert len(one.seen) >= 50
    keys = world.redis.scan_iter(f"{world.ledger.prefix}delivery:*.one")
    assert max(int(world.redis.hget(key, "position")) for key in keys) <= 1
    assert {state for id_, state in world.states().items() if id_.endswith(".one")} == {"retrying"}


def test_those_who_wait_do_not_poll(world: World) -> None:
    """However many wait, in each pause of the breaker the clock starts one of them."""
    world.connectors["one"].answer = down
    for _ in range(40):
        world.accept(feedback_event())
    world.run()
    prefix = world.ledger.prefix
    keys = [
        key for key in world.redis.scan_iter(f"{prefix}delivery:*.one") if world.redis.hget(key, "reason") == b"held"
    ]
    waits = [int(world.redis.hget(key, "next")) - int(world.redis.hget(key, "updated")) for key in keys]
    assert len(waits) == 35
    assert min(waits) >= 30_000, "by themselves they look again after half a minute only"
    due = [id_.decode() for id_ in world.redis.zrange(f"{prefix}due", 0, -1) if id_.endswith(b".one")]
    later = world.now() + 600_000
    for _ in range(3):
        world.redis.zadd(f"{prefix}due", dict.fromkeys(due, later))  # apart from what is due by itself
        world.pass_time(4)
        [probe] = [id_ for id_ in world.tick() if id_.endswith(".one")]
        world.deliverer.deliver(probe)


def test_a_delivery_that_fails_by_itself_keeps_to_its_schedule(world: World) -> None:
    """Without an outage the successes of others do not bring it back: 0, 5, 30 s."""
    poison = world.accept(feedback_event()).event_id
    one = world.connectors["one"]
    one.answer = lambda event, _c: Retry("500", "server_error") if event.id == poison else Done()

    def others_succeed() -> None:
        for _ in range(5):
            world.accept(feedback_event())
            world.run()
            world.run_due()

    others_succeed()
    assert one.seen.count(poison) == 1
    for attempts, seconds in ((2, 6.5), (3, 37)):
        world.pass_time(seconds)
        others_succeed()
        assert one.seen.count(poison) == attempts


def test_outages_bring_a_poison_payload_back_one_step_early_at_most(world: World) -> None:
    """A destination that comes and goes must not use up its attempts: the schedule starts with 0, 5, 30 and 120 s."""
    poison = world.accept(feedback_event()).event_id
    one = world.connectors["one"]

    def come_and_go() -> None:
        one.answer = down
        for _ in range(5):
            world.accept(feedback_event())
            world.run()
        assert world.records.health()["breakers"] == ["one #a"]
        world.redis.hset(f"{world.ledger.prefix}breaker:one #a", "until", 1)
        one.answer = lambda event, _c: Retry("500", "server_error") if event.id == poison else Done()
        world.accept(feedback_event())
        world.run()
        world.run_due(2)
        assert world.records.health()["breakers"] == []

    one.answer = lambda event, _c: Retry("500", "server_error") if event.id == poison else Done()
    world.run()
    for attempts, seconds in ((2, 0), (3, 5.5), (4, 30.5)):
        world.pass_time(seconds)
        for _ in range(4):
            come_and_go()
        assert one.seen.count(poison) <= attempts
    assert row(world, poison, "one")["state"] == "retrying"


def test_a_probe_that_shows_nothing_lets_others_probe(world: World) -> None:
    one = world.connectors["one"]
    one.answer = down
    for _ in range(30):
        world.accept(feedback_event())
    world.run()
    one.answer = lambda _e, _c: Skipped("no text") if len(one.seen) < 25 else Done()
    for _ in range(12):
        world.pass_time(4)
        world.run_due()
    assert world.records.health()["breakers"] == []
    assert {state for id_, state in world.states().items() if id_.endswith(".one")} == {"skipped", "done"}


def test_a_probe_whose_worker_was_killed_makes_room_after_a_minute(world: World) -> None:
    one = world.connectors["one"]
    one.answer = down
    announced = [world.accept(feedback_event()) for _ in range(7)]
    world.run()
    prefix, destination = world.ledger.prefix, one.where.name
    world.redis.hset(f"{prefix}breaker:{destination}", "until", 1)
    killed, other = (leased(world, f"{accepted.event_id}.one") for accepted in announced[:2])

    def admit(lease: Lease) -> str:
        return world.ledger.admit(lease, destination, 0, 1, "").because

    assert admit(killed) == "probe"
    assert admit(other) == "open"
    world.pass_time(59)
    assert admit(other) == "open"
    world.pass_time(2)
    assert admit(other) == "probe"
    assert admit(killed) == "open"


# The breaker's numbers, as published


@pytest.mark.parametrize(
    ("away", "waiting", "seconds"),
    [
        (0, 9, 3), (100, 9, 3), (600, 9, 10), (86_400, 9, 30),  # many wait
        (20, 4, 3), (200, 4, 20), (86_400, 4, 300),
    ],
)  # fmt: skip
def test_the_pause_grows_with_the_outage(redis: Redis, away: float, waiting: int, seconds: float) -> None:
    world = World(redis, {"one": Recorder(where=Destination("one #a"), answer=down)})
    for _ in range(waiting):
        world.accept(feedback_event())
    world.run()
    if waiting < 5:  # so few open it when they have failed twice
        world.pass_time(7)
        world.run_due()
    assert pause_of(world, "one #a") == pytest.approx(3, abs=0.5)
    world.pass_time(away)
    if away:
        world.redis.hset(f"{world.ledger.prefix}breaker:one #a", "until", 1)
        world.run_due()
    assert pause_of(world, "one #a") == pytest.approx(seconds, rel=0.1, abs=0.5)


def test_a_quota_is_asked_for_again_after_a_quarter_of_an_hour(world: World) -> None:
    world.connectors["one"].answer = lambda _e, _c: Failed("the quota is used up", "quota")
    world.accept(feedback_event())
    world.run()
    assert pause_of(world, "one #a") == pytest.approx(900, abs=1)


def test_five_failures_open_a_breaker_and_four_do_not(world: World) -> None:
    world.connectors["one"].answer = down
    for _ in range(4):
        world.accept(feedback_event())
    world.run()
    assert world.records.health()["breakers"] == []
    world.accept(feedback_event())
    world.run()
    assert world.records.health()["breakers"] == ["one #a"]


def test_a_success_between_starts_the_count_again(world: World) -> None:
    one = world.connectors["one"]
    for answer in (down, down, down, down, done, down, down, down, down):
        one.answer = answer
        world.accept(feedback_event())
        world.run()
    assert world.records.health()["breakers"] == []


def test_a_breaker_for_which_nobody_waits_is_forgotten_after_an_hour(world: World) -> None:
    """Its channel was renamed, for example: nothing goes there any more that could close it."""
    one = world.connectors["one"]
    one.answer = down
    announced = [world.accept(feedback_event()) for _ in range(5)]
    world.run()
    one.where = Destination("one #renamed")
    one.answer = done
    for accepted in announced:
        Replayer(world.ledger).replay(f"{accepted.event_id}.one")
    world.run()
    assert world.records.health()["breakers"] == ["one #a"]
    world.pass_time(3590)
    world.tick()
    assert world.records.health()["breakers"] == ["one #a"]
    world.pass_time(20)
    world.tick()
    assert world.records.health()["breakers"] == []


# Dead letters


def refused(_event: Event, _context: Context) -> Outcome:
    return Failed("401: the key is wrong", "auth")


@pytest.mark.parametrize("reason", ["auth", "config", "timeout", "network", "server_error", "ambiguous"])
def test_dead_letters_of_a_cause_that_is_gone_are_replayed(world: World, reason: Any) -> None:
    one = world.connectors["one"]
    one.answer = lambda _e, _c: Failed("refused", reason)
    announced = [world.accept(feedback_event()) for _ in range(3)]
    world.run()
    assert {world.state(accepted, "one") for accepted in announced} == {"dead"}
    one.answer = done
    world.accept(feedback_event())
    world.pass_time(4)
    world.run_due(3)
    assert {world.state(accepted, "one") for accepted in announced} == {"done"}
    assert {world.state(accepted, "two") for accepted in announced} == {"done"}
    assert len(world.connectors["two"].seen) == 4, "nothing else is repeated"


@pytest.mark.parametrize("reason", ["client_error", "not_found", "not_yet", "crashed"])
def test_a_dead_letter_that_is_to_blame_itself_stays_dead(world: World, reason: Any) -> None:
    one = world.connectors["one"]
    one.answer = lambda _e, _c: Failed("refused", reason)
    announced = world.accept(feedback_event())
    world.run()
    one.answer = done
    world.accept(feedback_event())
    world.run()
    world.pass_time(100_000)
    world.run_due(3)
    assert world.state(announced, "one") == "dead"


def test_dead_letters_of_abc_are_replayed_when_any_connector_reaches_abc(world: World) -> None:
    world.connectors["one"].answer = lambda _e, _c: Failed("ABC: the API key is wrong", "auth", at_source=True)
    world.connectors["two"].answer = world.connectors["one"].answer
    announced = world.accept(feedback_event())
    world.run()
    assert [world.state(announced, name) for name in ("one", "two", "three")] == ["dead", "dead", "done"]
    world.connectors["one"].answer = world.connectors["two"].answer = done
    world.accept(feedback_event())
    world.run()
    world.run_due(2)
    assert [world.state(announced, name) for name in ("one", "two", "three")] == ["done", "done", "done"]
    assert len(world.connectors["three"].seen) == 2


def test_what_gave_up_after_three_days_of_outage_is_replayed_when_it_ends(world: World) -> None:
    one = world.connectors["one"]
    one.answer = down
    announced = [world.accept(feedback_event()) for _ in range(6)]
    world.run()
    world.pass_time(4 * 86_400)
    for _ in range(8):
        world.pass_time(400)
        world.run_due()
    assert {world.state(accepted, "one") for accepted in announced} == {"dead"}
    one.answer = done
    world.pass_time(400)
    world.accept(feedback_event())
    world.run()
    world.run_due(2)
    assert {world.state(accepted, "one") for accepted in announced} == {"done"}


def test_a_dead_letter_is_healed_five_times_at_most_and_later_each_time(world: World) -> None:
    """At once, then after 10 minutes, 1 hour, 6 hours and 24 hours; then only a person replays it."""
    one = world.connectors["one"]
    one.answer = refused
    poison = world.accept(feedback_event()).event_id
    world.run()
    one.answer = lambda event, _c: Failed("403", "auth") if event.id == poison else Done()
    one.seen.clear()

    def others_succeed() -> None:
        world.accept(feedback_event())
        world.run()
        world.run_due(2)

    for number, seconds in enumerate((0, 600, 3600, 6 * 3600, 24 * 3600)):
        if seconds:
            world.pass_time(seconds - 5)
            others_succeed()
            assert one.seen.count(poison) == number, "not before its time"
            world.pass_time(10)
        for _ in range(5):
            others_succeed()
        assert one.seen.count(poison) == number + 1
    world.pass_time(20 * 86_400)
    others_succeed()
    assert one.seen.count(poison) == 5
    assert Replayer(world.ledger).replay(f"{poison}.one") == "queued"
    world.run()
    others_succeed()
    assert one.seen.count(poison) == 7, "a replay by an operator starts the count again"


def test_a_dead_letter_goes_on_at_the_start_of_its_schedule_with_its_notes(world: World) -> None:
    def keep_and_fail(_event: Event, context: Context) -> Outcome:
        context.keep(paid="yes")
        return Retry("503", "server_error")

    found: list[Any] = []

    def look(_event: Event, context: Context) -> Outcome:
        found.append(dict(context.notes))
        return Retry("503", "server_error")

    one = world.connectors["one"]
    one.answer = keep_and_fail
    announced = world.accept(feedback_event())
    id_ = f"{announced.event_id}.one"
    for _ in range(8):
        world.run()
        world.pass_time(100_000)
        world.run_due()
    assert world.state(announced, "one") == "dead"
    one.answer = look
    Replayer(world.ledger).replay(id_)
    world.run()
    assert found == [{"paid": "yes"}]
    assert world.redis.hget(f"{world.ledger.prefix}delivery:{id_}", "position") in (b"0", b"1")
    assert world.state(announced, "one") == "retrying"


def test_a_healed_delivery_takes_its_turn_in_the_line_of_its_entity(world: World) -> None:
    one = world.connectors["one"]
    one.answer = refused
    first = world.accept(status_event(7, 1))
    world.run()
    one.answer = down
    second = world.accept(status_event(7, 2, "ON_REVIEW", "RESOLVED"))
    world.run()
    one.answer = done
    one.seen.clear()
    world.accept(feedback_event())
    world.run()
    world.pass_time(7)
    world.run_due(3)
    assert [id_ for id_ in one.seen if id_ in (first.event_id, second.event_id)] == [first.event_id, second.event_id]


def test_heal_brings_back_a_destination_or_all_of_a_connector_and_closes_the_wait(world: World) -> None:
    one, replayer = world.connectors["one"], Replayer(world.ledger)
    one.answer = refused
    dead = [world.accept(feedback_event()) for _ in range(2)]
    world.run()
    one.where = Destination("one #b")
    one.answer = down
    waiting = [world.accept(feedback_event()) for _ in range(9)]
    world.run()
    assert replayer.heal("on") == 0, "a part of a name is no name"
    assert replayer.heal("two") == 0
    one.answer = done
    assert replayer.heal("one #a") == 2
    assert replayer.heal("one") == 9
    assert replayer.heal("one") == 0
    world.run_due(3)
    assert {world.state(accepted, "one") for accepted in (*dead, *waiting)} == {"done"}


def test_heal_at_every_check_does_not_make_a_poison_payload_spin(world: World) -> None:
    one = world.connectors["one"]
    one.answer = refused
    world.accept(feedback_event())
    world.run()
    one.seen.clear()
    for _ in range(30):
        Replayer(world.ledger).heal("one")
        world.run_due(2)
        world.pass_time(30)
    assert len(one.seen) == 2, "at once, and after ten minutes"


def test_the_record_shows_who_is_down_and_what_waits(world: World) -> None:
    world.connectors["one"].answer = down
    world.connectors["three"].answer = refused
    for _ in range(7):
        world.accept(feedback_event())
    world.run()
    rows = {row["destination"]: row for row in world.records.recovery()}
    assert (rows["one #a"]["open"], rows["one #a"]["waiting"], rows["one #a"]["dead"]) == (True, 7, 0)
    assert (rows["three #a"]["open"], rows["three #a"]["waiting"], rows["three #a"]["dead"]) == (False, 0, 7)
    assert rows["one #a"]["why"] == "down"
    assert rows["one #a"]["since"] == pytest.approx(world.now(), abs=60_000)


def test_what_is_forgotten_leaves_nothing_behind(world: World) -> None:
    world.connectors["one"].answer = refused
    world.accept(feedback_event())
    world.run()
    assert world.redis.exists(f"{world.ledger.prefix}dead:one #a")
    world.pass_time(31 * 86_400)
    world.tick()
    for name in ("dead:one #a", "waiting"):
        assert not world.redis.exists(f"{world.ledger.prefix}{name}"), name
