"""`bin/fuzz`: looks for inputs that the service does not withstand, until the time is over or one is found.

Half of the time inputs are chosen by the lines that they reach (guided.py), where Atheris is installed; the rest, the
properties of this folder are tried with new examples.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 3600 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 300
"""After which a property is taken for one that does not end. With more examples, and on a busy machine, one that ends
takes many minutes."""
GUIDED = ("sources", "filters", "templates", "answers")
SUITES = tuple(f"tests/security/test_odd_{what}.py" for what in ("requests", "answers", "systems"))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bin/fuzz", description=str(__doc__).split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None, help="of the first round; printed for each round")
    given = parser.parse_args(arguments)
    seed = given.seed if given.seed is not None else int(time.time())
    end = time.monotonic() + given.minutes * 60
    rounds = 0
    if importlib.util.find_spec("atheris"):
        for name in GUIDED:
            if not _guided(name, given.minutes * 60 / 2 / len(GUIDED), seed):
                return 1
    else:
        print("Atheris is not installed: without guided fuzzing")
    while not rounds or time.monotonic() < end:
        if not _round(seed + rounds):
            print(f"finding in round {rounds + 1}: repeat it with bin/fuzz --seed {seed + rounds}")
            return 1
        rounds += 1
    print(f"no finding in {rounds} rounds, {given.minutes:g} minutes", flush=True)
    return 0


def _guided(name: str, seconds: float, seed: int) -> bool:
    """One target of guided.py. The input of a finding is kept, in a folder that is printed."""
    folder = tempfile.mkdtemp(prefix=f"fuzz-{name}-")
    print(f"guided: {name}, {seconds:.0f} s, seed {seed}, inputs in {folder}", flush=True)
    command = [sys.executable, "-m", "tests.security.guided", name, str(int(seconds)), str(seed % 2**31), folder]
    ran = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = [line for line in ran.stdout.splitlines() if "INFO" not in line]
    print("\n".join(lines[-1:] if ran.returncode == 0 else lines[-40:]), flush=True)
    return ran.returncode == 0


def _round(seed: int) -> bool:
    """One run of the properties; a round that has begun is finished, so the last one may go past the end."""
    print(f"round with --hypothesis-seed={seed}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--timeout=3600"]
    command += [f"--hypothesis-seed={seed}", *SUITES]
    return (
        subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "HYPOTHESIS_PROFILE": "fuzz"}).returncode == 0
    )


if __name__ == "__main__":
    sys.exit(main())
