"""Attempts that hang: their leases run out, and how many slots they hold is reported."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
import structlog
from redis import Redis

from jobs.delivery import keeper as keeper_module
from jobs.delivery.keeper import Keeper
from jobs.ledger.ledger import Ledger
from jobs.ledger.records import Records
from jobs.ledger.values import Lease
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event
from tools.sandbox.processes import wait_for


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"slack": Recorder()})


@pytest.fixture
def leases(world: World) -> list[Lease]:
    found = []
    for number in range(3):
        accepted = world.accept(feedback_event())
        lease = world.ledger.lease(f"{accepted.event_id}.slack", f"token {number}")
        assert isinstance(lease, Lease)
        found.append(lease)
    return found


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt has run for too long."""
    monkeypatch.setattr(keeper_module, "LONGEST_ATTEMPT", 0.0)


def hung(redis: Redis) -> int:
    return int(Records(redis, INSTANCE).health()["hung"])


def test_an_attempt_hangs_after_two_minutes() -> None:
    assert keeper_module.LONGEST_ATTEMPT == 120.0


def test_a_keeper_keeps_no_process_alive_that_wants_to_end(world: World) -> None:
    assert Keeper(world.ledger, "worker").daemon


def test_what_works_is_kept_and_does_not_hang(world: World, leases: list[Lease]) -> None:
    keeper = Keeper(world.ledger, "worker")
    world.tick()
    with keeper.keeping(leases[0]):
        keeper.renew()
        assert hung(world.redis) == 0
    assert not world.redis.exists(f"{world.ledger.prefix}hung"), "where nothing hangs nothing is written"


def test_leases_are_renewed_three_times_before_they_run_out() -> None:
    assert keeper_module.RENEW_SECONDS == 5.0


def test_a_keeper_renews_again_and_again_until_it_is_stopped(
    world: World, leases: list[Lease], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "RENEW_SECONDS", 0.01)
    hold = f"{world.ledger.prefix}hold:slack:{leases[0].delivery['entity']}"
    keeper = Keeper(world.ledger, "worker")
    keeper.start()
    with keeper.keeping(leases[0]):
        for _ in range(2):
            world.redis.pexpire(hold, 5000)
            wait_for("the lease to be renewed", lambda: world.redis.pttl(hold) > 10_000)
    keeper.stop()
    keeper.join(20)
    assert not keeper.is_alive()


def test_slots_that_hang_are_counted_until_they_end(world: World, leases: list[Lease], hanging: None) -> None:
    keeper, other = Keeper(world.ledger, "worker"), Keeper(world.ledger, "other")
    world.tick()
    with ExitStack() as stack:
        for lease in leases[:2]:
            stack.enter_context(keeper.keeping(lease))
        keeper.renew()
        assert hung(world.redis) == 2
        with other.keeping(leases[2]):
            other.renew()
            assert hung(world.redis) == 2, "the other worker is not alive: it shows no sign of life"
            world.ledger.tick("other", world.queue.key)
            assert hung(world.redis) == 3
        other.renew()
        assert hung(world.redis) == 2
    keeper.renew()
    assert hung(world.redis) == 0


def test_the_number_is_forgotten_with_its_worker(world: World, leases: list[Lease], hanging: None) -> None:
    keeper = Keeper(world.ledger, "worker")
    world.tick()
    with keeper.keeping(leases[0]):
        keeper.renew()
    assert 0 < world.redis.ttl(f"{world.ledger.prefix}hung") <= 60
    world.ledger.leave("worker")
    assert hung(world.redis) == 0


def test_a_lease_that_hangs_is_not_renewed(world: World, leases: list[Lease], hanging: None) -> None:
    keeper = Keeper(world.ledger, "worker")
    short = 1000
    Ledger(world.redis, INSTANCE).renew([(leases[0].delivery_id, leases[0].token)], lease_ms=short)
    with keeper.keeping(leases[0]):
        keeper.renew()
        assert world.redis.pttl(f"{world.ledger.prefix}hold:slack:{leases[0].delivery['entity']}") <= short


def test_each_attempt_that_hangs_is_logged_once(
    world: World,
    leases: list[Lease],
    hanging: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A logger keeps the stream that it wrote to first: in another order of the tests that is another test's.
    fresh = structlog.wrap_logger(structlog.PrintLogger(), processors=[structlog.processors.JSONRenderer()])
    monkeypatch.setattr("jobs.delivery.keeper.log", fresh)
    keeper = Keeper(world.ledger, "worker")
    with keeper.keeping(leases[0]):
        keeper.renew()
        keeper.renew()
    keeper.renew()
    output = capsys.readouterr()
    text = output.out + output.err
    assert text.count("an attempt hangs and holds a slot") == 1
    assert leases[0].delivery_id in text
    assert text.count("an attempt that hung has ended") == 1
