"""The one clock: who ticks, what one tick hands over, and what it cleans up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from redis import Redis

from jobs.delivery.clock import Clock, Pulse
from jobs.ledger.ledger import Ledger
from tests.jobs.steps import due, fields, key_of, leased, members, now_ms, queued, waiting
from tests.jobs.world import Recorder, World, feedback_event
from tools.sandbox.processes import free_port, wait_for


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder()})


def overdue(world: World, id_: str, **changed: Any) -> None:
    """Makes a delivery due, as something that was not finished in time."""
    if changed:
        world.redis.hset(key_of(world, f"delivery:{id_}"), mapping=changed)
    world.redis.zadd(key_of(world, "due"), {id_: 1})


def lost(world: World, times: int) -> str:
    """A delivery whose worker was lost so often, the last time just now."""
    id_ = leased(world).delivery_id
    overdue(world, id_, lost=times - 1)
    return id_


def test_one_is_elected_for_the_time_of_an_election(world: World) -> None:
    assert world.ledger.tick("a", world.queue.key, elect_ms=60_000) == []
    clock = key_of(world, "clock")
    assert 55_000 < world.redis.pttl(clock) <= 60_000
    ends = int(world.redis.get(clock))
    assert ends == pytest.approx(now_ms(world) + 60_000, abs=5000)
    assert world.ledger.tick("b", world.queue.key, elect_ms=60_000) is None
    assert int(world.redis.get(clock)) == ends
    world.pass_time(60)
    assert world.ledger.tick("b", world.queue.key, elect_ms=60_000) == []


def test_an_election_that_lasts_longer_than_any_is_void(world: World) -> None:
    """Redis's own clock was set back since."""
    world.ledger.tick("before", world.queue.key, elect_ms=120_000)
    assert world.ledger.tick("a", world.queue.key, elect_ms=60_000) == []


def test_a_worker_is_listed_for_a_minute_after_its_last_sign_of_life(world: World) -> None:
    now = now_ms(world)
    world.redis.zadd(key_of(world, "workers"), {"old": now - 61_000, "young": now - 50_000})
    world.ledger.tick("a", world.queue.key)
    assert members(world, "workers") == ["young", "a"]
    assert world.redis.zscore(key_of(world, "workers"), "a") == pytest.approx(now_ms(world), abs=5000)


def test_the_first_tick_is_when_the_ledger_was_born(world: World) -> None:
    world.tick()
    born = world.redis.get(key_of(world, "born"))
    assert int(born) == pytest.approx(now_ms(world), abs=5000)
    world.redis.set(key_of(world, "born"), 5)
    world.tick()
    assert world.redis.get(key_of(world, "born")) == b"5"


# The thread of each worker


class Beats(threading.Event):
    """Takes the place of the pause between two ticks: `each` is called instead, until `last`."""

    def __init__(self, last: int, each: Callable[[], None]) -> None:
        super().__init__()
        self.pauses: list[float | None] = []
        self._last = last
        self._each = each

    def wait(self, timeout: float | None = None) -> bool:
        assert len(self.pauses) < self._last, "it was stopped"
        self.pauses.append(timeout)
        self._each()
        return len(self.pauses) == self._last


def clock_of(world: World, name: str = "a") -> Clock:
    return Clock(world.ledger, world.queue, name, 30, Pulse())


def test_a_clock_keeps_no_process_alive_that_wants_to_end(world: World) -> None:
    assert clock_of(world).daemon


def test_a_worker_lives_for_ten_seconds_after_its_job_loop_has_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    pulse = Pulse()
    for turn in range(2):
        now += 9.9
        assert pulse.is_alive
        now += 0.2
        assert not pulse.is_alive
        pulse.beat()
        assert pulse.is_alive, turn


def test_a_tick_hands_what_is_due_to_rq(world: World) -> None:
    ids = [queued(world) for _ in range(2)]
    world.queue.empty()
    for id_ in ids:
        overdue(world, id_)
    clock_of(world).tick()
    assert sorted(world.taken()) == sorted(ids)
    assert members(world, "workers") == ["a"]


def test_who_is_not_elected_does_nothing_and_reports_nothing(world: World) -> None:
    clock_of(world).tick()
    id_ = queued(world)
    world.queue.empty()
    overdue(world, id_)
    with structlog.testing.capture_logs() as logs:
        clock_of(world, "b").tick()
    assert (world.taken(), logs) == ([], [])


def test_a_redis_that_is_away_is_one_line_a_minute(world: World) -> None:
    """Else the log of an hour without Redis is 3,600 lines of each worker."""
    with Redis(port=free_port()) as nobody, structlog.testing.capture_logs() as logs:
        clock = Clock(Ledger(nobody, "test"), world.queue, "a", 30.0, Pulse())
        for _ in range(3):
            clock.tick()
    assert [(line["event"], line["times"]) for line in logs] == [("no tick", 1)]


def test_a_clock_ticks_every_second_and_forgets_at_once_and_then_every_minute(world: World) -> None:
    forgotten: list[int] = []
    ticks: list[bool] = []

    def old_event() -> str:
        event = world.accept(feedback_event()).event_id
        world.run()
        world.pass_time(31 * 86_400)
        return key_of(world, f"event:{event}")

    def each() -> None:
        ticks.append(bool(world.redis.delete(key_of(world, "clock"))))
        if not world.redis.exists(old[-1]):
            forgotten.append(len(ticks))
            old.append(old_event())

    old = [old_event()]
    clock = clock_of(world)
    clock._stopped = beats = Beats(121, each)
    clock.run()
    assert forgotten == [1, 61, 121]
    assert (ticks, beats.pauses) == ([True] * 121, [1.0] * 121)


def test_a_defect_in_forgetting_keeps_no_clock_from_ticking(world: World) -> None:
    """Anything but an error of Redis: a retention that is no number."""
    clock = Clock(world.ledger, world.queue, "a", float("nan"), Pulse())
    clock._stopped = Beats(1, lambda: None)
    clock.run()
    assert members(world, "workers") == ["a"]


def test_a_clock_that_is_stopped_ends(world: World) -> None:
    clock = clock_of(world)
    clock.start()
    wait_for("a tick", lambda: members(world, "workers") == ["a"])
    clock.stop()
    clock.join(20)
    assert not clock.is_alive()


# Breakers and those who wait


@pytest.mark.parametrize(
    ("until", "probe", "woken"), [(None, False, 0), (1, False, 1), (1, True, 0), (10**14, False, 0)]
)
def test_one_is_woken_to_probe_when_the_pause_is_over_and_nobody_probes(
    world: World, until: int | None, probe: bool, woken: int
) -> None:
    waiting(world, "one", "retrying", 3)
    if until:
        world.redis.hset(key_of(world, "breaker:one"), "until", until)
    if probe:
        world.redis.hset(key_of(world, "breaker:one"), mapping={"probe": "x", "probing": 10**14})
    assert len(world.tick()) == woken
    assert len(members(world, "waits:one")) == 3 - woken


@pytest.mark.parametrize("name", ["waits", "dead", ""])
def test_a_destination_for_which_nobody_waits_is_dropped(world: World, name: str) -> None:
    world.redis.sadd(key_of(world, "waiting"), "one")
    if name:
        world.redis.zadd(key_of(world, f"{name}:one"), {"x.one": 10**14})
    world.tick()
    assert bool(world.redis.sismember(key_of(world, "waiting"), "one")) == bool(name)


@pytest.mark.parametrize(
    ("ended", "waits", "kept"), [(3_590_000, False, True), (3_610_000, False, False), (3_610_000, True, True)]
)
def test_a_breaker_is_dropped_an_hour_after_its_pause_when_nobody_waits(
    world: World, ended: int, waits: bool, kept: bool
) -> None:
    world.redis.sadd(key_of(world, "breakers"), "one")
    world.redis.hset(key_of(world, "breaker:one"), "until", int(now_ms(world)) - ended)
    if waits:
        world.redis.zadd(key_of(world, "waits:one"), {"x.one": 10**14})
    world.tick()
    assert bool(world.redis.sismember(key_of(world, "breakers"), "one")) == kept
    assert bool(world.redis.exists(key_of(world, "breaker:one"))) == kept


# What is due


def test_what_is_due_is_handed_over_and_looked_at_again_in_ten_seconds(world: World) -> None:
    id_ = queued(world)
    world.queue.empty()
    overdue(world, id_, state="retrying", next=5, token="t", until=5, handed=5)
    world.redis.zrem(key_of(world, "state:queued"), id_)
    world.redis.zadd(key_of(world, "state:retrying"), {id_: 1})
    assert world.tick() == [id_]
    delivery = fields(world, f"delivery:{id_}")
    assert delivery["state"] == "queued"
    assert not {"token", "until", "next"} & delivery.keys()
    for name in ("handed", "updated"):
        assert int(delivery[name]) == pytest.approx(now_ms(world), abs=5000), name
    assert members(world, "state:retrying") == []
    assert world.redis.zscore(key_of(world, "state:queued"), id_) == pytest.approx(now_ms(world), abs=5000)
    assert due(world, id_) == pytest.approx(now_ms(world) + 10_000, abs=5000)


def test_two_hundred_are_handed_over_at_once(world: World) -> None:
    for number in range(201):
        overdue(world, f"{number:04}.one", v=1, state="queued", handed=5)
    assert len(world.tick()) == 200
    assert len(world.tick()) == 1


def test_what_waits_in_the_queue_behind_others_is_not_handed_over_again(world: World) -> None:
    """Handed over at the watermark or later: nobody who came after it has started."""
    ids = [queued(world) for _ in range(3)]
    world.redis.set(key_of(world, "watermark"), 1000)
    for id_, handed in zip(ids, (999, 1000, 1001), strict=True):
        overdue(world, id_, handed=handed)
    assert world.tick() == ids[:1]
    for id_ in ids[1:]:
        assert due(world, id_) == pytest.approx(now_ms(world) + 10_000, abs=5000)
    for id_ in ids[1:]:
        overdue(world, id_)
    world.queue.empty()
    assert sorted(world.tick()) == sorted(ids[1:]), "an empty queue holds nobody's job"


def test_a_watermark_of_the_future_holds_for_nothing(world: World) -> None:
    """Redis's own clock was set back: it would show every delivery as overtaken."""
    id_ = queued(world)
    overdue(world, id_, handed=1000)
    world.redis.set(key_of(world, "watermark"), 10**14)
    assert world.tick() == []
    assert len(world.queue) == 1


@pytest.mark.parametrize("state", ["done", "skipped", "dead"])
def test_what_is_finished_is_not_looked_at_again(world: World, state: str) -> None:
    id_ = queued(world)
    overdue(world, id_, state=state)
    assert world.tick() == []
    assert due(world, id_) == -1
    assert fields(world, f"delivery:{id_}")["state"] == state


def test_what_no_longer_exists_is_not_looked_at_again(world: World) -> None:
    overdue(world, "unknown.one")
    assert world.tick() == []
    assert due(world, "unknown.one") == -1
    assert not world.redis.exists(key_of(world, "delivery:unknown.one"))


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_delivery_of_a_newer_version_is_looked_at_again_in_a_minute(world: World, state: str) -> None:
    id_ = queued(world)
    overdue(world, id_, v=2, state=state)
    before = fields(world, f"delivery:{id_}")
    assert world.tick() == []
    assert fields(world, f"delivery:{id_}") == before
    assert due(world, id_) == pytest.approx(now_ms(world) + 60_000, abs=5000)


# Workers that were lost


@pytest.mark.parametrize("times", [1, 2])
def test_what_lost_its_worker_once_or_twice_is_handed_over_at_once(world: World, times: int) -> None:
    id_ = lost(world, times)
    assert world.tick() == [id_]
    assert fields(world, f"delivery:{id_}")["lost"] == str(times)
    assert members(world, "state:running") == []
    assert fields(world, "counts")["leases_lost|one"] == "1"


@pytest.mark.parametrize(("times", "seconds"), [(3, 5), (4, 20), (5, 80), (6, 320), (7, 1280), (8, 3600), (9, 3600)])
def test_what_keeps_losing_workers_waits_longer_each_time(world: World, times: int, seconds: int) -> None:
    id_ = lost(world, times)
    assert world.tick() == []
    delivery = fields(world, f"delivery:{id_}")
    assert (delivery["state"], delivery["reason"]) == ("retrying", "crashed")
    assert delivery["why"] == f"{times} times its worker was lost, or it took longer than an attempt may"
    assert not {"token", "until"} & delivery.keys()
    assert int(delivery["next"]) == due(world, id_) == pytest.approx(now_ms(world) + seconds * 1000, abs=4000)
    assert int(delivery["updated"]) == pytest.approx(now_ms(world), abs=5000)
    assert members(world, "state:running") == []
    assert world.redis.zscore(key_of(world, "state:retrying"), id_) == pytest.approx(now_ms(world), abs=5000)


def test_what_has_lost_ten_workers_is_a_dead_letter_and_frees_its_line(world: World) -> None:
    id_ = lost(world, 10)
    assert world.tick() == []
    delivery = fields(world, f"delivery:{id_}")
    assert (delivery["state"], delivery["reason"]) == ("dead", "crashed")
    assert delivery["why"] == "given up: 10 times its worker was lost, or it took longer than an attempt may"
    assert not {"token", "until", "next", "lost"} & delivery.keys()
    assert (
        members(world, "state:running")
        == members(world, "due")
        == members(world, f"line:one:{delivery['entity']}")
        == []
    )
    assert world.redis.zscore(key_of(world, "state:dead"), id_) == pytest.approx(now_ms(world), abs=5000)
