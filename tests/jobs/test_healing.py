"""What comes back when a destination works again: exactly whose reason is gone, and in which state."""

from __future__ import annotations

import pytest
from redis import Redis

from jobs.ledger.values import Recovery
from tests.jobs.steps import due, due_now, fields, key_of, leased, members, now_ms, queued, waiting
from tests.jobs.world import Recorder, World


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder()})


def test_a_dead_letter_that_is_healed_is_unfinished_in_every_index(world: World) -> None:
    [id_] = waiting(world, "one #a", "dead", 1, position=7, healed=2)
    assert world.ledger.heal("one #a") == 1
    delivery = fields(world, f"delivery:{id_}")
    assert (delivery["state"], delivery["position"], delivery["healed"]) == ("retrying", "0", "3")
    assert "waits" not in delivery
    for name in ("next", "updated", "replayed"):
        assert int(delivery[name]) == pytest.approx(now_ms(world), abs=5000), name
    assert members(world, "state:dead") == members(world, "dead:one #a") == []
    assert members(world, "state:retrying") == members(world, "due") == members(world, f"line:one:e:{id_}") == [id_]
    assert due(world, id_) == pytest.approx(now_ms(world), abs=5000)


def test_what_waits_and_is_woken_is_due_now_and_waits_no_longer(world: World) -> None:
    [id_] = waiting(world, "one #a", "retrying", 1, next=10**14)
    assert world.ledger.heal("one #a") == 1
    delivery = fields(world, f"delivery:{id_}")
    assert not {"waits", "healed"} & delivery.keys()
    assert int(delivery["next"]) == due(world, id_) == pytest.approx(now_ms(world), abs=5000)
    assert members(world, "waits:one #a") == []


@pytest.mark.parametrize(
    "changed", [{"state": "done"}, {"state": "dead"}, {"waits": "one #b"}], ids=lambda entry: str(entry)
)
def test_an_entry_that_is_no_longer_true_is_dropped_and_changes_nothing(world: World, changed: dict[str, str]) -> None:
    """Another version's delivery, one that has ended meanwhile, or one that waits for something else now."""
    [id_] = waiting(world, "one #a", "retrying", 1)
    world.redis.hset(key_of(world, f"delivery:{id_}"), mapping=changed)
    before = fields(world, f"delivery:{id_}")
    assert world.ledger.heal("one #a") == 0
    assert fields(world, f"delivery:{id_}") == before
    assert members(world, "waits:one #a") == members(world, "due") == []


def test_heal_takes_the_destination_or_every_one_of_the_connector_and_no_other(world: World) -> None:
    for number, name in enumerate(("one", "one #a", "one #b", "oner #a", "two one", "on")):
        ids = waiting(world, name, "retrying", number + 1)
        world.redis.rename(key_of(world, f"waits:{name}"), key_of(world, "spare"))
        for id_ in ids:
            own = f"{number}{id_}"
            world.redis.rename(key_of(world, f"delivery:{id_}"), key_of(world, f"delivery:{own}"))
            world.redis.zadd(key_of(world, f"waits:{name}"), {own: 1})
        world.redis.hset(key_of(world, "last"), name, "1|refused")
    assert world.ledger.heal("one #b") == 3
    assert [name for name, seen in fields(world, "last").items() if seen.endswith("|ok")] == ["one #b"]
    assert world.ledger.heal("one") == 1 + 2
    good = {name for name, seen in fields(world, "last").items() if seen.endswith("|ok")}
    assert good == {"one", "one #a", "one #b"}
    assert int(fields(world, "last")["one"].partition("|")[0]) == pytest.approx(now_ms(world), abs=5000)


def test_heal_counts_what_waits_and_what_died(world: World) -> None:
    dead = waiting(world, "one", "dead", 2)
    for id_ in dead:
        world.redis.rename(key_of(world, f"delivery:{id_}"), key_of(world, f"delivery:d{id_}"))
        world.redis.zrem(key_of(world, "dead:one"), id_)
        world.redis.zadd(key_of(world, "dead:one"), {f"d{id_}": 1})
    waiting(world, "one", "retrying", 3)
    assert world.ledger.heal("one") == 5
    assert due_now(world) == 5


def test_heal_ends_the_pause_of_an_open_breaker_and_no_other(world: World) -> None:
    breaker = key_of(world, "breaker:one")
    world.redis.sadd(key_of(world, "waiting"), "one")
    world.redis.hset(breaker, "until", int(now_ms(world)) + 60_000)
    world.ledger.heal("one")
    assert int(world.redis.hget(breaker, "until")) == pytest.approx(now_ms(world), abs=5000)
    world.redis.hset(breaker, "until", 1)
    world.ledger.heal("one")
    assert world.redis.hget(breaker, "until") == b"1", "its pause was over already"
    world.redis.delete(breaker)
    world.ledger.heal("one")
    assert not world.redis.exists(breaker)


def test_a_delivery_that_runs_again_or_is_replayed_waits_for_nobody(world: World) -> None:
    for again in ("lease", "replay"):
        for state, name in (("retrying", "waits"), ("dead", "dead")):
            lease = leased(world)
            world.ledger.settle(lease, state, {}, {}, 600, [], Recovery("one #a"))  # type: ignore[arg-type]
            assert members(world, f"{name}:one #a") == [lease.delivery_id]
            if again == "replay":
                assert world.ledger.replay(lease.delivery_id) == "queued"
            elif state == "retrying":
                leased(world, lease.delivery_id)
            else:
                continue
            assert members(world, f"{name}:one #a") == []
            assert "waits" not in fields(world, f"delivery:{lease.delivery_id}")
        world.redis.flushall()


def test_a_replay_starts_at_the_first_attempt_and_forgets_why_it_failed(world: World) -> None:
    lease = leased(world)
    failed = {"position": "5", "why": "down", "reason": "network", "healed": "3"}
    world.ledger.settle(lease, "dead", failed, {})
    assert world.ledger.replay(lease.delivery_id) == "queued"
    delivery = fields(world, f"delivery:{lease.delivery_id}")
    assert (delivery["state"], delivery["position"], delivery["forced"]) == ("queued", "0", "1")
    assert not {"next", "why", "reason", "healed"} & delivery.keys()
    for name in ("handed", "updated", "replayed"):
        assert int(delivery[name]) == pytest.approx(now_ms(world), abs=5000), name
    assert members(world, "state:dead") == []
    assert members(world, "state:queued") == members(world, f"line:one:{delivery['entity']}") == [lease.delivery_id]
    assert due(world, lease.delivery_id) == pytest.approx(now_ms(world) + 10_000, abs=5000)


def test_what_does_not_exist_or_runs_is_not_replayed(world: World) -> None:
    assert world.ledger.replay("unknown.one") == "gone"
    id_ = queued(world)
    leased(world, id_)
    before = fields(world, f"delivery:{id_}")
    assert world.ledger.replay(id_) == "running"
    assert fields(world, f"delivery:{id_}") == before


@pytest.mark.parametrize(("state", "index"), [("retrying", "waits"), ("dead", "dead")])
def test_what_a_newer_version_wrote_waits_on_and_lets_the_others_go_first(world: World, state: str, index: str) -> None:
    """It is the newer version that brings it back: nothing of it is changed, and it stays in the set for that."""
    newer, *others = waiting(world, "one", state, 3)
    world.redis.hset(key_of(world, f"delivery:{newer}"), "v", 2)
    before = fields(world, f"delivery:{newer}")
    assert world.ledger.heal("one") == 2
    assert fields(world, f"delivery:{newer}") == before
    assert members(world, f"{index}:one") == [newer]
    assert world.redis.zscore(key_of(world, f"{index}:one"), newer) == pytest.approx(now_ms(world) + 60_000, abs=5000)
    assert sorted(members(world, "due")) == sorted(others if state == "dead" else [newer, *others])
