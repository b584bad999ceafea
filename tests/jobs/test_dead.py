"""Dead letters by connector and reason, counted in bounded work."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from connectors.base import Context, Failed, Outcome
from jobs.ledger.dead import CHUNK, MOST, Dead, Group, dead_letters
from jobs.ledger.query import BadQuery, Query
from sources.base import Event
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event, status_event

PREFIX = f"fb:{INSTANCE}:"


def answers(event: Event, context: Context) -> Outcome:
    if event.name == "FEEDBACK_CREATION":
        return Failed(f"{context.delivery_id}: refused", "client_error")
    return Failed("Slack: channel_not_found", "config")


@pytest.fixture
def world(redis: Any) -> World:
    world = World(redis, {name: Recorder(answer=answers) for name in ("slack", "slack.mobile")})
    for body in (feedback_event(), feedback_event(), status_event(3, 1)):
        world.accept(body)
        world.run()
        world.later += 1
    return world


def counts(dead: Dead) -> dict[tuple[str, str], int]:
    return {(group.connector, group.reason): group.count for group in dead.groups}


def test_they_are_counted_by_connector_and_reason(world: World) -> None:
    dead = world.records.dead()
    assert counts(dead) == {
        ("slack", "config"): 1,
        ("slack", "client_error"): 2,
        ("slack.mobile", "config"): 1,
        ("slack.mobile", "client_error"): 2,
    }
    assert dead.next is None
    assert {group.reason for group in dead.groups[:2]} == {"config"}, "the newest first"


def test_a_group_shows_its_newest_and_its_oldest(world: World) -> None:
    rows = world.records.deliveries(Query(state="dead", connector="slack", reason="client_error")).rows
    [group] = world.records.dead("slack", "client_error").groups
    newest, oldest = rows
    assert group == Group(
        "slack", "client_error", 2, newest["updated_at"], oldest["updated_at"], newest["id"], newest["error"]
    )
    assert newest["updated_at"] > oldest["updated_at"]


def test_filters(world: World) -> None:
    assert counts(world.records.dead(connector="slack.mobile", reason="config")) == {("slack.mobile", "config"): 1}
    assert counts(world.records.dead(reason="config")) == {("slack", "config"): 1, ("slack.mobile", "config"): 1}
    assert world.records.dead(connector="\ud83d") == Dead([], None)
    with pytest.raises(BadQuery, match=r"^cursor: "):
        world.records.dead(cursor="x")


def test_what_is_no_longer_dead_is_not_counted(world: World) -> None:
    world.redis.delete(f"{PREFIX}delivery:{world.records.dead().groups[0].newest_id}")
    assert sum(counts(world.records.dead()).values()) == 5


def many(world: World, count: int, step: int) -> None:
    """So many more dead letters, older than the others; `step`: milliseconds between two."""
    now = int(time.time() * 1000) - 1000
    with world.redis.pipeline(transaction=False) as pipeline:
        for number in range(count):
            id_ = f"{number:020x}.slack"
            pipeline.hset(f"{PREFIX}delivery:{id_}", mapping={"v": 1, "reason": "config"})
            pipeline.zadd(f"{PREFIX}state:dead", {id_: now - number * step})
        pipeline.execute()


@pytest.mark.parametrize("step", [0, 1])
def test_one_answer_ends_in_time_and_the_next_goes_on(world: World, step: int) -> None:
    """Also where all died in one millisecond."""
    many(world, CHUNK * 2, step)
    whole = counts(dead_letters(world.redis, PREFIX, patience=60))
    assert whole["slack", "config"] == CHUNK * 2 + 1
    found: Counter[tuple[str, str]] = Counter()
    cursor: str | None = ""
    answers = 0
    while cursor is not None:
        dead = dead_letters(world.redis, PREFIX, cursor=cursor, patience=0)
        found.update(counts(dead))
        cursor = dead.next
        answers += 1
    assert found == whole
    assert answers > 2


def test_one_answer_counts_so_many_at_most(world: World) -> None:
    now = int(time.time() * 1000) - 1000
    world.redis.zadd(f"{PREFIX}state:dead", {f"{number:020x}.slack": now - number for number in range(MOST + CHUNK)})
    dead = dead_letters(world.redis, PREFIX, patience=60)
    assert dead.next
    assert MOST * 0.99 < int(dead.next.partition("-")[2].partition(".")[0], 16) < MOST
    assert dead_letters(world.redis, PREFIX, cursor=dead.next, patience=60).next is None
