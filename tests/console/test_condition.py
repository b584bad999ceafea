"""The state of each connector instance, as the pages and `GET /api/connectors` show it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from connectors.base import Destination, Done, Failed, Outcome, Retry
from console.condition import LOOKED_AT, LOOKED_AT_OF_EACH, Condition, conditions
from jobs.configuration import configure
from jobs.replay import Replayer
from jobs.runtime import Runtime
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event

CONFIGURED = {
    "WEBHOOK_TOKEN": "a-token-for-this-test",
    "BRIDGE_INSTANCE": INSTANCE,
    "CONNECTORS": "slack,slack.mobile",
    "SLACK_BOT_TOKEN": "xoxb-of-the-tests",
    "SLACK_CHANNEL": "#feedback",
}
FAILED = Retry("Slack answered 503", "server_error")


@pytest.fixture
def world(redis: Any) -> World:
    places = {"slack": Destination("slack #feedback"), "slack.mobile": Destination("slack.mobile #feedback")}
    return World(redis, {name: Recorder(where=where) for name, where in places.items()})


@pytest.fixture
def runtime(world: World) -> Runtime:
    return Runtime(configure(CONFIGURED), redis=world.redis)


def happens(world: World, *outcomes: Outcome) -> None:
    """Slack's attempts end so, one after the other."""
    left = list(outcomes)
    world.connectors["slack"].answer = lambda _event, _context: left.pop(0)
    for _ in outcomes:
        world.accept(feedback_event())
    world.run()
    assert not left
    world.later += 1


def of(runtime: Runtime, name: str = "slack") -> Condition:
    return next(condition for condition in conditions(runtime) if condition.name == name)


def test_every_instance_that_is_on_has_a_state(world: World, runtime: Runtime) -> None:
    found = conditions(runtime)
    assert [(each.name, each.connector, each.state) for each in found] == [
        ("slack", "slack", "unknown"),
        ("slack.mobile", "slack", "unknown"),
    ]
    assert all(each.what and each.to_do for each in found)
    assert found[0].destinations == ()


def test_one_that_works_is_healthy(world: World, runtime: Runtime) -> None:
    happens(world, Done())
    found = of(runtime)
    assert (found.state, found.to_do, found.last_error) == ("healthy", "", None)
    [place] = found.destinations
    assert (place.name, place.open, place.last) == ("slack #feedback", False, "ok")


def test_a_breaker_that_is_open_is_shown_with_its_next_probe(world: World, runtime: Runtime) -> None:
    happens(world, *[FAILED] * 5)
    happens(world)
    found = of(runtime)
    assert (found.state, found.what) == ("down", "slack #feedback is not available. Deliveries that wait for it: 5")
    [place] = found.destinations
    assert place.open
    assert place.since
    assert place.next_probe
    assert found.since == place.since < place.next_probe
    assert (place.why, place.waiting) == ("down", 5)
    assert found.last_error
    assert (found.last_error.error, found.last_error.reason) == ("Slack answered 503", "server_error")
    assert of(runtime, "slack.mobile").state == "healthy"


def test_a_used_up_quota_is_named(world: World, runtime: Runtime) -> None:
    happens(world, Failed("no more this month", "quota"))
    found = of(runtime)
    assert (found.state, "used up its quota" in found.what, "Raise the quota" in found.to_do) == ("down", True, True)


def test_refused_credentials_are_a_wrong_setting(world: World, runtime: Runtime) -> None:
    happens(world, Failed("Slack: invalid_auth; SLACK_BOT_TOKEN", "auth"))
    found = of(runtime)
    assert found.state == "misconfigured"
    assert found.what == "slack #feedback refuses our credentials: Slack: invalid_auth; SLACK_BOT_TOKEN"
    assert "flask check" in found.to_do
    assert found.since


def test_so_is_a_variable_that_does_not_fit_until_one_succeeds(world: World, runtime: Runtime) -> None:
    happens(world, Failed("Slack: channel_not_found; SLACK_CHANNEL", "config"))
    found = of(runtime)
    assert (found.state, found.what) == (
        "misconfigured",
        "A setting of slack does not fit: Slack: channel_not_found; SLACK_CHANNEL",
    )
    assert found.last_error
    assert found.since == found.last_error.at
    happens(world, Done())
    assert of(runtime).state == "healthy"


def test_one_that_has_stopped_names_the_command(world: World, runtime: Runtime) -> None:
    happens(world, Failed("Slack answered 410", "gone"))
    found = of(runtime)
    assert (found.state, found.what) == ("stopped", "slack has stopped: Slack answered 410")
    assert "flask resume slack" in found.to_do
    assert found.since
    Replayer(world.ledger).resume("slack")
    assert of(runtime).state != "stopped"


def test_one_whose_rate_is_used_up_is_limited(world: World, runtime: Runtime) -> None:
    world.connectors["slack"].where = Destination("slack #feedback", per_second=1)
    happens(world, Done())
    for _ in range(3):
        world.accept(feedback_event())
    world.run()
    found = of(runtime)
    assert (found.state, found.what) == ("limited", "Deliveries that wait for the rate limit of slack #feedback: 3")
    assert found.last_error is None, "what waits has not failed"


def test_failures_before_the_breaker_opens_are_shown_with_the_next_attempt(world: World, runtime: Runtime) -> None:
    happens(world, FAILED, FAILED)
    found = of(runtime)
    assert (found.state, found.what) == ("failing", "The last attempt of slack failed: Slack answered 503")
    assert found.last_error
    assert found.since == found.last_error.at < (found.next or "")
    assert found.to_do.startswith("Nothing. It is tried again by itself.")
    assert found.as_row()["next"] == found.next == found.last_error.next_at
    happens(world, Done())
    assert (of(runtime).state, of(runtime).next) == ("healthy", None)
    happens(world, FAILED)
    assert of(runtime).state == "failing"


@pytest.mark.parametrize("worked", [True, False])
def test_one_that_asked_us_to_wait_is_limited_until_then(world: World, runtime: Runtime, worked: bool) -> None:
    if worked:
        happens(world, Done())
    happens(world, Retry("Slack answered 429", "rate_limited", 30))
    found = of(runtime)
    assert (found.state, found.what) == ("limited", "slack may send no more for now: Slack answered 429")
    assert found.since
    assert found.next
    waits = datetime.fromisoformat(found.next) - datetime.fromisoformat(found.since)
    assert 25 < waits.total_seconds() < 40
    assert found.to_do.startswith("Nothing. It is tried again when that system allows it.")


def test_it_stays_limited_behind_many_that_are_held(world: World, runtime: Runtime) -> None:
    """The one that was refused is no longer among those that are looked at."""
    world.connectors["slack"].answer = lambda _event, _context: Retry("Slack answered 429", "rate_limited", 600)
    world.accept(feedback_event())
    world.run()
    for _ in range(LOOKED_AT_OF_EACH + 2):
        world.accept(feedback_event())
    world.run()
    assert len(world.connectors["slack"].seen) == 1
    found = of(runtime)
    assert (found.state, found.what) == ("limited", "slack #feedback asked us to wait")
    assert found.next
    assert found.to_do.startswith("Nothing.")


@pytest.mark.parametrize(
    ("outcome", "before", "after"),
    [
        (Failed("Slack refuses this message", "client_error"), "healthy", "healthy"),
        (Retry("not found yet", "not_yet"), "failing", "healthy"),
        (Failed("a defect", "crashed"), "failing", "failing"),
    ],
)
def test_a_failure_of_one_event_alone_does_not_count_where_others_succeed(
    world: World, runtime: Runtime, outcome: Outcome, before: str, after: str
) -> None:
    happens(world, outcome)
    found = of(runtime)
    assert (found.state, bool(found.to_do)) == (before, before == "failing")
    assert bool(found.next) == isinstance(outcome, Retry)
    happens(world, Done())
    happens(world, outcome)
    assert of(runtime).state == after


def test_an_error_is_its_own(world: World, runtime: Runtime) -> None:
    """`slack` is the start of another instance's name."""
    world.connectors["slack.mobile"].answer = lambda _event, _context: Failed("of mobile", "config")
    happens(world, Done())
    assert of(runtime).state == "healthy"
    mobile = of(runtime, "slack.mobile")
    assert mobile.last_error
    assert (mobile.state, mobile.last_error.error) == ("misconfigured", "of mobile")


def test_it_looks_at_so_many_deliveries_at_most(world: World, runtime: Runtime) -> None:
    happens(world, Failed("an old error", "client_error"))
    later = world.now() + 1000
    others = {f"{number:020x}.other": later + number for number in range(LOOKED_AT)}
    world.redis.zadd(f"fb:{INSTANCE}:state:dead", others)
    assert of(runtime).last_error is None
