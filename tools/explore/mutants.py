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


NAMED: Mapping[str, Mapping[str, str | tuple[str, str]]] = {
    "hold": {
        "a lease without its token check": " and d[2] == token",
        "a lease that ran out and counts while its line is held": " and not held_by_another(p, hold, id, now)",
        "a `hold` that outlives its lease": (
            "d[1] == 'running' and tonumber(d[2] or 0) > now and holder or nil",
            "holder",
        ),
    },
    "renew": {
        "`renew` of a lost lease": ("if leased then", "if true then"),
    },
    "add": {
        "a part of a note that is kept without a lease": "if not leased then return 0 end\n",
        "a part of a note whose lease is not renewed": (
            "redis.call('HSET', key, 'until', now + lease, 'noted', size)",
            "redis.call('HSET', key, 'noted', size)",
        ),
    },
    "charge": {
        "further turns that a bucket keeps for ever": ", 'PX', free - now + BUCKET_KEPT_MS",
    },
    "occupy": {
        "a second subject that is freed without a lease": "if not is_leased(p, id, connector, token, now) then return 'lost' end\n",
        "a second subject on which two work": "if held_by_another(p, hold, id, now) then return 'busy' end\n",
    },
    "admit": {
        "a stop that nobody heeds": "if stopped then return {0, 'stopped', stopped} end\n",
        "`admit` without a lease": "if not is_leased(p, id, connector, ARGV[5], now) then return {0, 'lost'} end\n",
    },
    "settle": {
        "what has stopped and nobody wakes": "\n  or reason == 'stopped' and redis.call('HEXISTS', p .. 'stopped', connector) == 0",
        "a dead letter without its notes": ("if state ~= 'dead' then  --", "if true then  --"),
        "`settle` without its token check": ("d[1] ~= 'running' or d[2] ~= token", "false"),
        "a held delivery that nobody wakes": ("delay, destination = 0, ''", "delay = delay"),
        "what waits for a destination is never woken": "if b[1] then wake(p, destination, now, WOKEN_BY_SUCCESS) end",
        "what is held costs an attempt of the schedule": (
            "redis.call('HSET', key, ARGV[i], ARGV[i + 1])",
            "if ARGV[i] ~= 'attempts' then redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end",
        ),
        "the next of a line that nobody wakes": ("answer[2] = leave_line", "leave_line"),
        "a breaker that Redis keeps for ever": "redis.call('EXPIRE', breaker, BREAKER_KEPT_S)",
        "a pause that is asked for and does not count": ("if was > 0 and asked > was then", "if false then"),
    },
    "lease": {
        "a `hold` that is ignored": "held_by_another(p, hold, id, now) or ",
        "a lease that does not count": ("if state == 'running' and tonumber(d[3] or 0) > now then", "if false then"),
        "a time of the next attempt that does not count": (
            "if state == 'retrying' and tonumber(d[6] or 0) > now and",
            "if false and",
        ),
        "a lease that is not due when it ends": "redis.call('ZADD', due, now + lease, id)\n",
        "what a newer version wrote is run": ("if d[1] ~= '1' then", "if false then"),
        "a hold that Redis keeps for ever": ("redis.call('SET', hold, id, 'PX', lease)", "redis.call('SET', hold, id)"),
    },
    "forget": {
        "an unfinished delivery that is forgotten": (
            "{'done', 'skipped', 'dead'}",
            "{'done', 'skipped', 'dead', 'retrying'}",
        ),
        "an event that outlives its deliveries": ("'left', -1) <= 0", "'left', -1) < 0"),
        "forgotten dead letters that a destination still brings back": "    stop_waiting(p, id)\n",
    },
    "accept": {
        "a delivery that is accepted and not due": "redis.call('ZADD', p .. 'due', now + hand, delivery)\n",
        "a repeated event that is stored again": ("redis.call('EXISTS', p .. 'delivery:' .. delivery) == 0", "true"),
    },
    "tick": {
        "a hand-over that is not looked after": (
            "redis.call('ZADD', p .. 'due', now + hand, id)\n    ids",
            "redis.call('ZREM', p .. 'due', id)\n    ids",
        ),
        "a lost job that is taken for waiting": (
            "state == 'queued' and not idle and tonumber(d[3] or 0) >= watermark",
            "state == 'queued'",
        ),
        "a worker that is lost for ever": ("lost >= LOST_BEFORE_DEAD", "false"),
    },
    "again": {
        "a replay that goes on along the schedule": "'position', 0, ",
        "a replay that is in two indexes": "redis.call('ZREM', p .. 'state:' .. d[2], id)\n",
        "a replay that stands in no line": "redis.call('ZADD', p .. 'line:' .. string.match(id, '%.(.*)$') .. ':' .. d[3], d[4], id)\n",
        "a replay that still waits for a destination": "stop_waiting(p, id)\n",
        "a planned replay that is not due": "redis.call('ZADD', p .. 'due', at, id)\n",
    },
    "drop": {
        "a dropped delivery that is in two indexes": "redis.call('ZREM', p .. 'state:' .. d[2], id)\n",
        "a dropped delivery that still waits": "stop_waiting(p, id)\n",
    },
    "recovery": {
        "a dead letter that comes back and stands in no line": "  redis.call('ZADD', p .. 'line:' .. string.match(id, '%.(.*)$') .. ':' .. d[1], d[2], id)\n",
        "a crowd that keeps those who have gone": "if d[2] then redis.call('ZREM', p .. 'crowd:' .. d[2], id) end\n",
        "what a newer version wrote loses its place among those who wait": (
            "if d[1] and d[1] ~= '1' then",
            "if false then",
        ),
    },
    "finish": {
        "a finished delivery that keeps its place in the line": "redis.call('ZREM', line, id)\n",
    },
    "gather": {
        "what a newer version wrote loses its turn": ("return not v or v == '1' end", "return true end"),
    },
}
"""By script and name: the text that is left out, or that is replaced and by what."""


def protections() -> Iterator[Mutant]:
    """Those of `bin/chaos --self-test` that are in the ledger's scripts."""
    for name, (module, patch) in PROTECTIONS.items():
        if module == "jobs.ledger.scripts":
            texts = dict(TEXTS)
            stand_in: Any = SimpleNamespace(LUA=texts)
            patch(stand_in)
            yield Mutant(f"without {name} (`bin/chaos --without {name}`)", texts)


def named() -> Iterator[Mutant]:
    for script, changes in NAMED.items():
        for name, change in changes.items():
            before, after = (change, "") if isinstance(change, str) else change
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
