"""`bin/chaos`: attacks the service and counts the effects; exits with 0 if none is missing or repeated."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.chaos.discover import discover
from tools.chaos.plan import AT_STEP, KINDS, Fault, plan, points_of
from tools.chaos.report import Result, failures_of, summary
from tools.chaos.run import run
from tools.chaos.sabotage import PROTECTIONS
from tools.chaos.selftest import SCENARIOS, attempt, prove
from tools.chaos.story import Action, make_story
from tools.chaos.sweep import sweep
from tools.chaos.world import TUNED, Options
from tools.figures import blocks, table, versions
from tools.figures import write as write_figures
from tools.sandbox.processes import ROOT, end_on_signals

EVENTS, SECONDS = 150, 30.0
FAULTS = 8
EACH = [*KINDS, AT_STEP]
PAGE = ROOT / "docs" / "reliability.md"
REAL, REAL_FROM = 1.0, 120.0
"""Runs of more than REAL_FROM seconds use the scale REAL: the sender is as slow as the real one."""


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="seed of the first run (1)")
    parser.add_argument("--seeds", type=int, default=1, help="how many runs, with seeds in a row (1)")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"actions of people in each run ({EVENTS})")
    parser.add_argument("--minutes", type=float, default=SECONDS / 60, help="minutes that these actions take (0.5)")
    parser.add_argument(
        "--faults", type=int, help="faults in each run, besides the kills at steps (8 in half a minute)"
    )
    parser.add_argument("--only", action="append", choices=EACH, help="only this kind of fault; repeatable")
    parser.add_argument("--each", action="store_true", help="one run for each kind of fault, without other faults")
    parser.add_argument("--each-step", action="store_true", help="kills at every step, distributed over the runs")
    parser.add_argument("--scale", type=float, help="how much faster than the real sender ours is (1; 5 in short runs)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time (1)")
    parser.add_argument(
        "--without", choices=PROTECTIONS, help="plays the scenario that needs this protection without it"
    )
    parser.add_argument("--self-test", action="store_true", help="--without for each protection; fails if unnoticed")
    parser.add_argument("--write", action="store_true", help="writes the figures into docs/reliability.md if all holds")
    parser.add_argument("--keep", type=Path, help="folder for the logs of the runs")
    given = parser.parse_args(arguments)
    if given.write and block_of(given) not in blocks(PAGE.read_text(encoding="utf-8")):
        parser.error(f"--write: {PAGE.name} has no block for {block_of(given)}")
    return given


def block_of(given: argparse.Namespace) -> str:
    """The name of the page's block for this kind of run."""
    kinds = ("self-test", "without", "only", "each", "each-step")
    chosen = [f"--{kind}" for kind in kinds if getattr(given, kind.replace("-", "_"))]
    return " ".join(["bin/chaos", *chosen, *["--scale 1"] * (given.scale == REAL)])


def main() -> int:
    given = options(sys.argv[1:])
    end_on_signals()
    if given.without:
        found = attempt(given.without, given.without)
        show(f"{SCENARIOS[given.without].why}; without {given.without}: {', '.join(found) or 'nothing noticed'}")
        return 1 if found else 0
    if given.self_test:
        return self_test(given)
    return attack(given)


def write(given: argparse.Namespace, figures: str) -> None:
    """Where the logs were kept concerns nobody else."""
    kept = ["--keep", str(given.keep)]
    command = shlex.join(["bin/chaos", *(part for part in sys.argv[1:] if part not in ("--write", *kept))])
    write_figures(PAGE, block_of(given), f"`{command}`; {versions()}.\n\n{figures}")


def attack(given: argparse.Namespace) -> int:
    seconds = given.minutes * 60
    scale = given.scale or (REAL if seconds > REAL_FROM else 5.0)
    show("Finding the steps of the service: one event of each kind, without faults except a few lost answers …")
    steps = discover()
    show(f"{len(steps)} steps: {', '.join(steps)}")
    show(f"The sender tries again {scale:g} times as fast as the real one. Set for the runs: {TUNED}")

    def one(seed: int) -> Result:
        lines: list[str] = []
        story, faults = attack_of(given, seed, seconds, steps)
        keep = given.keep / f"seed-{seed}" if given.keep else None
        result = run(Options(seed, scale), story, faults, lines.append, keep)
        word = "holds" if result.holds else "FAILS"
        show("\n".join([f"\nseed {seed}: {word}, {result.events} events, {result.seconds:.0f} s", *lines]))
        if not result.holds:
            show(failures_of([result]))
        return result

    number = len(EACH) if given.each else given.seeds
    pool = ThreadPoolExecutor(given.jobs)
    try:
        results = list(pool.map(one, range(given.seed, given.seed + number)))
    finally:
        pool.shutdown(cancel_futures=True)  # interrupted: runs that have begun end properly, the others do not begin
    found = summary(results, steps)
    show(f"\n{found}")
    if not all(result.holds for result in results):
        return 1
    if given.write:
        write(given, found)
    return 0


def attack_of(
    given: argparse.Namespace, seed: int, seconds: float, steps: Sequence[str]
) -> tuple[list[Action], list[Fault]]:
    """The story and the faults of the run with this seed."""
    if given.each_step:
        return sweep(points_of(steps)[seed - given.seed :: given.seeds])
    story = make_story(seed, given.events, seconds)
    if given.each:
        return story, plan(seed, seconds, steps, 1, [EACH[seed - given.seed]])
    faults = FAULTS * max(1, round(seconds / SECONDS)) if given.faults is None else given.faults
    return story, plan(seed, seconds, steps, faults, given.only)


def self_test(given: argparse.Namespace) -> int:
    findings = prove(jobs=given.jobs)
    rows = [
        (f.protection, f.why, ", ".join(f.whole) or "all holds", ", ".join(f.sabotaged) or "NOT NOTICED")
        for f in findings
    ]
    found = table(("protection", "scenario", "with it", "without it"), rows)
    show(found)
    if not all(finding.proven for finding in findings):
        return 1
    if given.write:
        write(given, found)
    return 0


def show(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
