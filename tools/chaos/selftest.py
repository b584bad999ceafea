"""Proves that the suite can fail: switches off each protection in turn, in a scenario that needs it.

Every scenario is counted twice: with the protection, where all must hold, and without it, where the count must find an
error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tools.chaos.facts import Row
from tools.chaos.run import Source, play
from tools.chaos.sabotage import PROTECTIONS
from tools.chaos.story import Action
from tools.chaos.world import Options, World
from tools.sandbox.processes import wait_for

ISSUE = Action(0, "issue", "이슈 '0'", issue=0)
STATUS = Action(0, "status", "IN_PROGRESS", issue=0)
FEEDBACK = Action(0, "feedback", "결제가 안 돼요 0", feedback=0)
SLOW_SECONDS = 2.0
MEETING_SECONDS = 8.0
"""Shorter than the service waits for an answer."""
PATIENCE = 60.0


@dataclass(frozen=True)
class Scenario:
    """`play` runs the scenario, and returns when the damage would be done. `changes` and `search_lag`: as in
    Options."""

    play: Callable[[World, Source], None]
    why: str
    search_lag: float = 0.0
    changes: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def _meeting(world: World) -> Iterator[None]:
    """Holds the first delivery that looks for a ticket until a second one looks, too. So both have looked before either
    makes a ticket.

    With the protection there is no second one: the wait ends, and the first continues alone.
    """
    looks = {"kind": "delay", "system": "jira", "path": "search", "seconds": PATIENCE, "times": None}
    makes = {"kind": "delay", "system": "jira", "path": "/issue$", "seconds": SLOW_SECONDS, "times": None}
    world.control("faults", [looks, makes])
    yield
    with suppress(TimeoutError):
        wait_for("a second look", lambda: _looks(world) > 1, MEETING_SECONDS)
    world.control("faults", {"path": "search"}, "DELETE")
    world.control("waits", None, "DELETE")


def _looks(world: World) -> int:
    return int(world.service.state()["faults"]["fired"].get("delay", 0))


def two_at_once(world: World, source: Source) -> None:
    with _meeting(world):
        source.do(ISSUE)
        source.do(STATUS)  # needs the ticket, too


def announced_twice_meanwhile(world: World, source: Source) -> None:
    with _meeting(world):
        source.do(ISSUE)
        wait_for("the first look", lambda: _looks(world) and world.post.received)
        world.post.again(1)  # an identical webhook is another job for the same delivery


def lost_answer(world: World, source: Source) -> None:
    world.control("faults", {"kind": "drop_after", "system": "jira", "method": "POST", "path": "/issue$"})
    source.do(ISSUE)


def announced_again_later(world: World, source: Source) -> None:
    source.do(ISSUE)
    source.do(STATUS)
    wait_for("the message", lambda: world.service.state()["slack"]["messages"])
    world.wait_quiet(PATIENCE)
    world.post.again(10)


def killed_at_work(world: World, source: Source) -> None:
    order = world.order_death("libretranslate POST /translate", "before")
    source.do(FEEDBACK)
    wait_for("the kill", lambda: not order.exists())


SCENARIOS: Mapping[str, Scenario] = {
    "lock": Scenario(two_at_once, "two events need the same ticket at the same moment"),
    "lease": Scenario(announced_twice_meanwhile, "a delivery is handed out again while it runs"),
    "marker": Scenario(lost_answer, "the answer to a create is lost", changes={"JIRA_SEARCH_LAG": "2"}),
    "intent": Scenario(
        lost_answer,
        "the answer to a create is lost, and Jira's search is late",
        search_lag=12,
        changes={"JIRA_SEARCH_LAG": "15"},
    ),
    "dedup": Scenario(announced_again_later, "webhooks come again after all was done"),
    "clock": Scenario(killed_at_work, "the worker that runs a delivery is killed"),
}
"""The scenarios, by the protection that each needs. Reconcile is off, because it would repair the damage."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The errors that were counted with the protection and without it."""

    protection: str
    why: str
    whole: list[str]
    sabotaged: list[str]

    @property
    def proven(self) -> bool:
        return not self.whole and bool(self.sabotaged)


def prove(protections: Iterable[str] = tuple(PROTECTIONS), jobs: int = 2) -> list[Finding]:
    names = list(protections)
    with ThreadPoolExecutor(jobs) as pool:
        counted = list(pool.map(lambda case: attempt(*case), [(n, without) for n in names for without in ("", n)]))
    pairs = zip(names, counted[::2], counted[1::2], strict=True)
    return [Finding(name, SCENARIOS[name].why, whole, broken) for name, whole, broken in pairs]


def attempt(protection: str, without: str) -> list[str]:
    """The errors that the count finds in the scenario for `protection`; `without`: what is switched off, "" for
    nothing."""
    scenario = SCENARIOS[protection]
    changes = {"RECONCILE_EVERY": "0", **scenario.changes}
    options = Options(without=without, search_lag=scenario.search_lag, changes=changes)
    # A delivery that no worker runs never finishes: effects that do not exist after the wait are missing.
    rows, quiet = play(options, scenario.play, PATIENCE if not without else PATIENCE / 2)
    return [*_found(rows), *([] if quiet else ["deliveries were left undone"])]


def _found(rows: Iterable[Row]) -> list[str]:
    kinds: tuple[tuple[str, Callable[[Row], list[Any]]], ...] = (
        ("missing", lambda row: row.missing),
        ("repeated", lambda row: row.repeated),
        ("wrong", lambda row: row.wrong),
    )
    return [f"{len(which(row))} {row.effect} {kind}" for row in rows for kind, which in kinds if which(row)]
