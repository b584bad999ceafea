"""`bin/mutate`: see `--help`."""

from __future__ import annotations

import argparse
import queue
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tools.mutation import lua, python
from tools.mutation.lane import DEFECT
from tools.mutation.lanes import ROOT, Lane, Tests, is_own
from tools.mutation.mutant import Mutant

EXPLAINED = ROOT / "docs" / "mutants.md"
CORE = ("jobs/**/*.py", "connectors/base/*.py", "bridge/http/*.py", "sources/signatures.py")
TESTS = {
    "jobs": ("tests/jobs/test_*.py",),
    "connectors": ("tests/jobs/test_*.py", "tests/connectors/test_*.py"),
    "sources": ("tests/sources/test_signatures.py", "tests/sources/test_receive_*.py"),
    "bridge": tuple(
        f"tests/test_{name}.py"
        for name in ("transport", "calls", "deadlines", "failures", "waits", "tls", "private_addresses", "exchanges")
    ),
}
"""Where the tests of a package are; those that reach the changed function or script are run."""
QUICK = 0.5
"""Seconds of the tests that are run first, for every mutant; the slower ones are run for those that are left."""


@dataclass(frozen=True, slots=True)
class Case:
    path: Path
    mutant: Mutant

    @property
    def title(self) -> str:
        return f"{self.path}:{self.mutant.line}  {self.mutant.name}"

    @property
    def needs_new_lane(self) -> bool:
        """Changes outside of functions need seconds each: they are tested last."""
        return self.path.suffix == ".py" and not self.mutant.inside

    @property
    def reached(self) -> str:
        """What a test has to reach to be able to notice the change: see tools.mutation.reach."""
        return str(self.path) if self.path.suffix == ".lua" else f"{self.path}:{self.mutant.inside}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="bin/mutate", description="Reports the changes of the core that no test notices."
    )
    parser.add_argument(
        "names", nargs="*", help="Lua scripts (settle) or Python modules (jobs/delivery/flow.py); default: all scripts"
    )
    parser.add_argument("--python", action="store_true", help="all Python modules of the core")
    parser.add_argument("--sample", type=int, default=0, help="only so many mutants, chosen by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="how many at the same time")
    parser.add_argument("--longest", type=float, default=2.0, help="seconds of the slowest test that is run")
    parser.add_argument("--tests", nargs="+", default=[], help="only these test files")
    parser.add_argument("--list", action="store_true", help="print the mutants and test nothing")
    parser.add_argument("--verbose", action="store_true", help="print also which test noticed which mutant")
    given = parser.parse_args(arguments)
    cases = [case for path in _files(given.names, given.python) for case in _cases(path)]
    if given.sample:
        cases = random.Random(given.seed).sample(cases, min(given.sample, len(cases)))  # noqa: S311  no secret
    cases.sort(key=lambda case: case.needs_new_lane)
    if given.list:
        for case in cases:
            print(case.title)
        return 0
    if not cases:
        parser.error("there is no such script or module")
    return Run(given.longest, given.verbose, given.tests).report(cases, given.jobs)


def _files(names: Sequence[str], core: bool) -> list[Path]:
    scripts = sorted(ROOT.glob("jobs/**/lua/*.lua"))
    modules = sorted(path for pattern in CORE for path in ROOT.glob(pattern))
    if not names:
        return modules if core else scripts
    known = {path.stem: path for path in scripts} | {str(path.relative_to(ROOT)): path for path in modules}
    return [known[name] for name in names if name in known]


def _cases(path: Path) -> Iterator[Case]:
    text = path.read_text(encoding="utf-8")
    for mutant in (lua if path.suffix == ".lua" else python).mutants(text):
        yield Case(path.relative_to(ROOT), mutant)


class Run:
    def __init__(self, longest: float, verbose: bool, tests: Sequence[str]) -> None:
        self._longest = longest
        self._verbose = verbose
        self._only = tests
        self._explained = EXPLAINED.read_text(encoding="utf-8") if EXPLAINED.exists() else ""
        self._tests = Tests()
        self._lanes: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._counts: dict[Path, list[int]] = defaultdict(lambda: [0, 0, 0])

    def report(self, cases: Sequence[Case], jobs: int) -> int:
        """Tests each mutant in a copy of the project. Returns 1 when one is left that is not explained."""
        started = time.monotonic()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            files = self._test_files(cases)
            with ThreadPoolExecutor(jobs) as pool:
                for lane in pool.map(lambda number: Lane(folder / f"lane{number}", files), range(jobs)):
                    stack.callback(lane.close)
                    if not lane.collected:
                        raise SystemExit(f"The tests cannot be collected:\n{lane.log()}")
                    self._lanes.put(lane)
                list(pool.map(self._learn, files))
                left = [case for case in pool.map(self._test_quickly, cases) if case]
                list(pool.map(self._test_slowly, left))
        for path, (count, noticed, explained) in self._counts.items():
            others = count - noticed - explained
            print(f"{path}: {count} mutants, {noticed} noticed, {explained} explained, {others} left")
        print(f"{time.monotonic() - started:.0f} s")
        return int(any(count > noticed + explained for count, noticed, explained in self._counts.values()))

    def _test_files(self, cases: Sequence[Case]) -> list[str]:
        if self._only:
            return list(self._only)
        patterns = {pattern for case in cases for pattern in TESTS[case.path.parts[0]]}
        return sorted({str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern)})

    def _learn(self, file: str) -> None:
        lane = self._lanes.get()
        try:
            self._tests.learn(lane, file)
        finally:
            self._lanes.put(lane)

    def _test_quickly(self, case: Case) -> Case | None:
        """The case, when no quick test notices it."""
        by = self._noticed_by(case, -1.0, QUICK)
        if self._verbose:
            print(f"{'noticed' if by else 'not yet':9}  {case.title}{by and f'  [{by}]'}", flush=True)
        self._count(case, noticed=bool(by), explained=False)
        return None if by else case

    def _test_slowly(self, case: Case) -> None:
        by = self._noticed_by(case, QUICK, self._longest)
        explained = not by and f"`{case.mutant.name}`" in self._explained
        self._count(case, noticed=bool(by), explained=explained, first=False)
        if self._verbose or not by:
            status = "noticed" if by else "explained" if explained else "SURVIVED"
            reached = bool(self._tests.of(case.reached, -1.0, self._longest))
            print(
                f"{status:9}  {case.title}{'' if reached else '  [no test reaches it]'}{by and f'  [{by}]'}", flush=True
            )

    def _noticed_by(self, case: Case, shortest: float, longest: float) -> str:
        """The first of these tests that notices the mutant, or "". A run that hangs counts as noticed; it is printed,
        because a machine that is busy with something else may be the reason."""
        tests = self._tests.of(case.reached, shortest, longest)
        own = [test for test in tests if is_own(test, case.reached)]
        parts = [own, [test for test in tests if test not in own]] if case.needs_new_lane else [tests]
        return next((by for part in parts if part and (by := self._noticed_by_one_of(part, case))), "")

    def _noticed_by_one_of(self, tests: Sequence[str], case: Case) -> str:
        lane = self._lanes.get()
        try:
            answer = lane.judge(case.path, case.mutant, tests, 60 + 4 * self._tests.seconds(tests))
        finally:
            self._lanes.put(lane)
        if answer["code"] == 0:
            return ""
        if answer["code"] == DEFECT:
            raise SystemExit(f"The lane failed:\n{lane.log()}")
        if answer["code"] is None:
            print(f"HANGS      {case.title}", flush=True)
        by = answer["failed"][0] if answer["failed"] else f"exit code {answer['code']}"
        with self._lock:
            self._tests.noticed[by] += 1
        return str(by)

    def _count(self, case: Case, *, noticed: bool, explained: bool, first: bool = True) -> None:
        with self._lock:
            count = self._counts[case.path]
            count[0] += first
            count[1] += noticed
            count[2] += explained


if __name__ == "__main__":
    sys.exit(main())
