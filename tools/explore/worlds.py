"""The worlds that are explored: small ones that are finished, and large ones for random walks."""

from __future__ import annotations

from tools.explore.world import FAULTS, Third, World

ONE = {"one": Third()}
BLIND = {"one": Third(looks=False)}
BOTH = {"one": Third(), "two": Third(looks=False)}
NEEDY = {"one": Third(needs=True)}
SECOND = {"one": Third(also={"b": 1})}
PARTS = {"one": Third(parts=True)}
LATER = {"one": Third(), "two": Third(late=True)}

SMALL = (
    World("one event", {"a": 1}, BOTH),
    World("killed", {"a": 1}, ONE, {"kill": 2, "lose": 1, "no answer": 1}),
    World("frozen", {"a": 1}, ONE, {"freeze": 1, "repeat": 1, "slow": 2}),
    World("blind", {"a": 1}, BLIND, {"kill": 1, "no answer": 1, "down": 1, "replay": 1}),
    World("a line", {"a": 1, "b": 1}, ONE, {"kill": 1, "slow": 1}),
    World("a line in which one is frozen", {"a": 1, "b": 1}, ONE, {"freeze": 1, "slow": 1}),
    World("a line in which one dies", {"a": 1, "b": 1}, ONE, {"refuse": 1, "heal": 1, "replay": 1}, quick=False),
    World("two subjects", {"a": 1, "b": 2}, ONE, {"lose": 1, "slow": 1, "twice": 1}, quick=False),
    World("a connector that is switched on later", {"a": 1}, LATER, {"reconcile": 1, "repeat": 1, "kill": 1}),
    World("dead letters", {"a": 1}, ONE, {"refuse": 2, "heal": 1, "replay": 1, "no answer": 1}),
    World("dead letters of a blind connector", {"a": 1}, BLIND, {"refuse": 1, "no answer": 2, "heal": 1}),
    World("a replay of many", {"a": 1, "b": 1}, ONE, {"plan": 1, "kill": 1, "refuse": 1}, quick=False),
    World("one that is dropped", {"a": 1, "b": 1}, ONE, {"drop": 1, "kill": 1, "down": 1}, quick=False),
    World("one that is dropped from a crowd", {"a": 1, "b": 2}, {"one": Third(per_second=1)}, {"drop": 1, "kill": 1}),
    World("a breaker", {"a": 1, "b": 2}, ONE, {"down": 3, "kill": 1}, policy={"FAILURES_TO_OPEN": 2}, quick=False),
    World(
        "a breaker, and a pause that is asked for",
        {"a": 1, "b": 2},
        ONE,
        {"later": 1, "down": 1},
        policy={"FAILURES_TO_OPEN": 2},
    ),
    World("a used-up quota", {"a": 1, "b": 2}, ONE, {"quota": 1, "busy": 1, "kill": 1}, quick=False),
    World("a rate limit", {"a": 1, "b": 2}, {"one": Third(per_second=1)}, {"kill": 1, "slow": 1}, quick=False),
    World("a digest", {"a": 1, "b": 2, "c": 3}, {"one": Third(per_second=1, crowd=1)}, {"kill": 1}),
    World(
        "a digest that is frozen",
        {"a": 1, "b": 2},
        {"one": Third(per_second=1, crowd=1)},
        {"freeze": 1, "slow": 1},
        quick=False,
    ),
    World("a breaker that many wait for", {"a": 1, "b": 2, "c": 3}, ONE, {"quota": 1}),
    World("a line whose keys never expire", {"a": 1, "b": 1}, ONE, {"kill": 1, "lose": 1}, expires=False),
    World("a connector that stops", {"a": 1, "b": 2}, ONE, {"gone": 1, "kill": 1}),
    World("a line whose connector stops", {"a": 1, "b": 1}, ONE, {"gone": 1, "slow": 1}, quick=False),
    World("a source that is down", {"a": 1, "b": 2}, NEEDY, {"source down": 2}, policy={"FAILURES_TO_OPEN": 2}),
    World("work on a second subject", {"a": 1, "b": 2}, SECOND, {"kill": 1}),
    World("work on a second subject that is frozen", {"a": 1, "b": 2}, SECOND, {"freeze": 1, "slow": 1}, quick=False),
    World("notes in parts", {"a": 1}, PARTS, {"freeze": 1, "repeat": 1, "slow": 2, "no answer": 1}),
    World("attempts of two requests", {"a": 1, "b": 2}, {"one": Third(per_second=1, requests=2)}, {"kill": 1}),
    World("two versions", {"a": 1, "b": 1}, ONE, {"kill": 1}, newer=(1,), quick=False),
    World("two versions and one event", {"a": 1}, ONE, {"kill": 1, "lose": 1}, newer=(1,)),
    World("two versions and a dead letter", {"a": 1}, ONE, {"refuse": 1, "heal": 1}, newer=(1,)),
    World(
        "two versions and digests",
        {"a": 1, "b": 2, "c": 3},
        {"one": Third(per_second=1, crowd=1)},
        newer=(1,),
        quick=False,
    ),
    World("the whole schedule", {"a": 1}, ONE, {"down": 9}),
    World("workers that are lost again and again", {"a": 1}, ONE, {"kill": 11}, workers=1),
    World("retention", {"a": 1, "b": 1}, ONE, {"forget": 1, "repeat": 1}, quick=False),
    World("retention with dead letters", {"a": 1}, BOTH, {"forget": 1, "refuse": 1, "heal": 1}),
    World("a wiped Redis", {"a": 1}, BOTH, {"wipe": 1, "no answer": 1, "freeze": 1}),
)
"""Finished within seconds each; a part of `bin/test`."""

LARGE = (
    World("a line with repeats", {"a": 1, "b": 1}, ONE, {"kill": 1, "slow": 1, "repeat": 1, "freeze": 1}),
    World("three in a line", {"a": 1, "b": 1, "c": 1}, ONE, {"kill": 1, "slow": 1}),
    World("two subjects, two connectors", {"a": 1, "b": 2}, BOTH, {"kill": 1}),
    World("two lines", {"a": 1, "b": 1, "c": 2}, ONE, {"lose": 1, "slow": 1}),
    World("a line that is replayed", {"a": 1, "b": 1}, ONE, {"replay": 1, "kill": 1, "slow": 1, "no answer": 1}),
    World(
        "a breaker and three subjects",
        {"a": 1, "b": 2, "c": 3},
        ONE,
        {"down": 3, "kill": 1},
        policy={"FAILURES_TO_OPEN": 2},
    ),
    World(
        "a digest of a line", {"a": 1, "b": 1, "c": 2}, {"one": Third(per_second=1, crowd=1)}, {"kill": 1, "slow": 1}
    ),
    World("two versions and a breaker", {"a": 1, "b": 2}, ONE, {"quota": 1}, newer=(1,)),
    World("two versions, one frozen", {"a": 1, "b": 1}, ONE, {"freeze": 1, "slow": 1}, newer=(1,)),
    World("two versions, dead letters", {"a": 1}, BOTH, {"refuse": 2, "heal": 1, "replay": 1, "forget": 1}, newer=(1,)),
    World("a wiped Redis and a line", {"a": 1, "b": 1}, ONE, {"wipe": 1, "kill": 1}),
    World("retention and replays", {"a": 1, "b": 1}, ONE, {"forget": 1, "replay": 1, "kill": 1}),
)
"""Finished within minutes each."""

WALKS = (
    World(
        "everything",
        {"a": 1, "b": 1, "c": 2},
        BOTH | {"three": Third(per_second=1)},
        {fault: 2 for fault in FAULTS if fault != "wipe"},
    ),
    World("everything, and a wipe", {"a": 1, "b": 1, "c": 2}, BOTH, dict.fromkeys(FAULTS, 1)),
)
"""Too large to be finished: random walks."""

ALL = {world.name: world for world in (*SMALL, *LARGE, *WALKS)}
