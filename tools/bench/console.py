"""`bin/bench console`: what the console's queries cost over 200,000 deliveries, in a real web process.

The ledger is filled by its own scripts: each event is accepted, each delivery leased and settled, spread over 30 days.
Then every query of the API is sent, and every page is opened, over HTTP, one after the other, and Redis reports its
longest command meanwhile.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import requests
from redis import Redis

from bridge.redaction import Redactor
from jobs.delivery.attempts import counts_of, fields_of
from jobs.delivery.schedule import Transition
from jobs.ledger.ledger import LEASE_MS, Ledger
from jobs.ledger.scripts import LUA
from jobs.ledger.values import STATES, Lease, Planned
from sources.abc.events import parse
from tools.bench.common import PERFORMANCE, TOKEN, Report, arguments, percentile, place
from tools.bench.receiver import serve

DELIVERIES = 200_000
CONNECTORS = ("jira", "slack", "slack.mobile")
DAYS = 30
BATCH = 200
"""Events that are stored in one round trip."""
PASSWORD = "bench-password-0123456789"  # noqa: S105  of the web process that is measured
REDACT = Redactor()
ENDS = (
    *[Transition("done", 0, result={"key": "PROJ-1", "url": "https://jira.example.com/browse/PROJ-1"})] * 1920,
    *[Transition("skipped", 0, "the event was sent already")] * 40,
    *[Transition("dead", 1, "Jira: 'Team' is required (400); set JIRA_FIELDS", "config")] * 20,
    *[Transition("dead", 8, "Jira answered 503 (given up after 8 attempts)", "server_error")] * 8,
    *[Transition("retrying", 1, "no answer within 15 s", "timeout", 3600.0)] * 12,
)
NEEDLE = "A needle among the oldest"


def body(number: int) -> dict[str, Any]:
    """A change of status of one of 20,000 issues in 10 projects; the tenth event has a name that no other one has."""
    moment = f"2026-01-05T09:{number // 60 % 60:02}:{number % 60:02}.000Z"
    times = {"createdAt": "2026-01-05T09:00:00.000Z", "updatedAt": moment}
    name = NEEDLE if number == 10 else f"결제 오류 {number % 20_000}: the payment page stops"
    issue = {"id": number % 2000 + 1, **times, "name": name, "description": "설명 " * 60, "status": "ON_REVIEW"}
    project = {"id": number // 2000 % 10 + 1, "name": "Mobile"}
    data = {"issue": {**issue, "externalIssueId": str(number)}, "project": project, "previousStatus": f"S{number}"}
    return {"event": "ISSUE_STATUS_CHANGE", "data": data}


class Filler:
    """Stores events and settles their deliveries, by the ledger's scripts, in pipelines."""

    def __init__(self, redis: Redis, deliveries: int) -> None:
        self._redis = redis
        self._events = max(20, deliveries // len(CONNECTORS))
        self._began = int(time.time() * 1000) - DAYS * 86_400_000
        self._number = 0
        self._ledger = Ledger(redis, "default", self._now)
        self._luck = random.Random(1)

    def _now(self) -> int:
        return self._began + self._number * DAYS * 86_400_000 // self._events

    def fill(self) -> int:
        """How many events there are."""
        for first in range(0, self._events, BATCH):
            with self._redis.pipeline(transaction=False) as pipeline:
                for number in range(first, min(first + BATCH, self._events)):
                    self._number = number
                    self._add(body(number), pipeline)
                pipeline.execute()
        return self._events

    def _add(self, sent: Mapping[str, Any], pipeline: Any) -> None:
        event, raw = parse(sent, "default"), json.dumps(sent, ensure_ascii=False).encode()
        fields: dict[str, str | bytes] = {"source": "abc", "name": event.name, "body": raw, "state": "accepted"}
        self._ledger.accept(event, map(Planned, CONNECTORS), fields, extend=False, on=pipeline)
        for connector in CONNECTORS:
            id_, now = f"{event.id}.{connector}", self._now() / 1000
            delivery = {"attempts": "1", "created": str(self._now())}
            lease = Lease(id_, connector, "token", delivery, {"name": event.name, "source": "abc"}, now, now)
            ended = self._luck.choice(ENDS)
            settled = fields_of(lease, ended, 0.2, REDACT)
            counts = {f"count:{name}": str(by) for name, by in counts_of(lease, ended, 0.2, connector).items()}
            flat = [item for pair in {**settled, **counts}.items() for item in pair]
            self._ledger.run(LUA["lease"], id_, event.id, connector, "token", LEASE_MS, 0, on=pipeline)
            end = (id_, connector, "token", ended.state, int(ended.delay * 1000), "[]", "", 0)
            self._ledger.run(LUA["settle"], *end, *flat, on=pipeline)


@dataclass(frozen=True, slots=True)
class Case:
    """`ask`: one request; `times`: how often."""

    what: str
    ask: Callable[[], float]
    times: int


class Web:
    """Requests to the web process."""

    def __init__(self, port: int) -> None:
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {PASSWORD}"
        self._site = f"http://127.0.0.1:{port}"
        self._address = f"{self._site}/api"
        self._person = requests.Session()

    def ask(self, path: str) -> Any:
        reply = self._session.get(f"{self._address}/{path}", timeout=30)
        reply.raise_for_status()
        return reply.json()

    def seconds(self, path: str, sent: Mapping[str, Any] | None = None) -> float:
        began = time.perf_counter()
        if sent is None:
            self.ask(path)
        else:
            self._session.post(f"{self._address}/{path}", json=sent, timeout=30).raise_for_status()
        return time.perf_counter() - began

    def page(self, path: str) -> float:
        """Seconds until the whole page has come, for a person who is signed in."""
        if not self._person.cookies:
            self._person.post(f"{self._site}/login", data={"password": PASSWORD}, timeout=30).raise_for_status()
        began = time.perf_counter()
        reply = self._person.get(f"{self._site}{path}", timeout=30, allow_redirects=False)
        assert reply.status_code == 200, f"{path}: {reply.status_code}"
        return time.perf_counter() - began

    def pages(self, query: str) -> Iterator[tuple[int, float]]:
        """Rows and seconds of each request, until the end."""
        cursor: str | None = ""
        while cursor is not None:
            began = time.perf_counter()
            found = self.ask(f"deliveries?{query}&cursor={cursor}")
            yield len(found["deliveries"]), time.perf_counter() - began
            cursor = found["next"]


QUERIES = {
    "the newest page": "deliveries",
    "500 rows": "deliveries?limit=500",
    "the page at {middle}": "deliveries?cursor={cursor}",
    "`state=done`": "deliveries?state=done",
    "`state=dead`": "deliveries?state=dead",
    "`state=dead`, a connector and a reason": "deliveries?state=dead&connector=jira&reason=server_error",
    "`reason=server_error`": "deliveries?reason=server_error",
    "a connector and a project": "deliveries?connector=slack.mobile&project=7",
    "an entity": "deliveries?entity=abc:issue:1:7",
    "an event's id": "deliveries?event={event}",
    "one day, 20 days ago": "deliveries?since=21d&until=20d",
    "a text that many have (`q`)": "deliveries?q=%EA%B2%B0%EC%A0%9C",
    "a text that nothing has (`q`)": "deliveries?q=nothing+has+it",
    "a connector that nothing has": "deliveries?connector=nobody",
    "an event whole": "events/{event}",
    "`/api/dead`": "dead",
    "`/api/connectors`": "connectors",
    "`/api/hours`, 8 days": "hours?since=8d",
}
PAGES = {
    "overview, last day": "/",
    "overview, last week": "/?span=week",
    "deliveries": "/deliveries",
    "deliveries, `state=dead`": "/deliveries?state=dead",
    "deliveries, a text that nothing has (`q`)": "/deliveries?q=nothing+has+it",
    "an event": "/events/{event}",
    "dead letters": "/dead",
    "connectors": "/connectors",
    "tools": "/tools",
    "audit": "/audit",
}
TO_THE_END = {
    "the text of one event of the first hour (`q`)": "q=A+needle+among",
    "a text that nothing has (`q`)": "q=nothing+has+it",
    "`reason=nothing`": "reason=nothing",
}


def main() -> None:
    given, report = arguments(__doc__.splitlines()[0]), Report("bin/bench console")
    times, deliveries = (2, 600) if given.quick else (40, DELIVERIES)
    with place(report) as (processes, url), Redis.from_url(url) as redis:
        before = redis.info("memory")["used_memory"]
        began = time.perf_counter()
        events = Filler(redis, deliveries).fill()
        filled = time.perf_counter() - began
        memory = (redis.info("memory")["used_memory"] - before) / events
        stored = redis.memory_usage("fb:default:counts") is not None and redis.zcard("fb:default:events")
        assert stored == events
        total = sum(redis.zcard(f"fb:default:state:{state}") for state in STATES)
        environment = {
            "REDIS_URL": url,
            "WEBHOOK_TOKEN": TOKEN,
            "CONSOLE_PASSWORD": PASSWORD,
            "CONNECTORS": "slack",
            "SLACK_BOT_TOKEN": "xoxb-of-the-bench",
            "SLACK_CHANNEL": "#feedback",
        }
        web = Web(serve(processes, "web", "app:create_gateway", environment))
        redis.config_set("slowlog-log-slower-than", 100)
        redis.config_set("slowlog-max-len", 10_000)
        redis.slowlog_reset()
        answers(report, web, redis, times)
        searches(report, web)
        longest = max((entry["duration"] for entry in redis.slowlog_get(10_000)), default=0)
        rows = [
            ["deliveries, of how many events", f"{total:,}, {events:,}"],
            ["stored and settled by the ledger's scripts in", f"{filled:.0f} s"],
            ["memory in Redis of an event with three deliveries", f"{memory:,.0f} bytes"],
            ["the longest command in Redis meanwhile", f"{longest / 1000:.1f} ms"],
        ]
        report.table("The ledger", ["what", "measured"], rows)
    if given.write:
        report.write(PERFORMANCE)


def answers(report: Report, web: Web, redis: Redis, times: int) -> None:
    middle = redis.zcard("fb:default:events") // 2
    entries: Any = redis.zrange("fb:default:events", middle, middle, withscores=True)
    [(member, score)] = entries
    known = {"cursor": f"{int(score)}-{member.decode()}", "event": member.decode(), "middle": "half of all"}
    cases = [Case(what.format(**known), _asking(web, path.format(**known)), times) for what, path in QUERIES.items()]
    replay = {"state": "dead", "rate": 100}
    cases.append(Case("`POST /api/replay`: 500 are planned", lambda: web.seconds("replay", replay), min(times, 2)))
    rows = [_row(case.what, [case.ask() for _ in range(case.times)]) for case in cases]
    report.table(f"Answers, {times} requests each, one after the other", ["query", "median ms", "95 % ms"], rows)
    rows = [_row(what, [web.page(path.format(**known)) for _ in range(times)]) for what, path in PAGES.items()]
    report.table(f"Pages, {times} requests each, one after the other", ["page", "median ms", "95 % ms"], rows)


def _asking(web: Web, path: str) -> Callable[[], float]:
    return lambda: web.seconds(path)


def _row(what: str, seconds: Sequence[float]) -> list[str]:
    return [what, *(f"{percentile(seconds, part) * 1000:.0f}" for part in (0.5, 0.95))]


def searches(report: Report, web: Web) -> None:
    """Queries that find little, followed by their cursor to the end."""
    rows = []
    for what, query in TO_THE_END.items():
        found: Sequence[tuple[int, float]] = list(web.pages(query))
        seconds = [spent for _, spent in found]
        first = next((number for number, (count_, _) in zip(count(1), found, strict=False) if count_), None)
        row = [what, str(sum(count_ for count_, _ in found)), str(first or "–"), str(len(found))]
        rows.append([*row, f"{sum(seconds):.2f}", f"{max(seconds) * 1000:.0f}"])
    head = ["query", "rows", "found by request", "requests to the end", "seconds in all", "longest ms"]
    report.table("To the end of all, by `next`", head, rows)


if __name__ == "__main__":
    main()
