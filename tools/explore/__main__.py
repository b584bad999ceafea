"""`bin/explore`: see `--help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tools.explore import mutants, report, story
from tools.explore.mutants import Mutant
from tools.explore.report import Found
from tools.explore.search import Result, Search, walk
from tools.explore.world import World
from tools.explore.worlds import ALL, LARGE, SMALL, WALKS

MUTANT_SECONDS = 30.0
"""CPU time for one world with one mutant."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="bin/explore", description="Explores every order of events in small worlds of the ledger."
    )
    parser.add_argument("worlds", nargs="*", metavar="world", help="only these; default: all that can be finished")
    parser.add_argument("--list", action="store_true", help="print the worlds, and explore none")
    parser.add_argument("--small", action="store_true", help="only those that take seconds")
    parser.add_argument(
        "--walk", type=float, metavar="SECONDS", help="random walks in the largest worlds, so long each"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the walks, and of --sample")
    parser.add_argument(
        "--play", metavar="TRACE", help="print what happens in the world, step by step: 'send a; take 0'"
    )
    parser.add_argument("--mutants", action="store_true", help="switch each protection off, and show what notices it")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="with --mutants: N small changes instead")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/reliability.md")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.worlds if name not in ALL]:
        parser.error(f"there is no world {', '.join(unknown)}; --list prints them")
    if given.list:
        for world in ALL.values():
            faults = ", ".join(f"{fault} {most}" for fault, most in world.faults.items())
            print(
                f"{world.name}: {len(world.events)} events, {len(world.connectors)} connectors; {faults or 'no faults'}"
            )
        return 0
    if given.play is not None:
        if len(given.worlds) != 1:
            parser.error("--play needs one world")
        lines = list(
            story.lines(ALL[given.worlds[0]], [step.strip() for step in given.play.split(";") if step.strip()])
        )
        print("\n".join(lines))
        return int(any("BROKEN" in line for line in lines))
    worlds = [ALL[name] for name in given.worlds] or [*SMALL, *(() if given.small else LARGE)]
    with ProcessPoolExecutor(given.jobs) as pool:
        if given.mutants:
            return _mutants(pool, worlds, given.sample, given.seed, given.write)
        if given.walk:
            chosen = [ALL[name] for name in given.worlds] or WALKS
            return _print(pool.map(partial(walk, seed=given.seed, seconds=given.walk), chosen), "walks")[0]
        code, results = _print(pool.map(_explore, worlds), "states")
    if given.write:
        report.write(report.WORLDS, report.worlds_table(results))
    return code


def _explore(world: World) -> Result:
    return Search(world).run()


def _print(results: Iterable[Result], unit: str) -> tuple[int, list[Result]]:
    """Prints each as it comes, with the story of a broken promise. Answers the exit code, too."""
    seen = []
    for result in results:
        seen.append(result)
        numbers = f"{result.states:,} {unit}, {result.transitions:,} transitions, {result.seconds:.1f} s"
        print(f"{'BROKEN' if result.promise else 'holds':7} {result.world}: {numbers}", flush=True)
        if result.promise:
            print("\n".join(story.lines(ALL[result.world], result.trace)))
            print(f"Again: bin/explore '{result.world}' --play '{'; '.join(result.trace)}'", flush=True)
    return int(any(result.promise for result in seen)), seen


def _mutants(pool: ProcessPoolExecutor, worlds: list[World], sample: int, seed: int, write: bool) -> int:
    chosen = mutants.sampled(sample, seed) if sample else _all_named()
    found, order = [], sorted(worlds, key=lambda world: not world.quick)
    for one in pool.map(partial(find, order), chosen):
        found.append(one)
        where = f"{one.promise} ({one.world}, {one.steps} steps)" if one.promise else "NOT FOUND"
        print(f"{one.seconds:6.1f} s  {one.mutant}: {where}", flush=True)
    missed = [one for one in found if not one.promise]
    print(f"{len(found)} mutants, {len(found) - len(missed)} found")
    if write:
        report.write(report.MUTANTS, report.mutants_table(found))
    return int(bool(missed))


def _all_named() -> Iterator[Mutant]:
    yield from mutants.protections()
    yield from mutants.named()


def find(worlds: Iterable[World], mutant: Mutant) -> Found:
    """The first of the worlds in which the mutant breaks a promise."""
    seconds = 0.0
    for world in worlds:
        result = Search(world, mutant.texts, seconds=MUTANT_SECONDS).run()
        seconds += result.seconds
        if result.promise:
            return Found(mutant.name, world.name, len(result.trace), seconds, result.promise)
    return Found(mutant.name, "", 0, seconds, "")


if __name__ == "__main__":
    sys.exit(main())
