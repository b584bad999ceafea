"""The embedded store and interpreter do as a real server does."""

from __future__ import annotations

import random
from functools import partial

import pytest
from redis import Redis as Client

from jobs.ledger.scripts import LUA
from tests.explore.twin import Twin
from tools.explore.lua import Redis
from tools.explore.model import Model
from tools.explore.promises import check
from tools.explore.store import Store, number
from tools.explore.world import World
from tools.explore.worlds import ALL, WALKS

STEPS = 120


WORLDS = (*WALKS, *(ALL[name] for name in ("a digest", "a breaker", "dead letters", "retention with dead letters")))


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_every_script_does_the_same_on_a_real_server(redis: Client, world: World) -> None:
    """On random walks: the same answers, and after each script the same keys."""
    seen = 0
    for seed in range(2):
        redis.flushall()
        chance, model = random.Random(seed), Model(world, client=partial(Twin, redis))
        twin = model.redis
        assert isinstance(twin, Twin)
        redis.flushall()
        state = model.first()
        for _ in range(STEPS):
            if not (actions := model.choices.possible(state)):
                break
            action = chance.choice(actions)
            if action == "wipe":
                redis.flushall()
            state = model.after(state, action)
            check(world, state)
        seen += twin.scripts
    assert seen > 10


def test_a_script_that_fails_fails_here_too(redis: Client) -> None:
    here = Redis(Store())
    for script in ("return redis.call('GET')", "return nothing.at.all", "return 1 +"):
        for server in (here, redis):
            with pytest.raises(Exception, match=r"."):
                server.eval(script, 0)


@pytest.mark.parametrize(
    "script",
    [
        "return {1, 'a', 2.9, false, 'behind it'}",
        "return {1, nil, 3}",
        "return true",
        "return false",
        "return -1.9",
        "return {{'a', {1}}, {}}",
        "redis.call('ZADD', 'z', 2 ^ 40 + 0.25, 'b') return redis.call('ZSCORE', 'z', 'b')",
        "return redis.call('HSET', 'h', 'a', 1e13 + 0.001, 'b', 3.0) .. redis.call('HGET', 'h', 'a')",
        "return redis.call('SET', 's', 1, 'NX')",
        "redis.call('SET', 's', 1) return redis.call('SET', 's', 2, 'NX')",
        "return cjson.decode(ARGV[1])[2][1] .. #cjson.decode(ARGV[1])",
        "return redis.call('HMGET', 'none', 'a', 'b')",
        "return tostring(redis.call('GET', 'none'))",
        "return redis.call('ZRANGE', 'z', '-inf', '+inf', 'BYSCORE', 'LIMIT', 0, 0)",
    ],
    ids=range(14),
)
def test_values_pass_as_on_a_real_server(redis: Client, script: str) -> None:
    here = Redis(Store())
    argument = '[["a", "queued", "\\ud55c\\uae00"], ["b", "x"]]'
    answer = here.eval(script, 0, argument)
    real = redis.eval(script, 0, argument)
    assert (b"OK" if real is True else real) == answer


def test_numbers_are_written_shortly_and_whole() -> None:
    assert [number(value) for value in (3, 3.0, -2.5, 1e13, 999999900000.001)] == [
        b"3", b"3", b"-2.5", b"10000000000000", b"999999900000.001",
    ]  # fmt: skip


def test_a_snapshot_is_not_changed_by_what_comes_after() -> None:
    model = Model(ALL["a line"])
    first = model.first()
    sent = model.after(first, "send a")
    before = {key: value.copy() if hasattr(value, "copy") else value for key, value in sent.store.keys.items()}
    for action in ("send b", "take 0", "tick"):
        model.after(sent, action) if action != "tick" else model.after(model.after(sent, "take 0"), "step 0")
    assert sent.store.keys == before
    assert not any(b"delivery:" in key for key in first.store.keys)


def test_every_script_of_the_ledger_is_run_by_the_worlds() -> None:
    """But for notes item by item, and further turns of a rate: connectors of these worlds use neither."""
    used: set[str] = set()

    class Noting(Redis):
        def eval(self, script: str, keys: int, *arguments: bytes | str | int) -> object:  # type: ignore[override]
            used.add(next(name for name, text in LUA.items() if text == script))
            return super().eval(script, keys, *arguments)

    for world in WALKS:
        model, chance = Model(world, client=Noting), random.Random(1)
        state = model.first()
        for _ in range(1500):
            actions = model.choices.possible(state)
            if not actions:
                state = model.first()
                continue
            state = model.after(state, chance.choice(actions))
    assert used >= {"accept", "admit", "forget", "heal", "lease", "renew", "replay", "settle", "tick"}
