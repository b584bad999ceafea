"""A kill at every step, before and after it, each with a story of its own that comes to it.

Random faults seldom meet what happens once in a process's life, or only after a lost answer. So for each point one of
each event happens, and one of the answers is lost that were lost when the steps were found; the last stories meet
workers that have just started, which come to what the others had behind them.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools.chaos.discover import LOST
from tools.chaos.plan import AT_STEP, Fault, Point
from tools.chaos.story import Action, one_move_each, one_of_each

APART_SECONDS = 12.0
"""Time to start again and to go on, so that what is wrong is the kill, and not a third party that never answers."""
MOVED_SECONDS = APART_SECONDS / 2
"""After which people move the tickets: most exist by then."""
CALM_SECONDS = 30.0
"""Until nothing is under way that would teach a new process what it is to find out by itself."""


def sweep(points: Sequence[Point]) -> tuple[list[Action], list[Fault]]:
    """The story and the faults of one run."""
    kills = [(AT_STEP, {"when": when, "step": step}, LOST[n % len(LOST)]) for n, (step, when) in enumerate(points)]
    # A message first: until the other two are over there is time to look for it.
    starts: list[tuple[str, dict[str, str], tuple[str, str]]] = [
        ("all workers killed", {}, lost) for lost in reversed(LOST)
    ]
    story: list[Action] = []
    faults: list[Fault] = []
    for number, (kind, details, (system, path)) in enumerate([*kills, *starts]):
        at = number * APART_SECONDS + max(0, number - len(kills) + 1) * CALM_SECONDS
        lost = {"system": system, "times": 1, "path": path}
        faults += [Fault(at, kind, details=details), Fault(at, "answers lost", details=lost)]
        story += one_of_each(number, at + 0.2) + one_move_each(number, at + MOVED_SECONDS)
    return story, faults
