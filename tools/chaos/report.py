"""The tables at the end of the runs, for people. Pure."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tools.chaos.attack import Done
from tools.chaos.facts import Row
from tools.figures import table


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one run. `recovery`: by kind of fault, seconds from its end until all deliveries that it affected
    were finished; `points`: the steps before or after which a process was killed."""

    seed: int
    events: int
    rows: Sequence[Row]
    faults: Sequence[Done]
    recovery: Mapping[str, Sequence[float]]
    points: Set[str]
    deaths: int
    seconds: float
    quiet: bool
    errors: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        return self.quiet and not self.errors and all(row.holds for row in self.rows)


SOON_SECONDS = 10.0
REPAIRED = ("web away", "Redis wiped")
"""The records do not show which deliveries these faults affected: here recovery ends when every effect exists."""


def recovery_of(
    faults: Iterable[Done], records: Iterable[Mapping[str, Any]], complete: float
) -> dict[str, list[float]]:
    """For each fault: the time from its end until the last delivery that existed then was finished. If the fault was
    for the next requests, deliveries soon after it that needed more than one attempt count, too. The time is an upper
    bound, because other faults may have happened meanwhile. `complete`: when every effect existed (seconds since
    1970)."""
    spans = [
        (_seconds(record["created_at"]), _seconds(record["updated_at"]), record["attempts"])
        for record in records
        if record["state"] in ("done", "skipped", "dead")
    ]
    found: dict[str, list[float]] = defaultdict(list)
    for done in faults:
        met = [complete] if done.fault.kind in REPAIRED else []
        met += [finished for created, finished, _ in spans if created < done.ended < finished]
        if "times" in done.fault.details:
            soon = done.ended + SOON_SECONDS
            met += [finished for created, finished, tried in spans if done.ended < created < soon and tried > 1]
        found[done.fault.kind].append(max(met, default=done.ended) - done.ended)
    return dict(found)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def effects_table(results: Sequence[Result]) -> str:
    merged: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for result in results:
        for row in result.rows:
            numbers = (row.expected, len(row.missing), len(row.repeated), len(row.wrong), len(row.limits))
            merged[row.effect] = [was + more for was, more in zip(merged[row.effect], numbers, strict=True)]
    return table(("effect", "expected", "missing", "repeated", "wrong", "limits"), ([k, *v] for k, v in merged.items()))


def faults_table(results: Sequence[Result]) -> str:
    times: dict[str, list[float]] = defaultdict(list)
    injected: dict[str, int] = defaultdict(int)
    for result in results:
        for done in result.faults:
            injected[done.fault.kind] += 1
        for kind, seconds in result.recovery.items():
            times[kind] += seconds
    return table(
        ("fault", "injected", "time to recover: median", "longest"),
        (
            (kind, number, f"{statistics.median(times[kind]):.1f} s", f"{max(times[kind]):.1f} s")
            if times[kind]
            else (kind, number, "-", "-")
            for kind, number in sorted(injected.items())
        ),
    )


def summary(results: Sequence[Result], steps: Sequence[str]) -> str:
    events, faults = sum(r.events for r in results), sum(len(r.faults) for r in results)
    deaths, points = sum(r.deaths for r in results), set[str]().union(*(r.points for r in results))
    head = (
        f"{len(results)} seeds, {events} events, {faults} faults, {deaths} processes ended and started again;\n"
        f"killed before or after steps of the service at {len(points)} of {2 * len(steps)} points"
    )
    if left := sorted({f"{step}.{when}" for step in steps for when in ("before", "after")} - points):
        head += f"; not at: {', '.join(left)}" if len(left) <= len(steps) else ""
    return "\n\n".join((head, effects_table(results), faults_table(results), *filter(None, [failures_of(results)])))


def failures_of(results: Sequence[Result]) -> str:
    """The broken promises, by seed; empty if all hold."""
    lines = []
    for result in results:
        named = [
            f"{row.effect} {kind}: {what}"
            for row in result.rows
            for kind, which in (("missing", row.missing), ("repeated", row.repeated), ("wrong", row.wrong))
            for what in which
        ]
        if not result.quiet:
            named.append("not quiet at the end: deliveries were still under way")
        lines += [f"seed {result.seed}: {text}" for text in (*named, *result.errors)]
    return "\n".join(lines)
