"""One attempt at a time: what its outcome changes in the breaker of its destination, and for those who wait for it."""

from __future__ import annotations

import itertools

import pytest
from redis import Redis

from jobs.delivery.stops import Stop, Stops
from jobs.ledger.values import Lease, Recovery, Settled, State
from tests.jobs.steps import due, due_now, fields, key_of, leased, now_ms, waiting
from tests.jobs.world import INSTANCE, Recorder, World

DESTINATION = "one #a"


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder()})


def attempt(world: World, condition: str, state: State = "done", recovery: Recovery | None = None) -> Settled:
    """A delivery that is new, run and settled."""
    conditions = [(DESTINATION, condition)]
    return world.ledger.settle(leased(world), state, {}, {}, 600, conditions, recovery)


def open_breaker(world: World) -> None:
    attempt(world, "quota")


def breaker(world: World) -> dict[str, str]:
    return fields(world, f"breaker:{DESTINATION}")


def probing(world: World) -> Lease:
    """A delivery that probes the destination, whose pause is over."""
    world.pass_time(901)
    lease = leased(world)
    assert world.ledger.admit(lease, DESTINATION, 0, 1, "").because == "probe"
    return lease


def test_opening_and_closing_are_reported_once(world: World) -> None:
    changes = [attempt(world, condition).breakers for condition in ["down"] * 6 + ["up"] * 2]
    assert changes == [(), (), (), (), ((DESTINATION, "opened"),), (), ((DESTINATION, "closed"),), ()]


def test_a_used_up_quota_opens_at_once(world: World) -> None:
    assert attempt(world, "quota").breakers == ((DESTINATION, "opened"),)
    assert breaker(world)["why"] == "quota"
    assert int(breaker(world)["until"]) == pytest.approx(now_ms(world) + 900_000, abs=5000)


def test_what_shows_nothing_about_the_destination_counts_as_no_failure(world: World) -> None:
    for _ in range(6):
        assert attempt(world, "").breakers == ()
    assert breaker(world) == {}


def test_a_success_wakes_only_when_the_breaker_was_open(world: World) -> None:
    waiting(world, DESTINATION, "retrying", 3)
    attempt(world, "up")
    assert due_now(world) == 0
    open_breaker(world)
    attempt(world, "up")
    assert due_now(world) == 3


def test_a_success_ends_the_breaker_and_every_probe(world: World) -> None:
    open_breaker(world)
    probing(world)
    attempt(world, "up")
    assert breaker(world) == {}


def test_a_refusal_shows_that_the_destination_works_but_heals_no_dead_letter(world: World) -> None:
    dead = waiting(world, DESTINATION, "dead", 2)
    open_breaker(world)
    assert attempt(world, "answers").breakers == ((DESTINATION, "closed"),)
    assert due_now(world) == 0
    attempt(world, "up")
    assert due_now(world) == 2
    key = f"{world.ledger.prefix}delivery:{dead[0]}"
    assert world.redis.hmget(key, "state", "position", "healed") == [b"retrying", b"0", b"1"]
    assert world.redis.hget(key, "waits") is None


@pytest.mark.parametrize(("state", "at_once"), [("retrying", 1000), ("dead", 200)])
def test_one_success_brings_back_a_bounded_number(world: World, state: str, at_once: int) -> None:
    """One script must not hold Redis for long; the next success brings back the others."""
    waiting(world, DESTINATION, state, at_once + 1)
    open_breaker(world)
    attempt(world, "up")
    assert due_now(world) == at_once


def test_a_probe_that_shows_nothing_lets_five_others_look(world: World) -> None:
    waiting(world, DESTINATION, "retrying", 6)
    open_breaker(world)
    lease = probing(world)
    attempt(world, "")
    assert (due_now(world), breaker(world)["probe"]) == (0, lease.delivery_id), "another's outcome changes nothing"
    world.ledger.settle(lease, "skipped", {}, {}, 0, [(DESTINATION, "")])
    assert (due_now(world), {"probe", "probing"} & breaker(world).keys()) == (5, set())


def test_the_failure_of_another_delivery_does_not_end_a_probe(world: World) -> None:
    open_breaker(world)
    lease = probing(world)
    attempt(world, "down")
    assert breaker(world)["probe"] == lease.delivery_id
    world.ledger.settle(lease, "retrying", {}, {}, 5, [(DESTINATION, "down")])
    assert not {"probe", "probing"} & breaker(world).keys()


def test_a_pause_that_was_asked_for_does_not_shorten_one_that_runs(world: World) -> None:
    attempt(world, "busy:30000")
    longer = breaker(world)
    attempt(world, "busy:1000")
    assert breaker(world) == longer
    assert longer["why"] == "busy"
    assert int(longer["until"]) == pytest.approx(now_ms(world) + 30_000, abs=2000)


def test_a_longer_pause_that_is_asked_for_while_it_is_open_prolongs_it(world: World) -> None:
    """By a request that was sent before the breaker opened."""
    for _ in range(5):
        attempt(world, "down")
    for condition, pause in (("down:20000", 20_000), ("busy:40000", 40_000), ("down:1000", 40_000)):
        attempt(world, condition)
        assert int(breaker(world)["until"]) == pytest.approx(now_ms(world) + pause, abs=2000)
        assert breaker(world)["why"] == "down"


def test_a_pause_that_was_asked_for_before_the_breaker_opened_counts(world: World) -> None:
    attempt(world, "down:25000")
    for _ in range(5):
        attempt(world, "down")
    assert int(breaker(world)["until"]) == pytest.approx(now_ms(world) + 25_000, abs=2000)


def test_a_failed_probe_asks_for_the_next_pause(world: World) -> None:
    open_breaker(world)
    lease = probing(world)
    world.ledger.settle(lease, "retrying", {}, {}, 5, [(DESTINATION, "down:120000")])
    assert int(breaker(world)["until"]) == pytest.approx(now_ms(world) + 120_000, abs=2000)


def test_a_failure_after_a_rate_limit_asks_for_the_next_pause(world: World) -> None:
    """No breaker has opened, but the others still wait for the first success after the pause."""
    attempt(world, "busy:1000")
    world.pass_time(2)
    attempt(world, "down:60000")
    assert int(breaker(world)["until"]) == pytest.approx(now_ms(world) + 60_000, abs=2000)


def test_a_person_who_reports_that_the_destination_works_ends_the_pause_that_it_asked_for(world: World) -> None:
    waiting(world, DESTINATION, "retrying", 1)
    for _ in range(5):
        attempt(world, "down:600000")
    world.ledger.heal(DESTINATION)
    world.pass_time(1)
    attempt(world, "down")
    assert int(breaker(world)["until"]) == pytest.approx(now_ms(world) + 3000, abs=2000)


def test_failures_while_it_is_open_do_not_prolong_the_pause(world: World) -> None:
    for _ in range(5):
        attempt(world, "down")
    until = breaker(world)["until"]
    attempt(world, "down")
    attempt(world, "quota")
    assert breaker(world)["until"] == until


@pytest.mark.parametrize(
    ("away", "others", "pause"),
    [
        (0, 0, 3000), (29_000, 0, 3000), (31_000, 0, 3100), (2_990_000, 0, 299_000), (3_100_000, 0, 300_000),
        (600_000, 4, 60_000), (600_000, 5, 10_000), (1_790_000, 5, 29_833), (1_900_000, 5, 30_000), (60_000, 5, 3000),
    ],
)  # fmt: skip
def test_the_pause_is_a_tenth_of_the_outage_or_a_sixtieth_when_five_wait(
    world: World, away: int, others: int, pause: int
) -> None:
    waiting(world, DESTINATION, "retrying", others)
    now = int(now_ms(world))
    world.redis.hset(key_of(world, f"breaker:{DESTINATION}"), mapping={"until": 1, "failures": 5, "opened": now - away})
    attempt(world, "down")
    passed = now_ms(world) - now  # the outage goes on during the test
    assert -1 <= int(breaker(world)["until"]) - now - pause <= 1.1 * passed + 1
    assert int(breaker(world)["opened"]) == now - away


def test_a_breaker_and_what_was_seen_last_expire_after_seven_days(world: World) -> None:
    for last, condition in zip(("down", "ok"), ("down", "busy:1000"), strict=True):
        world.ledger.settle(leased(world), "done", {}, {}, 0, [(DESTINATION, condition)], last={DESTINATION: last})
        for key in (f"breaker:{DESTINATION}", "last"):
            assert world.redis.ttl(f"{world.ledger.prefix}{key}") == pytest.approx(604_800, abs=5)
    assert world.redis.hget(f"{world.ledger.prefix}last", DESTINATION).endswith(b"|ok")


def test_a_delivery_that_failed_waits_from_the_given_time_on(world: World) -> None:
    for state, index in itertools.product(("retrying", "dead"), ("waits", "dead")):
        world.redis.delete(f"{world.ledger.prefix}{index}:{DESTINATION}")
        attempt(world, "", state, Recovery(DESTINATION, 90.0))  # type: ignore[arg-type]
        scores = world.redis.zrange(f"{world.ledger.prefix}{index}:{DESTINATION}", 0, -1, withscores=True)
        if (state == "dead") == (index == "dead"):
            [(id_, score)] = scores
            assert score == pytest.approx(now_ms(world) + 90_000, abs=2000)
            assert world.redis.hget(f"{world.ledger.prefix}delivery:{id_.decode()}", "waits") == DESTINATION.encode()
            assert world.redis.srem(f"{world.ledger.prefix}waiting", DESTINATION) == 1


def test_a_failure_of_a_week_ago_does_not_count_with_those_of_today(world: World) -> None:
    for _ in range(4):
        attempt(world, "down")
    world.pass_time(7 * 86_400 + 1)
    assert [attempt(world, "down").breakers for _ in range(5)] == [(), (), (), (), ((DESTINATION, "opened"),)]


def test_an_outage_that_was_seen_last_a_week_ago_is_over(world: World) -> None:
    """The next one is another one: it is reported, and its pauses begin short."""
    open_breaker(world)
    world.pass_time(7 * 86_400 - 5)
    assert attempt(world, "quota").breakers == ()
    world.pass_time(7 * 86_400 + 1)
    assert attempt(world, "quota").breakers == ((DESTINATION, "opened"),)
    assert int(breaker(world)["opened"]) == pytest.approx(now_ms(world), abs=5000)


@pytest.mark.parametrize(("works", "wait"), [(True, 0), (False, 930)])
def test_who_was_held_while_the_destination_came_back_goes_at_once(world: World, works: bool, wait: int) -> None:
    """The success that wakes all others came between its look at the breaker and the record of its wait."""
    open_breaker(world)
    late = leased(world)
    assert world.ledger.admit(late, DESTINATION, 0, 1, "").because == "open"
    if works:
        attempt(world, "up")
    held = {"attempts": "0", "why": "held", "reason": "held"}
    world.ledger.settle(late, "retrying", held, {}, 930.0, recovery=Recovery(DESTINATION))
    assert due(world, late.delivery_id) == pytest.approx(now_ms(world) + wait * 1000, abs=5000)
    assert ("waits" in fields(world, f"delivery:{late.delivery_id}")) != works


@pytest.mark.parametrize(("stopped", "wait"), [(False, 0), (True, 3600)])
def test_who_was_held_while_its_connector_was_started_again_goes_at_once(
    world: World, stopped: bool, wait: int
) -> None:
    if stopped:
        Stops(world.redis, INSTANCE).stop("one", Stop(1.0, "why"))
    late = leased(world)
    held = {"attempts": "0", "why": "stopped", "reason": "stopped"}
    world.ledger.settle(late, "retrying", held, {}, 3600.0, recovery=Recovery(DESTINATION))
    assert due(world, late.delivery_id) == pytest.approx(now_ms(world) + wait * 1000, abs=5000)


def test_who_failed_and_is_not_held_keeps_to_its_schedule(world: World) -> None:
    lease = leased(world)
    world.ledger.settle(lease, "retrying", {"reason": "network"}, {}, 60.0, [], Recovery(DESTINATION, 5.0))
    assert due(world, lease.delivery_id) == pytest.approx(now_ms(world) + 60_000, abs=5000)
