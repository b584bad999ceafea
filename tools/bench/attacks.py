"""`bin/bench attacks`: what attacks cost web and worker, and whether normal webhooks are delivered meanwhile.

Every attack meets a service that was just started. Five normal webhooks are sent while it is under way, as ABC User
Feedback sends them (four attempts, 5 s each, 3 s apart); what they announce is a message to Slack.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import requests
from redis import Redis

from tools.bench import service
from tools.bench.attackers import ATTACKS, Attack
from tools.bench.common import SECURITY, Report, family, place
from tools.bench.hostile import listening
from tools.bench.service import Target
from tools.bench.stub import Stub
from tools.sandbox.processes import ROOT, ProcessEnded, Processes

PROBES, APART_SECONDS = 5, 2.0
SENDS, SEND_SECONDS, SEND_PAUSE = 4, 5.0, 3.0
SAMPLE_SECONDS = 0.25
COLUMNS = (
    "attack",
    "web: CPU s",
    "web: MB",
    "worker: CPU s",
    "worker: MB",
    "MB sent to Redis",
    "MB kept there",
    "translator calls",
    "webhook answered",
    "message sent",
    "watched",
)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Usage:
    """What a process and its descendants used since `begin`, those that ended meanwhile included."""

    pid: int
    idle: float = 0.0
    peak: float = 0.0
    _first: dict[int, float] = field(default_factory=dict)
    _last: dict[int, float] = field(default_factory=dict)

    def begin(self) -> None:
        self.idle = sum(_status(pid, "VmRSS") for pid in family([self.pid]))
        self._first = {pid: _cpu(pid) for pid in family([self.pid])}

    def sample(self) -> None:
        members = family([self.pid])
        self.peak = max(self.peak, sum(_status(pid, "VmHWM") for pid in members))
        for pid in members:
            self._last[pid] = max(_cpu(pid), self._last.get(pid, 0.0))

    @property
    def cpu(self) -> float:
        return sum(seconds - self._first.get(pid, 0.0) for pid, seconds in self._last.items())

    def cells(self) -> list[str]:
        return [f"{self.cpu:.1f}", f"{max(0.0, self.peak - self.idle):.0f}"]


def _status(pid: int, name: str) -> float:
    """A value of /proc/PID/status in MB; 0 for a process that has ended."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024
    return 0.0


def _cpu(pid: int) -> float:
    """Seconds of processor time of one process; 0 for one that has ended."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    return 0.0


@contextmanager
def watched(target: Target) -> Iterator[tuple[Usage, Usage]]:
    """Samples web and worker until the end of the block."""
    usages = (Usage(target.pids()[0]), Usage(target.pids()[1]))
    over = Event()

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            for usage in usages:
                usage.sample()

    for usage in usages:
        usage.begin()
        usage.sample()
    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield usages
    finally:
        over.set()
        thread.join()


@dataclass
class Probe:
    """One normal webhook: seconds until it was answered with 200, and until its message arrived; None: not in time."""

    name: str
    sent: float = 0.0
    answered: float | None = None
    delivered: float | None = None

    def send(self, target: Target, body: bytes) -> None:
        self.sent = time.monotonic()
        for attempt in range(SENDS):
            if target.post(body, SEND_SECONDS) == 200:
                self.answered = time.monotonic() - self.sent
                return
            if attempt < SENDS - 1:
                time.sleep(SEND_PAUSE)


class Measure:
    """Runs attacks, each against a fresh service of `checkout`; no attack is watched for longer than `seconds`."""

    def __init__(self, processes: Processes, redis_url: str, checkout: Path, seconds: float) -> None:
        self._processes, self._redis_url = processes, redis_url
        self._checkout, self._seconds = checkout, seconds

    def row(self, attack: Attack) -> list[str]:
        with Redis.from_url(self._redis_url) as redis, Stub() as slack, ExitStack() as servers:
            redis.flushall()
            variables = {name: servers.enter_context(listening(kind)) for name, kind in attack.servers.items()}
            variables |= attack.variables
            arguments = (self._processes, self._checkout, self._redis_url, slack.url(0), variables)
            try:
                with ExitStack() as opened:
                    target = service.start(*arguments, opened)
                    return [attack.title, *self._attacked(attack, target, slack, redis)]
            except (ProcessEnded, TimeoutError) as error:
                return [attack.title, f"not measured: {str(error).splitlines()[0]}", *[""] * (len(COLUMNS) - 2)]
            finally:
                service.stop(self._processes)

    def _attacked(self, attack: Attack, target: Target, slack: Stub, redis: Redis) -> list[str]:
        probes = [Probe(f"probe-{number}-of-attacks") for number in range(PROBES)]
        bodies = [target.status_change(probe.name) for probe in probes]
        calls, sent, kept = target.translator_calls(), _sent_to(redis), _kept_by(redis)
        with watched(target) as (web, worker), ThreadPoolExecutor(PROBES + 1) as pool:
            started = time.monotonic()
            sends: list[Future[object]] = [begun := pool.submit(attack.begin, target)]
            for probe, body in zip(probes, bodies, strict=True):
                time.sleep(APART_SECONDS)
                sends.append(pool.submit(probe.send, target, body))
            while not (over := self._over(attack, target, sends, slack, probes, time.monotonic() - started)):
                time.sleep(0.1)
            sent, kept, calls = _sent_to(redis) - sent, _kept_by(redis) - kept, target.translator_calls() - calls
            service.stop(self._processes)  # who still waits for an answer need not wait longer
        begun.result()
        costs = [*web.cells(), *worker.cells(), f"{sent:.0f}", f"{max(0.0, kept):.0f}", str(calls)]
        return [
            *costs,
            _slowest([probe.answered for probe in probes]),
            _slowest([probe.delivered for probe in probes]),
            over,
        ]

    def _over(
        self,
        attack: Attack,
        target: Target,
        sends: Sequence[Future[object]],
        slack: Stub,
        probes: Sequence[Probe],
        passed: float,
    ) -> str:
        """How long the attack was watched, once its end or the limit has come; else an empty text."""
        _note_arrivals(slack, probes)
        if passed > self._seconds:
            return f"not within {self._seconds:.0f} s" if attack.ends else f"{passed:.0f} s"
        if (
            any(probe.delivered is None for probe in probes)
            or not all(send.done() for send in sends)
            or (attack.ends and _goes_on(target))
        ):
            return ""
        return f"{passed:.0f} s"


def _note_arrivals(slack: Stub, probes: Sequence[Probe]) -> None:
    for moment, body in list(zip(slack.arrivals, slack.bodies, strict=False)):
        for probe in probes:
            if probe.delivered is None and 0 < probe.sent <= moment and probe.name.encode() in body:
                probe.delivered = moment - probe.sent


def _goes_on(target: Target) -> bool:
    try:
        return target.unfinished() > 0
    except requests.RequestException:
        return True


def _sent_to(redis: Redis) -> float:
    """MB that clients have sent to Redis so far."""
    return int(redis.info("stats")["total_net_input_bytes"]) / 1e6


def _kept_by(redis: Redis) -> float:
    """MB of data in Redis."""
    return int(redis.info("memory")["used_memory_dataset"]) / 1e6


def _slowest(seconds: Sequence[float | None]) -> str:
    """The slowest of them, and how many there are not."""
    known = [value for value in seconds if value is not None]
    slowest = f"{max(known):.1f} s" if known else ""
    missing = len(seconds) - len(known)
    return slowest if not missing else ", ".join(filter(None, [slowest, f"{missing} of {len(seconds)} not"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkout", type=Path, default=ROOT, help="folder of the service that is attacked")
    parser.add_argument("--only", default="", help="a pattern: only the attacks whose title matches it")
    parser.add_argument("--write", action="store_true", help="put the table into docs/security.md")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long an attack is watched at most")
    given = parser.parse_args()
    chosen = [attack for attack in ATTACKS if re.search(given.only, attack.title)]
    if not chosen:
        parser.error(f"no attack matches {given.only!r}; there are: {'; '.join(attack.title for attack in ATTACKS)}")
    if given.write and (given.only or given.checkout != ROOT):
        parser.error("--write is for all attacks, on this checkout")
    report = Report("bin/bench attacks")
    with place(report) as (processes, redis_url):
        measure = Measure(processes, redis_url, given.checkout.resolve(), given.seconds)
        rows: list[list[str]] = []
        for attack in chosen:
            print(f"{len(rows) + 1} of {len(chosen)}: {attack.title}", file=sys.stderr, flush=True)
            rows.append(measure.row(attack))
    report.table("Web and worker under attacks", COLUMNS, rows)
    if given.write:
        report.write(SECURITY)


if __name__ == "__main__":
    main()
