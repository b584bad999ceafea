"""`bin/bench worker`: the real worker (ledger, leases, Slack connector) beside `rq worker`, on the same calls.

A delivery is one POST to a third party that answers after 50 ms: the Slack connector with an incoming webhook. For
plain RQ it is a job that makes the same POST. The worker has a core to itself (two workers share all); Valkey, the
third party and this process have the others.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

import requests
from redis import Redis
from rq import Queue

from jobs.accept import Acceptor
from jobs.configuration import configure
from jobs.connection import connect
from jobs.ledger.ledger import Ledger
from sources.abc.events import parse
from tools.bench.common import PERFORMANCE, TOKEN, Report, Sample, arguments, body, family, measured_core, place, rounds
from tools.bench.receiver import serve
from tools.bench.stub import Stub
from tools.bench.views import JOB
from tools.sandbox.processes import Processes, procfile, wait_for

ANSWERS_AFTER_MS = 50
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Run:
    """What one round came to; memory in MB, of the workers with all their children."""

    rate: float
    memory: float
    round_trips: float


class Ours:
    """The service: an event is accepted, a worker of the Procfile delivers it."""

    command = procfile()["worker"]
    view = "app:create_gateway"

    def __init__(self, redis: Redis, redis_url: str, target: str) -> None:
        self.environment = {
            "REDIS_URL": redis_url,
            "WEBHOOK_TOKEN": TOKEN,
            "CONNECTORS": "slack",
            "SLACK_EVENTS": "*",
            "SLACK_WEBHOOK_URL": target,
            "SLACK_RATE": "10000",  # its limit is not what is measured
        }
        configuration = configure(self.environment)
        self._redis = redis
        self._acceptor = Acceptor(Ledger(connect(configuration.service, "command"), "default"), configuration.routes)

    def begin(self) -> None:
        # A ledger that is not new: what happened before it remembers is looked into first.
        self._redis.set("fb:default:born", 0)

    def enqueue(self) -> None:
        raw = body(next(_numbers))
        self._acceptor.accept("abc", parse(json.loads(raw), "default"), raw)

    def finished(self) -> int:
        return self._redis.zcard("fb:default:state:done")


class Plain:
    """RQ as in its documentation: `enqueue`, and `rq worker`."""

    view = "tools.bench.views:enqueue_once"

    def __init__(self, redis: Redis, redis_url: str, target: str) -> None:
        self.command = f"rq worker --url {redis_url} --quiet plain"
        self.environment = {"REDIS_URL": redis_url, "BENCH_URL": target}
        self._target = target
        self._queue = Queue("plain", connection=redis)

    def begin(self) -> None:
        """There is nothing to be made ready."""

    def enqueue(self) -> None:
        self._queue.enqueue(JOB, self._target, json.loads(body(next(_numbers))))

    def finished(self) -> int:
        return self._queue.connection.zcard(self._queue.finished_job_registry.key)


Way = Ours | Plain


@contextmanager
def working(folder: Path, way: Way, workers: int) -> Iterator[Processes]:
    """Workers of a way, until the end of the block. One has the measured core, two have all."""
    with Processes(folder) as processes:
        with measured_core(alone=workers == 1):
            for number in range(workers):
                processes.start(f"worker-{number}", way.command, way.environment)
        try:
            yield processes
        finally:
            for number in range(workers):
                processes[f"worker-{number}"].kill()  # nothing is left to be done, and a stop in good order takes time


def drain(folder: Path, redis: Redis, stub: Stub, way: Way, workers: int, calls: int) -> Run:
    """Gives `calls` calls to a way's workers, all at once. The rate is that of the calls' arrivals at the third party,
    between the first third of them and the last 16: without start and end."""
    redis.flushall()
    way.begin()
    for _ in range(calls):
        way.enqueue()
    stub.arrivals.clear()
    before, polls, memory = _reads(redis), 0, []
    with working(folder, way, workers) as processes:
        pids = [processes[f"worker-{number}"].pid for number in range(workers)]
        processes.wait_for("the first third", lambda: len(stub.arrivals) > calls // 3, 60)
        deadline = time.monotonic() + 30
        while len(stub.arrivals) < calls and time.monotonic() < deadline:
            memory.append(sum(_pss(pid) for pid in family(pids)))
            time.sleep(0.2)
        while (done := way.finished()) < calls and time.monotonic() < deadline:
            polls += 1
            time.sleep(0.05)
        reads = _reads(redis) - before - polls - 2
    if done != calls or len(stub.arrivals) != calls:
        raise SystemExit(
            f"bin/bench worker: {calls} calls were to be made once; {done} done, {len(stub.arrivals)} arrived"
        )
    first, last = calls // 3, calls - min(16, calls // 4)
    rate = (last - first) / (stub.arrivals[last - 1] - stub.arrivals[first - 1])
    return Run(rate, median(memory), reads / calls)


def _reads(redis: Redis) -> int:
    """How often the server has read from a client: once for each round trip, however many commands it carries."""
    return int(redis.info("stats")["total_reads_processed"])


def _pss(pid: int) -> float:
    """Memory in MB, shared pages divided among those who share them; 0 for a process that has just ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return 0.0


def latency(folder: Path, stub: Stub, way: Way, times: int) -> tuple[Sample, Sample]:
    """Milliseconds until the call arrives at the third party, on an idle worker: from `enqueue`, from the webhook."""
    way.begin()
    session = requests.Session()
    session.headers.update({"x-webhook-token": TOKEN, "content-type": "application/json"})

    def post() -> None:
        session.post(f"http://127.0.0.1:{port}/webhook", data=body(next(_numbers)), timeout=5).raise_for_status()

    def until_arrival(act: Callable[[], object]) -> float:
        stub.arrivals.clear()
        finished, started = way.finished(), time.monotonic()
        act()
        wait_for("the call", lambda: stub.arrivals)
        wait_for("the end of the job", lambda: way.finished() > finished)
        return (stub.arrivals[0] - started) * 1000

    with session, working(folder, way, 1) as processes:
        port = serve(processes, "web", way.view, way.environment)
        for act in (way.enqueue, post):
            until_arrival(act)
        found = Sample(tuple(until_arrival(way.enqueue) for _ in range(times)))
        found_web = Sample(tuple(until_arrival(post) for _ in range(times)))
    return found, found_web


def main() -> None:
    given, report = arguments(__doc__.splitlines()[0]), Report("bin/bench worker")
    quick = given.quick
    times = 1 if quick else 3
    with place(report) as (processes, url), Redis.from_url(url) as redis, Stub() as stub:
        ours, plain = (way(redis, url, stub.url(ANSWERS_AFTER_MS)) for way in (Ours, Plain))
        cases = {
            "`rq worker`": (plain, 1, 6 if quick else 30),
            "**the worker**, one process": (ours, 1, 60 if quick else 600),
            "**the worker**, two processes": (ours, 2, 60 if quick else 900),
        }
        runs: dict[str, list[Run]] = {name: [] for name in cases}

        def measure(name: str) -> float:
            runs[name].append(drain(processes.folder, redis, stub, *cases[name]))
            return runs[name][-1].rate

        rates = rounds({name: partial(measure, name) for name in cases}, times)
        throughput(report, rates, runs)
        redis.flushall()
        rows, webhooks = [], []
        for name, kind in (("one `Queue.enqueue`, `rq worker`", Plain), ("**the bridge**", Ours)):
            found = latency(processes.folder, stub, kind(redis, url, stub.url(0)), 3 if quick else 20)
            rows.append([name, *(sample.text(1) for sample in found)])
            webhooks.append(found[1].median)
        head = ["way", "ms from enqueue to the call", "ms from webhook to the call"]
        report.table("Idle, third party at 0 ms: median (least–most)", head, rows)
        report.ratio(
            "time from the webhook to the call that arrives at the third party, idle, against one `Queue.enqueue` "
            "and `rq worker`",
            f"{webhooks[1] / webhooks[0]:.2f} ×",
        )
    if given.write:
        report.write(PERFORMANCE)


def throughput(report: Report, rates: Mapping[str, Sample], runs: Mapping[str, list[Run]]) -> None:
    base = rates["`rq worker`"]
    base_memory = median(run.memory for run in runs["`rq worker`"])
    rows = []
    for name, rate in rates.items():
        memory = median(run.memory for run in runs[name])
        trips = median(run.round_trips for run in runs[name])
        times = [f"{rate.to(base):.1f}", f"{memory:.0f}", f"{memory / base_memory:.2f}", f"{trips:.1f}"]
        rows.append([name, rate.text(1), *times])
    head = ["worker", "calls/s", "× rq worker", "MB (PSS)", "× rq worker", "round trips per call"]
    report.table(f"Worker: every call takes the third party {ANSWERS_AFTER_MS} ms", head, rows)
    _, one, two = rows
    report.ratio(
        f"deliveries a second with a third party that takes {ANSWERS_AFTER_MS} ms, one worker process, against "
        "`rq worker` on the same calls",
        f"{one[2]} × as many, in {one[4]} × its memory",
    )
    report.ratio("two worker processes", f"{two[2]} × as many, in {two[4]} × its memory")


if __name__ == "__main__":
    main()
