"""Flow control: one limit and one breaker for each destination, over all workers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

import pytest
from redis import Redis

from connectors.base import Context, Destination, Done, Failed, Outcome, Reason, Retry, Skipped
from jobs.delivery import flow
from jobs.delivery.flow import Go, Hold, conditions_of, recovery_of, states_of, system_of
from jobs.ledger.values import Recovery
from sources.base import Event
from tests.jobs.steps import key_of, leased, now_ms
from tests.jobs.world import Recorder, World, feedback_event


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder(), "two": Recorder()})


def row(world: World, id_: str) -> dict[str, object]:
    event = world.records.event(id_.partition(".")[0])
    assert event is not None
    return next(delivery for delivery in event["deliveries"] if delivery["id"] == id_)


def test_a_burst_goes_out_at_the_destinations_rate_and_loses_nothing(redis: Redis) -> None:
    world = World(redis, {"one": Recorder(where=Destination("channel", per_second=0.5, burst=2))})
    for _ in range(6):
        world.accept(feedback_event())
    world.run()
    seen = world.connectors["one"].seen
    assert len(seen) == 2
    for expected in (3, 4, 5, 6):
        world.pass_time(2.3)
        for id_ in world.tick():
            world.deliverer.deliver(id_)
        assert len(seen) == expected
    assert set(world.states().values()) == {"done"}


def test_waiting_for_the_rate_costs_no_attempt(redis: Redis) -> None:
    world = World(redis, {"one": Recorder(where=Destination("channel", per_second=0.1))})
    first, second = world.accept(feedback_event()), world.accept(feedback_event())
    world.run()
    assert world.state(first, "one") == "done"
    waiting = row(world, f"{second.event_id}.one")
    assert (waiting["state"], waiting["attempts"], waiting["reason"]) == ("retrying", 0, "held")
    assert waiting["attempts_log"] == []


def test_a_destination_that_is_down_is_left_alone_probed_by_one_and_comes_back(world: World) -> None:
    one = world.connectors["one"]
    one.answer = lambda _e, _c: Retry("no answer", "timeout")
    announced = [world.accept(feedback_event()) for _ in range(12)]
    world.run()
    assert len(one.seen) == 5, "after five failures in a row the others are held"
    assert {world.state(accepted, "two") for accepted in announced} == {"done"}, "other destinations do not notice"
    assert world.records.health()["breakers"] == [one.where.name]

    world.pass_time(4)
    one.seen.clear()
    world.run_due()
    assert len(one.seen) == 1, "one probe"
    world.pass_time(4)
    one.seen.clear()
    one.answer = lambda _e, _c: Done()
    world.run_due(2)
    assert sorted(one.seen) == sorted(accepted.event_id for accepted in announced)
    assert world.records.health()["breakers"] == []
    assert not world.redis.exists(f"{world.ledger.prefix}breaker:{one.where.name}")


def test_those_who_wait_for_a_probe_look_again_soon(world: World) -> None:
    """The probe is over in a moment; its key, which outlives a killed worker's, is not what to wait for."""
    one = world.connectors["one"]
    one.answer = lambda _e, _c: Retry("no answer", "timeout")
    announced = [world.accept(feedback_event()) for _ in range(8)]
    world.run()
    world.pass_time(700)
    first, *others = world.tick()
    one.seen.clear()

    def probe(_event: Event, _context: Context) -> Outcome:
        if len(one.seen) == 1:
            for id_ in others:  # come to another worker meanwhile
                world.worker().deliver(id_)
        return Done()

    one.answer = probe
    world.deliverer.deliver(first)
    world.pass_time(6)
    for id_ in world.tick():
        world.deliverer.deliver(id_)
    assert {world.state(accepted, "one") for accepted in announced} == {"done"}


def test_a_used_up_quota_stops_the_destination_at_once_and_kills_nothing(world: World) -> None:
    one = world.connectors["one"]
    one.answer = lambda _e, _c: Failed("the quota is used up", "quota")
    announced = [world.accept(feedback_event()) for _ in range(3)]
    world.run()
    assert len(one.seen) == 1
    assert {world.state(accepted, "one") for accepted in announced} == {"retrying"}
    one.answer = lambda _e, _c: Done()
    world.pass_time(1100)
    for _ in range(2):
        for id_ in world.tick():
            world.deliverer.deliver(id_)
        world.pass_time(100)
    assert {world.state(accepted, "one") for accepted in announced} == {"done"}


def test_a_destination_that_asks_for_a_pause_gets_it_from_everyone(world: World) -> None:
    one = world.connectors["one"]
    one.answer = lambda _e, _c: Retry("429", "rate_limited", 30)
    for _ in range(4):
        world.accept(feedback_event())
    world.run()
    assert len(one.seen) == 1


@pytest.mark.parametrize(("asked", "pause"), [(25, 25), (100_000, 3600)])
def test_a_destination_that_is_down_is_not_probed_before_the_time_that_it_asks_for(
    world: World, asked: float, pause: float
) -> None:
    """And no delivery is sent again before it: neither as a probe nor when another one succeeds."""
    one = world.connectors["one"]
    one.answer = lambda _e, _c: Retry("503", "server_error", asked)
    announced = [world.accept(feedback_event()) for _ in range(8)]
    world.run()
    for _ in range(2):
        one.seen.clear()
        world.pass_time(pause - 2)
        world.run_due()
        assert one.seen == [], "it asked for a longer pause"
        world.pass_time(3)
        world.run_due()
        assert len(one.seen) == 1, "one probe"
    one.seen.clear()
    one.answer = lambda _e, _c: Done()
    world.pass_time(pause * 1.3)
    world.run_due(3)
    assert {world.state(accepted, "one") for accepted in announced} == {"done"}


def test_a_success_does_not_wake_a_delivery_before_the_time_that_it_was_asked_for(world: World) -> None:
    one = world.connectors["one"]
    asked = world.accept(feedback_event())
    one.answer = lambda event, _c: Retry("503", "server_error", 600 if event.id == asked.event_id else None)
    for _ in range(5):
        world.accept(feedback_event())
    world.run()
    lease = leased(world)
    one.answer = lambda _e, _c: Done()
    world.ledger.settle(lease, "done", {}, {}, 0, [(one.where.name, "up")])  # sent before the breaker opened
    one.seen.clear()
    world.run_due()
    world.pass_time(590)
    world.run_due()
    assert asked.event_id not in one.seen
    world.pass_time(140)
    world.run_due()
    assert asked.event_id in one.seen


def test_a_refusal_of_one_delivery_does_not_open_the_breaker(world: World) -> None:
    one = world.connectors["one"]
    one.answer = lambda _e, _c: Failed("400", "client_error")
    for _ in range(9):
        world.accept(feedback_event())
    world.run()
    assert len(one.seen) == 9


@dataclass
class Reporter(Recorder):
    """A connector that delivers a crowd in one message."""

    crowd: int = 3
    together: list[list[str]] = field(default_factory=list)

    def gather(self, announced: Sequence[tuple[Event, Context]]) -> list[Outcome]:
        self.together.append([event.id for event, _ in announced])
        return [self.answer(event, context) for event, context in announced]


def test_a_crowd_is_reported_together_once_each_and_the_rate_is_given_back(redis: Redis) -> None:
    reporter = Reporter(where=Destination("channel", per_second=1))
    world = World(redis, {"one": reporter})
    announced = [world.accept(feedback_event()) for _ in range(8)]
    world.run()
    assert (len(reporter.seen), reporter.together) == (1, []), "the first goes at once, the others wait for their turn"
    world.pass_time(1.3)
    for id_ in world.tick():
        world.deliverer.deliver(id_)
    assert [len(crowd) for crowd in reporter.together] == [7]
    assert set(world.states().values()) == {"done"}
    assert sorted([*reporter.seen, *reporter.together[0]]) == sorted(accepted.event_id for accepted in announced)
    later = world.accept(feedback_event())
    world.pass_time(3)
    world.run()
    assert world.state(later, "one") == "done", "nobody waits for turns that were given back"


def test_a_digest_that_fails_is_retried_by_each_on_its_own(redis: Redis) -> None:
    reporter = Reporter(
        where=Destination("channel", per_second=1), answer=lambda _e, _c: Retry("no answer", "ambiguous")
    )
    world = World(redis, {"one": reporter})
    announced = [world.accept(feedback_event()) for _ in range(5)]
    world.run()
    world.pass_time(1.3)
    for id_ in world.tick():
        world.deliverer.deliver(id_)
    assert {world.state(accepted, "one") for accepted in announced} == {"retrying"}
    assert row(world, f"{announced[4].event_id}.one")["attempts"] == 1


def test_a_probe_that_shows_nothing_about_the_destination_lets_the_next_one_probe(world: World) -> None:
    one = world.connectors["one"]
    one.answer = lambda _e, _c: Retry("no answer", "timeout")
    for _ in range(8):
        world.accept(feedback_event())
    world.run()
    world.pass_time(700)
    one.seen.clear()
    one.answer = lambda _e, _c: Skipped("no text") if len(one.seen) < 3 else Done()
    for id_ in world.tick():
        world.deliverer.deliver(id_)
    assert len(one.seen) == 8
    assert world.records.health()["breakers"] == []


def test_a_long_crowd_is_served_at_the_rate_and_not_slower(redis: Redis) -> None:
    """Whoever waits comes at its own turn: 150 at one a second take about 150 seconds."""
    world = World(redis, {"one": Recorder(where=Destination("channel", per_second=1))})
    for _ in range(150):
        world.accept(feedback_event())
    world.run()
    for _ in range(160):
        world.pass_time(1)
        for id_ in world.tick():
            world.deliverer.deliver(id_)
    assert len(world.connectors["one"].seen) >= 148


def test_a_pause_of_no_length_is_a_pause(world: World) -> None:
    one = world.connectors["one"]
    one.answer = lambda _e, _c: Retry("429", "rate_limited", 0)
    world.accept(feedback_event())
    world.run()
    world.pass_time(2)
    assert world.tick() == []


def test_who_is_not_reported_in_a_digest_moves_up(redis: Redis) -> None:
    reporter = Reporter(where=Destination("channel", per_second=1))
    world = World(redis, {"one": reporter})
    for _ in range(70):
        world.accept(feedback_event())
    world.run()
    for _ in range(4):
        world.pass_time(1.2)
        for id_ in world.tick():
            world.deliverer.deliver(id_)
    assert [len(crowd) for crowd in reporter.together] == [30, 30, 9]
    assert set(world.states().values()) == {"done"}


# When those who are held look again


def test_who_waits_for_the_rate_looks_again_at_its_turn(world: World) -> None:
    slow = Destination("channel", per_second=0.0001)
    assert flow.admit(world.ledger, leased(world), slow) == Go()
    hold = flow.admit(world.ledger, leased(world), slow)
    assert isinstance(hold, Hold)
    assert hold.seconds == pytest.approx(10_000, abs=5)
    assert not hold.closed, "the return of nobody wakes it earlier"


@pytest.mark.parametrize("luck", [0.0, 1.0])
def test_whom_a_breaker_holds_looks_again_half_a_minute_after_its_pause_and_up_to_a_fifth_later(
    world: World, monkeypatch: pytest.MonkeyPatch, luck: float
) -> None:
    monkeypatch.setattr("random.random", lambda: luck)
    lease, until = leased(world), int(now_ms(world)) + 60_000
    world.redis.hset(key_of(world, "breaker:channel"), "until", until)
    latest = until - now_ms(world)
    hold = flow.admit(world.ledger, lease, Destination("channel"))
    earliest = until - now_ms(world)
    assert isinstance(hold, Hold)
    assert earliest - 1 <= hold.seconds * 1000 / (1 + luck / 5) - 30_000 <= latest + 1
    assert hold.closed == "channel"


# What an attempt shows about its destination, and about the source that it needed

SHOWN = {
    "auth": "",
    "config": "",
    "rate_limited": "busy:5000",
    "quota": "quota",
    "timeout": "down",
    "network": "down",
    "server_error": "down",
    "client_error": "answers",
    "not_found": "answers",
    "not_yet": "",
    "ambiguous": "down",
    "gone": "",
    "crashed": "",
}


@pytest.mark.parametrize("reason", get_args(Reason))
def test_what_each_reason_shows_about_the_destination(reason: Reason) -> None:
    assert conditions_of(Retry("why", reason), "jira") == [("jira", SHOWN[reason])]
    final = "" if reason == "rate_limited" else SHOWN[reason]  # a final answer asks nobody to wait
    assert conditions_of(Failed("why", reason), "jira") == [("jira", final)]


def test_a_rate_limit_shows_its_pause_in_milliseconds() -> None:
    assert conditions_of(Retry("429", "rate_limited", 30.5), "jira") == [("jira", "busy:30500")]


@pytest.mark.parametrize(
    ("asked", "shown"), [(25.5, "down:25500"), (1e9, "down:3600000"), (0, "down"), (-1, "down"), (math.nan, "down")]
)
def test_a_failure_shows_the_pause_that_was_asked_for_up_to_an_hour(asked: float, shown: str) -> None:
    assert conditions_of(Retry("503", "server_error", asked), "jira") == [("jira", shown)]
    at_source = Retry("503", "server_error", asked, at_source=True)
    assert conditions_of(at_source, "jira", "abc") == [("abc", shown), ("jira", "")]


def test_only_a_success_shows_that_the_source_works() -> None:
    assert conditions_of(Done(), "jira", "abc") == [("jira", "up"), ("abc", "up")]
    assert conditions_of(Skipped("no text"), "jira", "abc") == [("jira", ""), ("abc", "")]
    assert conditions_of(Retry("503", "server_error"), "jira", "abc") == [("jira", "down"), ("abc", "")]
    assert conditions_of(Done(), "jira") == [("jira", "up")], "a source that was not needed is not judged"


@pytest.mark.parametrize("kind", [Retry, Failed])
def test_a_failure_of_the_source_is_no_failure_of_the_destination(kind: type[Retry | Failed]) -> None:
    theirs, own = kind("503", "server_error", at_source=True), kind("503", "server_error")
    assert conditions_of(theirs, "jira", "abc") == [("abc", "down"), ("jira", "")]
    assert [system_of(outcome, "jira", "abc") for outcome in (theirs, own, Done())] == ["abc", "jira", "jira"]
    assert recovery_of(theirs, "jira", "abc", 5.0) == Recovery("abc", 5.0)
    assert recovery_of(own, "jira", "abc", 5.0) == Recovery("jira", 5.0)
    assert recovery_of(own, "jira", "abc", None) is None


@pytest.mark.parametrize(
    ("outcome", "states"),
    [
        (Done(), {"jira": "ok", "abc": "ok"}),
        (Failed("400", "client_error"), {"jira": "ok"}),
        (Failed("401", "auth"), {"jira": "refused"}),
        (Failed("401", "auth", at_source=True), {"abc": "refused"}),
        (Retry("no answer", "timeout"), {}),
        (Skipped("no text"), {}),
    ],
    ids=["done", "refused as such", "refused credentials", "refused at the source", "no answer", "skipped"],
)
def test_the_state_in_which_systems_were_seen(outcome: Outcome, states: dict[str, str]) -> None:
    assert states_of(outcome, "jira", "abc") == states


def test_an_attempt_that_went_nowhere_has_seen_no_state() -> None:
    for outcome in (Done(), Failed("no such connector", "auth")):
        assert states_of(outcome, "") == {}


def test_an_event_of_our_own_opens_no_breaker_and_may_close_one() -> None:
    shown = [("a", "down:5000"), ("a", "down"), ("b", "quota"), ("c", "up"), ("d", "answers"), ("e", "busy:500")]
    assert flow.without_alarm(shown) == [
        ("a", ""),
        ("a", ""),
        ("b", ""),
        ("c", "up"),
        ("d", "answers"),
        ("e", "busy:500"),
    ]
