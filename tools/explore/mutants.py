"""The ledger with one protection switched off, or changed in one small way: the explorer must notice."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from jobs.ledger.scripts import TEXTS
from tools.chaos.sabotage import PROTECTIONS
from tools.mutation import lua


@dataclass(frozen=True, slots=True)
class Mutant:
    """`texts`: of all scripts, as they are written, with the change."""

    name: str
    texts: Mapping[str, str]


NAMED: Mapping[str, tuple[str, str, str]] = {
    "a lease without its token check": ("hold", " and d[2] == token", ""),
    "a lease that ran out and counts while its line is held": (
        "hold",
        " and not held_by_another(p, hold, id, now)",
        "",
    ),
    "`renew` of a lost lease": ("renew", "if leased then", "if true then"),
    "a part of a note that is kept without a lease": ("add", "if not leased then return 0 end\n", ""),
    "a part of a note whose lease is not renewed": (
        "add",
        "redis.call('HSET', key, 'until', now + lease, 'noted', size)",
        "redis.call('HSET', key, 'noted', size)",
    ),
    "further turns that a bucket keeps for ever": ("charge", ", 'PX', free - now + BUCKET_KEPT_MS", ""),
    "a second subject that is freed without a lease": (
        "occupy",
        "if not is_leased(p, id, connector, token, now) then return 'lost' end\n",
        "",
    ),
    "a second subject on which two work": (
        "occupy",
        "if held_by_another(p, hold, id, now) then return 'busy' end\n",
        "",
    ),
    "a stop that nobody heeds": ("admit", "if stopped then return {0, 'stopped', stopped} end\n", ""),
    "what has stopped and nobody wakes": (
        "settle",
        "\n  or reason == 'stopped' and redis.call('HEXISTS', p .. 'stopped', connector) == 0",
        "",
    ),
    "`admit` without a lease": (
        "admit",
        "if not is_leased(p, id, connector, ARGV[5], now) then return {0, 'lost'} end\n",
        "",
    ),
    "a `hold` that is ignored": ("lease", "held_by_another(p, hold, id, now) or ", ""),
    "a `hold` that outlives its lease": (
        "hold",
        "d[1] == 'running' and tonumber(d[2] or 0) > now and holder or nil",
        "holder",
    ),
    "an unfinished delivery that is forgotten": (
        "forget",
        "{'done', 'skipped', 'dead'}",
        "{'done', 'skipped', 'dead', 'retrying'}",
    ),
    "a dead letter without its notes": ("settle", "if state ~= 'dead' then  --", "if true then  --"),
    "`settle` without its token check": ("settle", "d[1] ~= 'running' or d[2] ~= token", "false"),
    "a lease that does not count": (
        "lease",
        "if state == 'running' and tonumber(d[3] or 0) > now then",
        "if false then",
    ),
    "a time of the next attempt that does not count": (
        "lease",
        "if state == 'retrying' and tonumber(d[6] or 0) > now and",
        "if false and",
    ),
    "a lease that is not due when it ends": ("lease", "redis.call('ZADD', due, now + lease, id)\n", ""),
    "a delivery that is accepted and not due": ("accept", "redis.call('ZADD', p .. 'due', now + hand, delivery)\n", ""),
    "a repeated event that is stored again": (
        "accept",
        "redis.call('EXISTS', p .. 'delivery:' .. delivery) == 0",
        "true",
    ),
    "a hand-over that is not looked after": (
        "tick",
        "redis.call('ZADD', p .. 'due', now + hand, id)\n    ids",
        "redis.call('ZREM', p .. 'due', id)\n    ids",
    ),
    "a lost job that is taken for waiting": (
        "tick",
        "state == 'queued' and not idle and tonumber(d[3] or 0) >= watermark",
        "state == 'queued'",
    ),
    "a worker that is lost for ever": ("tick", "lost >= LOST_BEFORE_DEAD", "false"),
    "a replay that goes on along the schedule": ("again", "'position', 0, ", ""),
    "a replay that is in two indexes": ("again", "redis.call('ZREM', p .. 'state:' .. d[2], id)\n", ""),
    "a replay that stands in no line": (
        "again",
        "redis.call('ZADD', p .. 'line:' .. string.match(id, '%.(.*)$') .. ':' .. d[3], d[4], id)\n",
        "",
    ),
    "a replay that still waits for a destination": ("again", "stop_waiting(p, id)\n", ""),
    "a planned replay that is not due": ("again", "redis.call('ZADD', p .. 'due', at, id)\n", ""),
    "a dropped delivery that is in two indexes": ("drop", "redis.call('ZREM', p .. 'state:' .. d[2], id)\n", ""),
    "a dropped delivery that still waits": ("drop", "stop_waiting(p, id)\n", ""),
    "a dead letter that comes back and stands in no line": (
        "recovery",
        "  redis.call('ZADD', p .. 'line:' .. string.match(id, '%.(.*)$') .. ':' .. d[1], d[2], id)\n",
        "",
    ),
    "a held delivery that nobody wakes": ("settle", "delay, destination = 0, ''", "delay = delay"),
    "what waits for a destination is never woken": (
        "settle",
        "if b[1] then wake(p, destination, now, WOKEN_BY_SUCCESS) end",
        "",
    ),
    "what is held costs an attempt of the schedule": (
        "settle",
        "redis.call('HSET', key, ARGV[i], ARGV[i + 1])",
        "if ARGV[i] ~= 'attempts' then redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end",
    ),
    "a finished delivery that keeps its place in the line": ("finish", "redis.call('ZREM', line, id)\n", ""),
    "the next of a line that nobody wakes": ("settle", "answer[2] = leave_line", "leave_line"),
    "an event that outlives its deliveries": ("forget", "'left', -1) <= 0", "'left', -1) < 0"),
    "forgotten dead letters that a destination still brings back": ("forget", "    stop_waiting(p, id)\n", ""),
    "a crowd that keeps those who have gone": (
        "recovery",
        "if d[2] then redis.call('ZREM', p .. 'crowd:' .. d[2], id) end\n",
        "",
    ),
    "what a newer version wrote loses its place among those who wait": (
        "recovery",
        "if d[1] and d[1] ~= '1' then",
        "if false then",
    ),
    "what a newer version wrote loses its turn": ("gather", "return not v or v == '1' end", "return true end"),
    "what a newer version wrote is run": ("lease", "if d[1] ~= '1' then", "if false then"),
    "a hold that Redis keeps for ever": (
        "lease",
        "redis.call('SET', hold, id, 'PX', lease)",
        "redis.call('SET', hold, id)",
    ),
    "a breaker that Redis keeps for ever": ("settle", "redis.call('EXPIRE', breaker, BREAKER_KEPT_S)", ""),
}
"""What is changed, by its name: in which script, which text, and what stands there instead."""


def protections() -> Iterator[Mutant]:
    """Those of `bin/chaos --self-test` that are in the ledger's scripts."""
    for name, (module, patch) in PROTECTIONS.items():
        if module == "jobs.ledger.scripts":
            texts = dict(TEXTS)
            stand_in: Any = SimpleNamespace(LUA=texts)
            patch(stand_in)
            yield Mutant(f"without {name} (`bin/chaos --without {name}`)", texts)


def named() -> Iterator[Mutant]:
    for name, (script, before, after) in NAMED.items():
        if before not in TEXTS[script]:
            raise LookupError(f"{script}.lua has no {before!r} to change: look at tools/explore/mutants.py")
        yield Mutant(name, {**TEXTS, script: TEXTS[script].replace(before, after)})


def sampled(many: int, seed: int) -> Iterator[Mutant]:
    """Small changes of every kind, as `bin/mutate` makes them."""
    included = ("again", "finish", "hold", "recovery")
    scripts = ("accept", "admit", "drop", "forget", "gather", "lease", "plan", "renew", "settle", "tick", *included)
    every = [(script, mutant) for script in scripts for mutant in lua.mutants(TEXTS[script])]
    for script, mutant in random.Random(seed).sample(every, min(many, len(every))):
        yield Mutant(f"{script}.lua:{mutant.line} `{mutant.name}`", {**TEXTS, script: mutant.text})
