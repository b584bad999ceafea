"""Events and outcomes for each hour as columns: numbers in, places in a drawing out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jobs.ledger.hours import Hour as Counted

WIDTH, HEIGHT = 720, 170
BOTTOM = 20
"""Below the columns, for the times."""
LEFT = 60
LABEL = 60
"""The width of a time below the columns."""
TOP = 8
OUTCOMES = ("done", "skipped", "dead")
"""What a column stacks, from the bottom up. `retrying` is in the table only: such an attempt is followed by another."""


@dataclass(frozen=True, slots=True)
class Hour:
    """What happened in the hour that begins at `hour` (ISO 8601): events that arrived, attempts by outcome."""

    hour: str
    events: int
    done: int
    skipped: int
    retrying: int
    dead: int


@dataclass(frozen=True, slots=True)
class Bar:
    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """`line`: the points of the events; `ticks`: (x, text) of times; `levels`: (y, number) of the scale."""

    bars: tuple[Bar, ...]
    line: str
    ticks: tuple[tuple[float, str], ...]
    levels: tuple[tuple[float, int], ...]


def summed(hours: Iterable[Counted]) -> list[Hour]:
    """From what the ledger counted (`records.hours`): all sources and all connectors together."""
    found = []
    for hour in hours:
        outcomes: dict[str, int] = {}
        for counts in hour["outcomes"].values():
            for outcome, count in counts.items():
                outcomes[outcome] = outcomes.get(outcome, 0) + count
        events = sum(hour["events"].values())
        counts_of = (outcomes.get(name, 0) for name in ("done", "skipped", "retrying", "dead"))
        found.append(Hour(hour["hour"], events, *counts_of))
    return found


def success(hours: Sequence[Hour]) -> float | None:
    """The part of finished deliveries that did not die, in percent; None when none was finished."""
    good, bad = sum(hour.done + hour.skipped for hour in hours), sum(hour.dead for hour in hours)
    return 100 * good / (good + bad) if good + bad else None


def totals(hours: Sequence[Hour]) -> Mapping[str, int]:
    names = ("events", "done", "skipped", "retrying", "dead")
    return {name: sum(getattr(hour, name) for hour in hours) for name in names}


def drawn(hours: Sequence[Hour]) -> Chart:
    """The columns of these hours, oldest first."""
    most = nice(max([1, *(max(hour.events, hour.done + hour.skipped + hour.dead) for hour in hours)]))
    step = (WIDTH - LEFT) / max(1, len(hours))
    space = HEIGHT - TOP - BOTTOM
    gap = 1.0 if step > 3 else 0.0
    bars, points = [], []
    for number, hour in enumerate(hours):
        x, top = LEFT + number * step, float(TOP + space)
        for kind in OUTCOMES:
            height = space * getattr(hour, kind) / most
            top -= height
            if height:
                bars.append(Bar(kind, round(x, 2), round(top, 2), round(step - gap, 2), round(height, 2)))
        points.append(f"{x + step / 2:.1f},{TOP + space * (1 - hour.events / most):.1f}")
    is_long = len(hours) > 48
    ticks = []
    for number, hour in enumerate(hours):
        x, clock = round(LEFT + number * step, 1), hour.hour[11:16]
        if (clock == "00:00" if is_long else number % 6 == 0) and x <= WIDTH - LABEL:
            ticks.append((x, hour.hour[5:10] if is_long else clock))
    levels = [(round(TOP + space * (1 - part), 1), round(most * part)) for part in (0, 0.5, 1)]
    return Chart(tuple(bars), " ".join(points), tuple(ticks), tuple(levels))


def nice(number: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 …: its half is a whole number."""
    size = 1
    while True:
        for factor in (2, 4, 10):
            if number <= factor * size:
                return factor * size
        size *= 10
