"""`bin/mutate`: see `--help`."""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.mutation.lua import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
ARGUED = ROOT / "docs" / "mutants.md"
TESTS = ["tests/jobs/test_ledger.py", "tests/jobs/test_flow.py", "tests/jobs"]
"""Run one after the other until one notices the mutant: the quickest first."""
SECONDS = 600


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bin/mutate", description=__doc__)
    parser.add_argument("scripts", nargs="*", help="names of Lua scripts, such as settle; default: all")
    parser.add_argument("--python", action="store_true", help="the Python core instead, with mutmut (hours)")
    parser.add_argument("--sample", type=int, default=0, help="only so many mutants, chosen by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="how many at the same time")
    parser.add_argument("--list", action="store_true", help="print the mutants and test nothing")
    given = parser.parse_args(arguments)
    if given.python:
        return run_mutmut()
    chosen = list(_chosen(given.scripts))
    if given.sample:
        chosen = random.Random(given.seed).sample(chosen, min(given.sample, len(chosen)))  # noqa: S311  no secret
    if given.list:
        for path, mutant in chosen:
            print(_title(path, mutant))
        return 0
    return _report(chosen, given.jobs)


def run_mutmut() -> int:
    """mutmut's own configuration is in pyproject.toml; its results stay in `mutants/`."""
    done = subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=ROOT, check=False)
    subprocess.run([sys.executable, "-m", "mutmut", "results"], cwd=ROOT, check=False)
    return done.returncode


def _chosen(names: Sequence[str]) -> Iterator[tuple[Path, Mutant]]:
    for path in sorted(ROOT.glob("jobs/**/lua/*.lua")):
        if not names or path.stem in names:
            for mutant in mutants(path.read_text(encoding="utf-8")):
                yield path.relative_to(ROOT), mutant


def _report(chosen: Sequence[tuple[Path, Mutant]], jobs: int) -> int:
    """Tests each mutant in a copy of the project. Returns 1 when one survives that docs/mutants.md does not explain."""
    argued = ARGUED.read_text(encoding="utf-8") if ARGUED.exists() else ""
    new = survived = 0
    with ThreadPoolExecutor(jobs) as pool:
        for (path, mutant), noticed in zip(chosen, pool.map(lambda one: is_noticed(*one), chosen), strict=True):
            if noticed:
                continue
            survived += 1
            known = f"`{mutant.name}`" in argued
            new += not known
            print(f"{'survived, explained' if known else 'SURVIVED'}  {_title(path, mutant)}", flush=True)
    print(f"{len(chosen)} mutants: {len(chosen) - survived} noticed, {survived} survived, {new} of them not explained")
    return 1 if new else 0


def is_noticed(path: Path, mutant: Mutant) -> bool:
    """Whether a test fails with the mutant in place. A run that hangs counts as noticed."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "mutants", "__pycache__"), symlinks=True)
        (copy / path).write_text(mutant.script, encoding="utf-8")
        return any(_fails(copy, tests) for tests in TESTS)


def _fails(folder: Path, tests: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def _title(path: Path, mutant: Mutant) -> str:
    return f"{path}:{mutant.line}  {mutant.name}"


if __name__ == "__main__":
    sys.exit(main())
