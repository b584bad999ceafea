"""A kill at every step, before and after it, each with a story of its own that comes to it.

Random faults seldom meet what happens once in a process's life, or only after a lost answer. So for each point all
workers start anew, the answers are lost that were lost when the steps were found, and one of each event happens.
"""

from __future__ import annotations

from collections.abc import Sequence

from chaos.discover import LOST
from chaos.plan import AT_STEP, Fault, Point
from chaos.story import Action, one_of_each

APART_SECONDS = 8.0


def sweep(points: Sequence[Point]) -> tuple[list[Action], list[Fault]]:
    """The story and the faults of one run."""
    story: list[Action] = []
    faults: list[Fault] = []
    for number, (step, when) in enumerate(points):
        at = number * APART_SECONDS
        lost = [{"system": system, "times": 1, "path": path} for system, path in LOST]
        faults += [
            Fault(at, AT_STEP, details={"when": when, "step": step}),
            Fault(at, "all workers killed"),
            *(Fault(at, "answers lost", details=details) for details in lost),
        ]
        story += one_of_each(number, at + 0.5)  # before the workers are back
    return story, faults
