"""What the measures share: rounds of cases in turn, medians with their spread, reports, cores, versions.

Absolute figures mean little: another machine, or a neighbour on this one, changes them all. Every case of a round runs
right after the others, and what counts is the ratio of two cases, within each round, in the middle of all rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from tools import figures
from tools.sandbox.processes import ROOT, Processes, free_port, start_valkey

TOKEN = "bench-token-0123456789"  # noqa: S105  of the services that a measure starts on loopback
PERFORMANCE, SECURITY, FIRST_PAGE = ROOT / "docs" / "performance.md", ROOT / "docs" / "security.md", ROOT / "README.md"


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of one case, one for each round (or call)."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def to(self, other: Sample) -> float:
        """The ratio to another case of the same rounds: the median of those of each round, which ran side by side."""
        return statistics.median(a / b for a, b in zip(self.values, other.values, strict=True))

    def text(self, digits: int = 0) -> str:
        return f"{self.median:,.{digits}f} ({min(self.values):,.{digits}f}–{max(self.values):,.{digits}f})"


def rounds(cases: Mapping[str, Callable[[], float]], times: int) -> dict[str, Sample]:
    """Runs all cases in turn, `times` times: whatever slows the machine down for a while slows all of them."""
    values: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(times):
        for name, measure in cases.items():
            values[name].append(measure())
    return {name: Sample(tuple(found)) for name, found in values.items()}


class Report:
    """What a measure finds: printed at once and, with `--write`, put into the pages that quote it."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._parts: list[str] = []
        self._ratios: list[tuple[str, str]] = []

    def add(self, text: str) -> None:
        self._parts.append(text)
        print(f"{text}\n", flush=True)

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.add(f"### {title}\n\n{figures.table(head, rows)}")

    def ratio(self, what: str, measured: str) -> None:
        """One of the figures that stand for all of them on the first page."""
        self._ratios.append((what, measured))

    def write(self, page: Path, first_page: Path = FIRST_PAGE) -> None:
        """Into the blocks of this command; the ratios, where there are some, also into those of the first page. Raises
        ValueError as figures.write does."""
        figures.write(page, self._command, "\n\n".join(self._parts))
        if self._ratios:
            figures.write(first_page, self._command, figures.table(("what", "measured"), self._ratios))


def body(number: int) -> bytes:
    """A new feedback as ABC User Feedback sends it, about 800 bytes; each number is an event of its own."""
    times = {"createdAt": "2026-01-05T09:30:00.000Z", "updatedAt": "2026-01-05T09:30:00.000Z"}
    issue = {"id": 7, **times, "name": "결제 오류", "description": None, "status": "INIT", "externalIssueId": ""}
    text = "결제 화면에서 확인을 누르면 앱이 멈춥니다. 다시 켜도 같은 화면에서 멈춰요. "
    feedback = {"id": number, **times, "message": text, "rating": 2, "device": "Pixel 9", "issues": [issue]}
    channel = {"id": 1, **times, "name": "In-app", "description": "the form in the app's settings"}
    project = {"id": 1, **times, "name": "Mobile", "description": "what people say about our app"}
    data = {"feedback": feedback, "channel": channel, "project": project}
    return json.dumps({"event": "FEEDBACK_CREATION", "data": data}, ensure_ascii=False).encode()


def cores() -> tuple[set[int], set[int]]:
    """(what the measured process may use, what all others may use): apart where there are two cores or more."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others) or {first}


CORES = cores()


@contextmanager
def measured_core(alone: bool = True) -> Iterator[None]:
    """Processes that are started inside have a core to themselves; else they share all cores with the others."""
    measured, others = CORES
    if not measured:
        yield
        return
    os.sched_setaffinity(0, measured if alone else measured | others)
    try:
        yield
    finally:
        os.sched_setaffinity(0, others)


def family(pids: list[int]) -> list[int]:
    """The processes and all their descendants."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = list(pids)
    for pid in found:  # grows while it is walked
        found += children.get(pid, [])
    return found


def cpu_seconds(pid: int) -> float:
    """What a process and its living descendants have used of the processors so far; 0 where there is no /proc."""
    used = 0
    for member in family([pid]):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


@contextmanager
def place(report: Report) -> Iterator[tuple[Processes, str]]:
    """Processes and an empty Valkey on loopback, without persistence; the report begins with who is measured."""
    if CORES[1]:
        os.sched_setaffinity(0, CORES[1])
    with tempfile.TemporaryDirectory(prefix="feedback-bridge-bench-") as folder, Processes(Path(folder)) as processes:
        url = start_valkey(processes, free_port())
        with Redis.from_url(url) as redis:
            info = redis.info("server")
        server = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {info['redis_version']}"
        report.add(f"{figures.versions(server)}, loopback only.")
        yield processes, url


def arguments(description: str) -> argparse.Namespace:
    """`quick` and `write`."""
    parser = argparse.ArgumentParser(description=description)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--quick", action="store_true", help="one short round: does it run, not how fast is it")
    only.add_argument("--write", action="store_true", help="put the figures into docs/performance.md and README.md")
    return parser.parse_args()


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
