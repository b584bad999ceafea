"""What happened in each hour is counted where it happens, and forgotten after 8 days."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Done, Failed, Outcome, Retry
from jobs.accept import Acceptor
from jobs.ledger.hours import HOUR, MOST, Hour
from sources.base import Unread
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event

DAY = 24 * HOUR


@pytest.fixture
def world(redis: Any) -> World:
    return World(redis, {"slack": Recorder(), "slack.mobile": Recorder()})


def last(world: World) -> Hour:
    return world.records.hours(world.now() / 1000)[-1]


def test_events_are_counted_by_source_each_once(world: World) -> None:
    world.accept(feedback_event(7))
    world.accept(feedback_event(7))
    world.accept(feedback_event(8))
    ignored = Unread("0" * 20, "ignored", "nobody acts on it", "x")
    Acceptor(world.ledger, []).accept("github", ignored, b"{}")
    assert last(world)["events"] == {"abc": 2, "github": 1}


def test_outcomes_are_counted_by_connector_one_for_each_attempt(world: World) -> None:
    found: list[Outcome] = [Done(), Failed("no", "client_error"), Retry("later", "server_error")]
    world.connectors["slack"].answer = lambda _event, _context: found.pop()
    for _ in range(2):
        world.accept(feedback_event())
    world.run()
    world.pass_time(8)
    world.run_due(2)
    assert last(world)["outcomes"] == {"slack": {"retrying": 1, "dead": 1, "done": 1}, "slack.mobile": {"done": 2}}
    assert found == []


def test_a_delivery_that_is_held_made_no_attempt(world: World) -> None:
    world.accept(feedback_event())
    world.redis.hset(f"fb:{INSTANCE}:stopped", "slack", f"{world.now()}|gone")
    world.run()
    assert last(world)["outcomes"] == {"slack.mobile": {"done": 1}}


def test_one_that_keeps_costing_workers_counts_as_dead(world: World) -> None:
    event = world.accept(feedback_event()).event_id
    world.redis.hset(f"fb:{INSTANCE}:delivery:{event}.slack", "lost", 9)
    assert not isinstance(world.ledger.lease(f"{event}.slack", "token"), str)
    world.pass_time(20)
    world.tick()
    assert last(world)["outcomes"] == {"slack": {"dead": 1}}


def test_every_hour_is_listed_the_oldest_first_and_the_last_8_days_at_most(world: World) -> None:
    world.accept(feedback_event())
    world.pass_time(2 * HOUR)
    world.accept(feedback_event())
    found = world.records.hours(world.now() / 1000 - 3 * HOUR)
    assert [hour["events"] for hour in found] == [{}, {"abc": 1}, {}, {"abc": 1}]
    assert [hour["hour"][13:] for hour in found] == [":00:00.000Z"] * 4
    assert found[0]["hour"] < found[1]["hour"]
    assert len(world.records.hours(0)) == MOST + 1 == 193
    assert world.records.hours(world.now() / 1000 + DAY) == []


def test_redis_forgets_them(world: World) -> None:
    world.accept(feedback_event())
    [key] = world.redis.keys(f"fb:{INSTANCE}:hours:*")
    assert 0 < world.redis.ttl(key) <= 8 * DAY
