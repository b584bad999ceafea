"""Kills a process before and after every step, each in a separate story that reaches the step.

Random faults seldom happen at a step that a process reaches only once, or only after a lost answer. So the story for
each point has one event of each kind, and loses one of the answers that were lost when the steps were found. The last
stories run with workers that have just started, which reach also the steps of the start.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools.chaos.discover import LOST
from tools.chaos.plan import AT_STEP, Fault, Point
from tools.chaos.story import Action, one_move_each, one_of_each

APART_SECONDS = 12.0
"""Seconds between two stories: the killed process has time to start again and to continue."""
MOVED_SECONDS = APART_SECONDS / 2
"""Seconds after which people move the tickets: most tickets exist by then."""
CALM_SECONDS = 30.0
"""Seconds until nothing is under way: other work would change what a new process must find out by itself."""


def sweep(points: Sequence[Point]) -> tuple[list[Action], list[Fault]]:
    """The story and the faults of one run."""
    kills = [(AT_STEP, {"when": when, "step": step}, LOST[n % len(LOST)]) for n, (step, when) in enumerate(points)]
    # The lost answer to a message comes first, so that there is time to look for the message.
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
