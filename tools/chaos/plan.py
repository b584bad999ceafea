"""Plans the faults of a run and their times. Pure: the same seed, steps and kinds give the same plan."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

STEPS_A_RUN = 4
"""Kills at named steps in one run. Runs with consecutive seeds attack all steps in turn."""

Dice = random.Random
Point = tuple[str, str]
"""A step, and "before" or "after" it."""
TICKETS = ("jira", "github", "gitlab", "blue")
CHATS = ("slack", "jandi", "discord", "mattermost", "teams")
SYSTEMS = (*TICKETS, *CHATS, "outgoing", "nocobase", "libretranslate", "abc")
# People also write to the stand-in of ABC, so faults there affect only requests that people never make.
PATHS = {**dict.fromkeys(SYSTEMS, r".*"), "abc": r"issues/\d+$|feedbacks/\d+$|search$"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that begins at `at` seconds and lasts `seconds` (0: only a moment)."""

    at: float
    kind: str
    seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        details = " ".join(str(value) for value in self.details.values())
        return f"{self.at:5.1f} s  {self.kind}{lasting}  {details}".rstrip()


def _moment(dice: Dice) -> tuple[float, dict[str, Any]]:
    del dice
    return 0.0, {}


def _lasting(shortest: float, longest: float) -> Callable[[Dice], tuple[float, dict[str, Any]]]:
    return lambda dice: (dice.uniform(shortest, longest), {})


def _at_system(shortest: float, longest: float, **details: Any) -> Callable[[Dice], tuple[float, dict[str, Any]]]:
    def choose(dice: Dice) -> tuple[float, dict[str, Any]]:
        return dice.uniform(shortest, longest), {"system": dice.choice(SYSTEMS), **details}

    return choose


def _some(most: int) -> Callable[[Dice], tuple[float, dict[str, Any]]]:
    return lambda dice: (0.0, {"system": dice.choice(SYSTEMS), "times": dice.randint(1, most)})


def _late(dice: Dice) -> tuple[float, dict[str, Any]]:
    # Not ABC: it has no conditional write, so a late save of an issue would undo what a person saved meanwhile.
    return 0.0, {"system": dice.choice([s for s in SYSTEMS if s != "abc"]), "times": dice.randint(1, 2)}


def _wipe(dice: Dice) -> tuple[float, dict[str, Any]]:
    return 0.0, {"how": dice.choice(("FLUSHALL", "restarted without its files"))}


def _jump(dice: Dice) -> tuple[float, dict[str, Any]]:
    return dice.uniform(3, 8), {"by": dice.choice((-86_400, -3600, -60, 60, 3600, 86_400))}


KINDS: Mapping[str, tuple[int, Callable[[Dice], tuple[float, dict[str, Any]]]]] = {
    # Processes.
    "worker killed": (3, _moment),
    "all workers killed": (1, _moment),
    "web killed": (2, _moment),
    "worker stopped (SIGTERM)": (2, _moment),
    "web stopped (SIGTERM)": (1, _moment),
    "worker frozen": (1, _lasting(2, 5)),
    "web away": (1, _lasting(5, 8)),
    # Third parties.
    "answers lost": (3, _some(4)),
    "connections cut": (1, _some(4)),
    "done, but too late": (1, _late),
    "no answer at all": (1, _some(2)),
    "slow answers": (2, _at_system(2, 5, delay=1.5)),
    "429 storm": (2, _at_system(2, 4, status=429)),
    "5xx storm": (2, _at_system(2, 4, status=503)),
    # Redis.
    "Redis killed": (2, _lasting(0.5, 3)),
    "Redis frozen": (2, _lasting(1, 3)),
    "Redis full": (1, _lasting(1, 3)),
    "Redis wiped": (1, _wipe),
    # Time.
    "clock jumps": (2, _jump),
    # The way between the source and the receiver.
    "webhooks repeated at once": (1, _lasting(2, 5)),
    "webhooks out of order": (1, _lasting(2, 5)),
    "answers to webhooks lost": (1, _lasting(2, 5)),
    "old webhooks again": (1, _moment),
}
"""For each kind: how often it is chosen, and how its details are made."""
AT_STEP = "killed at a step"


def plan(
    seed: int, seconds: float, steps: Iterable[str], faults: int = 8, kinds: Iterable[str] | None = None
) -> list[Fault]:
    """The faults of a run whose story takes `seconds`: `faults` faults of the kinds, and kills at steps of the service.

    `kinds`: only these (AT_STEP is a kind, too). No kind is used twice while other kinds are unused: ten storms in a
    row would only make deliveries late.
    """
    allowed = [*KINDS, AT_STEP] if kinds is None else list(kinds)
    dice = random.Random(f"plan {seed}")
    chosen = _choose(dice, [kind for kind in allowed if kind != AT_STEP], faults)
    orders = steps_of(seed, steps, STEPS_A_RUN) if AT_STEP in allowed else []
    # Faults begin after the start of the story, and end before its end.
    moments = [dice.uniform(0.1 * seconds, 0.8 * seconds) for _ in range(len(chosen) + len(orders))]
    found = []
    for kind, at in zip(chosen, moments, strict=False):
        lasting, details = KINDS[kind][1](dice)
        found.append(Fault(round(at, 1), kind, round(lasting, 1), details))
    for (step, when), at in zip(orders, moments[len(chosen) :], strict=True):
        found.append(Fault(round(at, 1), AT_STEP, details={"when": when, "step": step}))
    return sorted(found, key=lambda fault: fault.at)


def _choose(dice: Dice, kinds: Sequence[str], number: int) -> list[str]:
    chosen: list[str] = []
    while kinds and len(chosen) < number:
        left = [kind for kind in kinds if kind not in chosen[-(len(chosen) % len(kinds)) or len(chosen) :]]
        chosen += dice.choices(left, [KINDS[kind][0] for kind in left])
    return chosen


def points_of(steps: Iterable[str]) -> list[Point]:
    """The points before and after each step, in random order."""
    points = [(step, when) for step in sorted(steps) for when in ("before", "after")]
    random.Random("points").shuffle(points)
    return points


def steps_of(seed: int, steps: Iterable[str], number: int) -> list[Point]:
    """The points that this seed attacks; `2 * len(steps) / number` consecutive seeds attack all of them."""
    points = points_of(steps)
    return [points[(seed * number + offset) % len(points)] for offset in range(min(number, len(points)))]
