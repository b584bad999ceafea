"""What reconcile remembers: how far each position is done, whose turn it is, and the last known levels."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from jobs.reconcile.checkpoints import Checkpoints
from sources.base import Level, Subject
from sources.sweep import Position

HERE, THERE = Position("abc", "1:2"), Position("abc", "1:3")
SUBJECT = Subject("abc", "issue", 1, 7)
P, DAY = "fb:test:", 86_400.0


def process(redis: Redis, *configured: Position) -> Checkpoints:
    return Checkpoints(redis, "test", configured, DAY)


@pytest.fixture
def checkpoints(redis: Redis) -> Checkpoints:
    return process(redis, HERE)


# Times


def test_the_time_is_that_of_redis_to_the_microsecond(checkpoints: Checkpoints, redis: Redis) -> None:
    before, now, after = redis.time(), checkpoints.now(), redis.time()
    assert before[0] + before[1] / 1e6 <= now <= after[0] + after[1] / 1e6


def test_the_ledger_remembers_since_it_was_created_but_no_longer_than_retention(
    checkpoints: Checkpoints, redis: Redis
) -> None:
    before = checkpoints.now()
    assert before <= checkpoints.born() <= checkpoints.now(), "a new ledger remembers nothing that came before"
    redis.set(f"{P}born", 50_000)
    assert checkpoints.born() == 50.0
    redis.set(f"{P}remembers", 70_500)
    assert checkpoints.born() == 70.5
    redis.set(f"{P}remembers", 30_000)
    assert checkpoints.born() == 50.0


def test_a_first_run_looks_back_and_later_ones_overlap_by_ten_minutes(checkpoints: Checkpoints) -> None:
    end = checkpoints.now()
    assert checkpoints.start(HERE, None, end) == end - DAY - 600
    checkpoints.advance(HERE, end - 3600)
    assert checkpoints.start(HERE, None, end) == pytest.approx(end - 3600 - 600, abs=0.01)
    assert checkpoints.start(THERE, None, end) == end - DAY - 600, "each position has its own"


def test_where_to_look_from_can_be_named_but_not_after_the_end_nor_before_2020(checkpoints: Checkpoints) -> None:
    end, first = checkpoints.now(), datetime(2020, 1, 1, tzinfo=UTC).timestamp()
    assert checkpoints.start(HERE, end - 5, end) == end - 5
    assert checkpoints.start(HERE, end + 5, end) == end
    assert checkpoints.start(HERE, 0.0, end) == first
    assert checkpoints.start(HERE, first + 1, end) == first + 1


def test_a_checkpoint_is_none_at_first_and_never_in_the_future(checkpoints: Checkpoints) -> None:
    assert checkpoints.checkpoint(HERE) is None
    checkpoints.advance(HERE, 1_700_000_000.25)
    assert checkpoints.checkpoint(HERE) == 1_700_000_000.25
    checkpoints.advance(HERE, time.time() + DAY)
    assert checkpoints.checkpoint(HERE) == pytest.approx(checkpoints.now(), abs=5)


# Whose turn it is


def test_a_turn_lasts_for_its_period_and_a_shorter_period_shortens_it(checkpoints: Checkpoints, redis: Redis) -> None:
    assert checkpoints.my_turn(100.5)
    assert 90_000 < redis.pttl(f"{P}reconcile") <= 100_500
    assert not checkpoints.my_turn(100.5)
    assert not checkpoints.my_turn(200)
    assert redis.pttl(f"{P}reconcile") <= 100_500, "a longer one changes nothing"
    assert not checkpoints.my_turn(60)
    assert 50_000 < redis.pttl(f"{P}reconcile") <= 60_000


# The state of a source


def test_the_state_of_a_source_is_noted_for_a_week_and_none_is_not(checkpoints: Checkpoints, redis: Redis) -> None:
    checkpoints.see_source("abc", "")
    assert not redis.exists(f"{P}last")
    checkpoints.see_source("abc", "refused")
    last: Any = redis.hget(f"{P}last", "abc")
    at, state = last.decode().split("|")
    assert state == "refused"
    assert int(at) / 1000 == pytest.approx(checkpoints.now(), abs=5)
    assert 604_790_000 < redis.pttl(f"{P}last") <= 604_800_000


# Positions


def test_configured_positions_and_those_of_events_are_known(checkpoints: Checkpoints, redis: Redis) -> None:
    assert checkpoints.positions() == {HERE}
    redis.sadd(f"{P}positions", str(THERE))
    assert checkpoints.positions() == {HERE, THERE}
    assert checkpoints.is_configured(HERE)
    assert not checkpoints.is_configured(THERE)


def test_a_process_that_runs_on_puts_its_positions_back_after_a_wipe(redis: Redis) -> None:
    redis.set(f"{P}born", 1)
    redis.sadd(f"{P}positions", str(HERE))
    runs_on = process(redis)
    assert runs_on.positions() == {HERE}
    redis.flushall()
    assert runs_on.positions() == {HERE}
    assert redis.smembers(f"{P}positions") == {str(HERE).encode()}
    redis.flushall()
    redis.set(f"{P}born", 2)
    redis.sadd(f"{P}positions", str(THERE))
    assert runs_on.positions() == {HERE, THERE}, "also when others have written since"
    assert process(redis).positions() == {HERE, THERE}


def test_a_position_that_another_process_dropped_does_not_come_back(redis: Redis) -> None:
    redis.set(f"{P}born", 1)
    redis.sadd(f"{P}positions", str(HERE), str(THERE))
    one, other = process(redis), process(redis)
    assert one.positions() == other.positions() == {HERE, THERE}
    other.drop(HERE)
    assert one.positions() == {THERE}


def test_nothing_is_left_of_a_position_that_was_dropped(checkpoints: Checkpoints, redis: Redis) -> None:
    redis.sadd(f"{P}positions", str(THERE))
    redis.hset(f"{P}names", str(THERE), "웹")
    assert (checkpoints.name(THERE), checkpoints.name(HERE)) == ("웹", "")
    checkpoints.advance(THERE, 5.0)
    assert checkpoints.positions() == {HERE, THERE}
    checkpoints.drop(THERE)
    assert redis.exists(f"{P}positions", f"{P}checkpoints", f"{P}names") == 0
    assert checkpoints.positions() == {HERE}, "it was not taken for one that a wipe has removed"


# Levels


def test_a_level_is_read_back_with_its_time_and_its_subject(checkpoints: Checkpoints, redis: Redis) -> None:
    level = Level("a|b", 1_700_000_000.5, 1.5)
    checkpoints.note_level(SUBJECT, "2026", level)
    assert checkpoints.level(SUBJECT, "2026") == level
    assert checkpoints.level(SUBJECT, "") == level, "where the creation is not known, the id decides"
    assert checkpoints.level(SUBJECT, "2027") is None, "an earlier subject with the same id"
    assert checkpoints.level(Subject("abc", "issue", 1, 8), "2026") is None
    assert redis.zscore(f"{P}levels:known", str(SUBJECT)) == pytest.approx(checkpoints.now() * 1000, abs=5000)


def test_a_level_whose_subject_was_noted_without_its_creation_counts_for_any(checkpoints: Checkpoints) -> None:
    checkpoints.note_level(SUBJECT, "", Level("INIT", 5.0))
    assert checkpoints.level(SUBJECT, "2027") == Level("INIT", 5.0)
