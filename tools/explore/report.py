"""The tables of `bin/explore`, and their place in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tools import figures
from tools.explore.search import Result

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
WORLDS, MUTANTS = "bin/explore", "bin/explore --mutants --small"
"""The commands that write the blocks of the page."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the explorer made of a mutant: in which world it broke which promise, after how many steps and seconds of
    CPU time; `promise` is "" where it found nothing."""

    mutant: str
    world: str
    steps: int
    seconds: float
    promise: str


def worlds_table(results: Sequence[Result]) -> str:
    rows = [(r.world, f"{r.states:,}", f"{r.transitions:,}", str(r.depth), f"{r.seconds:.1f} s") for r in results]
    states, transitions = sum(r.states for r in results), sum(r.transitions for r in results)
    rows.append(("all", f"{states:,}", f"{transitions:,}", "", f"{sum(r.seconds for r in results):.0f} s"))
    return figures.table(("world", "states", "transitions", "steps of the longest story", "CPU time"), rows)


def mutants_table(found: Iterable[Found]) -> str:
    rows = [
        (one.mutant, one.promise or "**none**", one.world, one.steps if one.promise else "", f"{one.seconds:.1f} s")
        for one in found
    ]
    return figures.table(("changed", "broken promise", "world", "steps", "CPU time"), rows)


def write(command: str, table: str) -> None:
    """Into the page, with what was measured. Raises ValueError when the page has no such block."""
    figures.write(PAGE, command, f"{table}\n\nlupa {version('lupa')}, {figures.versions()}.")
