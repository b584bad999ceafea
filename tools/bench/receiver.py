"""`bin/bench receiver`: the real receiver beside a bare view, the least that keeps an event once, and plain RQ.

The server has a core to itself; Valkey, the client and this process have the others.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count, islice, takewhile
from statistics import median
from typing import Any

import requests
from redis import Connection, Redis
from rq import Queue

from app import THREADS
from jobs.accept import Acceptor
from jobs.configuration import configure
from jobs.connection import connect
from jobs.ledger.ledger import Ledger
from sources.abc.events import parse
from sources.base import Event
from tools.bench.common import (
    PERFORMANCE,
    TOKEN,
    Report,
    Sample,
    arguments,
    body,
    cpu_seconds,
    measured_core,
    place,
    rounds,
)
from tools.bench.views import enqueue_pipelined, store_once
from tools.sandbox.processes import ROOT, Processes, free_port, python_command

CONNECTIONS = 16
CASES = {
    "empty": "a view that answers, and reads nothing",
    "dedupe": "token, JSON, SET NX + LPUSH in one round trip",
    "pipelined": "token, JSON, SET NX + one RQ job in one round trip",
    "one": "**the receiver**, one delivery of the event",
    "three": "**the receiver**, three deliveries of the event",
    "naive": "token, JSON, three `Queue.enqueue`",
}
ONE = {"TRANSLATE_EVENTS": "FEEDBACK_CREATION", "JIRA_EVENTS": "ISSUE_CREATION", "SLACK_EVENTS": "ISSUE_CREATION"}
THREE = dict.fromkeys(ONE, "FEEDBACK_CREATION")
"""Of the feedback that is sent; no connector acts on what it implies for the issue that it carries."""
DELIVERIES = {"`Acceptor.accept`, one delivery": 1, "`Acceptor.accept`, three deliveries": 3}
GATEWAY = "app:create_gateway"
_numbers = count(0, 1_000_000)


def environment(redis_url: str) -> dict[str, str]:
    """The service with three connectors; nobody listens at their addresses, and no worker runs."""
    return {
        "REDIS_URL": redis_url,
        "WEBHOOK_TOKEN": TOKEN,
        "CONNECTORS": "translate,jira,slack",
        "ABC_API_URL": "http://127.0.0.1:9",
        "ABC_API_KEY": "bench",
        "TRANSLATE_PROVIDER": "libretranslate",
        "LIBRETRANSLATE_URL": "http://127.0.0.1:9",
        "JIRA_URL": "http://127.0.0.1:9",
        "JIRA_EMAIL": "bench@example.com",
        "JIRA_API_TOKEN": "bench",
        "JIRA_PROJECT": "BENCH",
        "SLACK_WEBHOOK_URL": "http://127.0.0.1:9/bench",
        **ONE,
    }


def serve(processes: Processes, name: str, target: str, env: dict[str, str]) -> int:
    """One worker of the server that `app.py` starts, with its settings, on a core of its own. Answers its port."""
    port = free_port()
    ours = target == GATEWAY
    options = ["--interface", "rsgi" if ours else "wsgi", "--http", "1", "--factory", "--workers", "1", "--no-ws"]
    options += [] if ours else ["--blocking-threads", str(THREADS)]
    with measured_core():
        processes.start(name, python_command("-m", "granian", *options, "--port", str(port), target), env)

    def takes_requests() -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{port}/webhook", timeout=2).status_code == 405
        return False

    processes.wait_for(f"{name} to listen", takes_requests)
    return port


def load(port: int, seconds: float) -> dict[str, float]:
    """What `tools.bench.load` finds out; see there."""
    command = [sys.executable, "-m", "tools.bench.load", str(port), str(seconds), str(CONNECTIONS), str(next(_numbers))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bin/bench receiver: the client failed: {done.stderr.strip()}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def throughput(
    report: Report, processes: Processes, redis: Redis, env: dict[str, str], seconds: float, times: int
) -> None:
    targets = {
        "empty": ("tools.bench.views:empty", env),
        "dedupe": ("tools.bench.views:dedupe", env),
        "pipelined": ("tools.bench.views:pipelined", env),
        "one": (GATEWAY, env),
        "three": (GATEWAY, env | THREE),
        "naive": ("tools.bench.views:naive", env),
    }
    ports = {name: serve(processes, name, *target) for name, target in targets.items()}
    answers: dict[str, list[dict[str, float]]] = {name: [] for name in ports}

    def measure(name: str) -> float:
        redis.flushall()
        before = cpu_seconds(processes[name].pid)
        answer = load(ports[name], seconds)
        answer["cpu"] = (cpu_seconds(processes[name].pid) - before) / answer["count"] * 1e6
        answers[name].append(answer)
        return answer["rate"]

    def middle(name: str, key: str) -> float:
        return median(answer[key] for answer in answers[name])

    for name in ports:
        load(ports[name], min(seconds, 0.5))
    rates = rounds({name: partial(measure, name) for name in ports}, times)
    rows = [
        [
            CASES[name],
            rate.text(),
            *(f"{rate.to(rates[other]):.2f}" for other in ("dedupe", "naive", "empty")),
            f"{middle(name, 'cpu'):.0f}",
            f"{middle(name, 'p50'):.1f} / {middle(name, 'p99'):.1f}",
            f"{middle(name, 'client'):.2f}",
        ]
        for name, rate in rates.items()
    ]
    head = ["view", "requests/s", "× dedupe", "× naive", "× empty", "CPU µs", "p50 / p99 ms", "client's core"]
    report.table(f"Receiver: {CONNECTIONS} keep-alive connections, every event new", head, rows)
    one, three = (f"{rates[name].to(rates['naive']):.1f}" for name in ("one", "three"))
    report.ratio(
        "webhooks a second against the same view with three `Queue.enqueue`, one connector acting on each",
        f"{one} × as many ({three} × with three)",
    )


def the_call_alone(report: Report, env: dict[str, str], calls: int, times: int) -> None:
    """Without HTTP: what `accept` spends beside one pipelined SET NX + LPUSH, in this process."""
    events = (parse(json.loads(raw), "default") for raw in (body(number) for number in count(5_000_000_000)))
    raw, redis = body(0), Redis.from_url(env["REDIS_URL"], connection_class=Counting)

    def acceptor(more: dict[str, str]) -> Acceptor:
        configuration = configure(env | more)
        client = connect(configuration.service, "receive")
        client.connection_pool.connection_class = Counting
        return Acceptor(Ledger(client, "default"), configuration.routes)

    def timed(call: Callable[[Event], object]) -> float:
        redis.flushall()
        prepared = list(islice(events, calls))
        started = time.perf_counter()
        for event in prepared:
            call(event)
        return (time.perf_counter() - started) / calls * 1e6

    one, three, queue = acceptor({}), acceptor(THREE), Queue("plain", connection=redis)
    cases: dict[str, Callable[[Event], object]] = {
        "SET NX + LPUSH, pipelined": lambda event: store_once(redis, event.id, raw),
        "SET NX + one RQ job, pipelined": lambda event: enqueue_pipelined(queue, event.id),
        "`Acceptor.accept`, one delivery": lambda event: one.accept("abc", event, raw),
        "`Acceptor.accept`, three deliveries": lambda event: three.accept("abc", event, raw),
    }
    for name, call in cases.items():
        timed(call)
        if (stored := redis.zcard("fb:default:due")) != calls * DELIVERIES.get(name, 0):
            raise SystemExit(f"bin/bench receiver: {name}: {stored} deliveries were stored for {calls} events")
    found = rounds({name: partial(timed, call) for name, call in cases.items()}, times)
    least = found["SET NX + LPUSH, pipelined"]
    rows = [
        [name, sample.text(), f"{sample.to(least):.2f}", *spent(redis, partial(timed, cases[name]), calls)]
        for name, sample in found.items()
    ]
    report.table("The Redis call alone", ["call", "µs", "× SET + LPUSH", "round trips", "commands sent"], rows)
    report.ratio("round trips to Redis for a webhook, with three connectors acting on it", rows[-1][3])


class Counting(Connection):
    """Counts how often something is sent: redis-py then waits for all its answers, which is a round trip."""

    sent = 0

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        Counting.sent += 1
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]


def spent(redis: Redis, call: Callable[[], object], times: int) -> tuple[str, str]:
    """Round trips and commands of each of the `times` events that `call` stores."""
    with redis.monitor() as monitor:  # type: ignore[no-untyped-call]
        before = Counting.sent
        call()
        trips = Counting.sent - before - 1  # FLUSHALL
        redis.echo("the end")
        commands = list(takewhile(lambda command: "the end" not in command["command"], monitor.listen()))
    sent = [
        command
        for command in commands
        if command["client_type"] != "lua" and not command["command"].startswith("FLUSHALL")
    ]
    return f"{trips / times:.2f}", f"{len(sent) / times:.2f}"


def hung(report: Report, processes: Processes, env: dict[str, str], times: int) -> None:
    """How long the sender waits for its 503 while Redis is stopped, and for the next 200 once it goes on."""
    port = serve(processes, "hung", GATEWAY, env)
    with requests.Session() as session:
        session.headers.update({"x-webhook-token": TOKEN, "content-type": "application/json"})

        def post(number: int) -> tuple[int, float]:
            started = time.perf_counter()
            answer = session.post(f"http://127.0.0.1:{port}/webhook", data=body(number), timeout=10)
            return answer.status_code, time.perf_counter() - started

        def expect(status: int, number: int) -> float:
            got, seconds = post(number)
            if got != status:
                raise SystemExit(f"bin/bench receiver: expected {status}, got {got}")
            return seconds

        expect(200, 0)
        processes["valkey"].signal(signal.SIGSTOP)
        waits = Sample(tuple(expect(503, number) for number in range(1, times + 1)))
        processes["valkey"].signal(signal.SIGCONT)
        again = expect(200, 1)
    rows = [["503 while Redis hangs", waits.text(2)], ["200 once it goes on", f"{again:.2f}"]]
    report.table("Redis hung (SIGSTOP)", ["answer", "seconds"], rows)
    report.ratio("answer (503) while Redis hangs", f"{waits.median:.2f} s")


def main() -> None:
    given, report = arguments(__doc__.splitlines()[0]), Report("bin/bench receiver")
    with place(report) as (processes, url), Redis.from_url(url) as redis:
        env = environment(url)
        throughput(report, processes, redis, env, *((0.3, 1) if given.quick else (0.7, 7)))
        the_call_alone(report, env, *((50, 1) if given.quick else (500, 7)))
        hung(report, processes, env, 1 if given.quick else 5)
    if given.write:
        report.write(PERFORMANCE)


if __name__ == "__main__":
    main()
