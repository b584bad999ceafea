"""The job layer on a real Valkey, driven step by step: events go in, and a test decides what each connector answers."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bridge.redaction import Redactor
from connectors.base import Check, Connector, Context, Destination, Done, Outcome
from jobs.accept import Accepted, Acceptor
from jobs.deliver import Deliverer
from jobs.delivery.keeper import Keeper
from jobs.delivery.slots import Slots
from jobs.ledger.ledger import Ledger
from jobs.ledger.query import Query
from jobs.ledger.records import Records
from jobs.queue import open_queue
from jobs.routing import Route
from sources.abc.events import parse
from sources.base import Event

INSTANCE = "test"
numbers = itertools.count(1)


@dataclass
class Recorder:
    """A connector that does what the test wants, and remembers what it was asked."""

    answer: Callable[[Event, Context], Outcome] = lambda _event, _context: Done({"ok": True})
    seen: list[str] = field(default_factory=list)
    where: Destination = field(default_factory=lambda: Destination(f"destination {next(numbers)}"))

    def deliver(self, event: Event, context: Context) -> Outcome:
        self.seen.append(event.id)
        return self.answer(event, context)

    def destination(self, _event: Event) -> Destination:
        return self.where

    def check(self) -> Iterator[Check]:
        yield Check(True, "fine")


@dataclass
class World:
    redis: Any  # redis-py types each answer as the union of all its modes
    connectors: dict[str, Recorder]
    needs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.later = 0
        self.ledger = Ledger(self.redis, INSTANCE, self.now)
        self.queue: Any = open_queue(self.redis, INSTANCE)
        self.records = Records(self.redis, INSTANCE, self.now)
        self.acceptor = Acceptor(self.ledger, [Route(name, ("*",)) for name in self.connectors])
        self.deliverer = self.worker()

    def worker(self) -> Deliverer:
        """One more worker process's part, sharing the connectors."""
        connectors: dict[str, Connector] = dict(self.connectors)
        return Deliverer(
            self.ledger,
            self.queue,
            connectors,
            Redactor(["planted-secret"]),
            Keeper(self.ledger, "a worker"),
            Slots(16, ["test"]),
            self.needs,
        )

    def accept(self, body: dict[str, Any]) -> Accepted:
        return self.acceptor.accept("abc", parse(body, INSTANCE), _json(body))

    def taken(self) -> list[str]:
        """Takes every job that waits in RQ, in order: the delivery ids that they name."""
        ids = []
        for job_id in self.queue.job_ids:
            job = self.queue.fetch_job(job_id)
            assert job is not None
            ids.append(job.args[0])
        self.queue.empty()
        return ids

    def run(self) -> None:
        """Runs what RQ holds until nothing is left."""
        while ids := self.taken():
            for id_ in ids:
                self.deliverer.deliver(id_)

    def run_due(self, ticks: int = 1) -> None:
        """Lets the clock tick, and runs what is due; several times where one thing brings the next."""
        for _ in range(ticks):
            for id_ in self.tick():
                self.deliverer.deliver(id_)
            self.run()

    def now(self) -> int:
        """The time by which the ledger decides: the machine's, which is Redis's, and what has passed besides."""
        return time.time_ns() // 1_000_000 + self.later

    def pass_time(self, seconds: float) -> None:
        self.later += int(seconds * 1000)

    def tick(self) -> list[str]:
        self.later += 1  # the last election is over
        self.ledger.forget(30)
        return self.ledger.tick("worker", self.queue.key, elect_ms=1) or []

    def states(self) -> dict[str, str]:
        """State by delivery, the connector's name alone where there is one event."""
        rows = self.records.deliveries(Query(limit=500)).rows
        return {row["id"]: row["state"] for row in rows}

    def state(self, accepted: Accepted, connector: str) -> str:
        return self.states()[f"{accepted.event_id}.{connector}"]


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def feedback_event(number: int | None = None) -> dict[str, Any]:
    """A new feedback; every call another one unless numbered."""
    id_ = next(numbers) if number is None else number
    times = {"createdAt": "2026-11-22T17:08:30.516Z", "updatedAt": "2026-11-22T17:08:30.516Z"}
    return {
        "event": "FEEDBACK_CREATION",
        "data": {
            "feedback": {"id": id_, **times, "message": "안녕", "issues": []},
            "channel": {"id": 1, "name": "c"},
            "project": {"id": 1, "name": "p"},
        },
    }


def status_event(issue: int, second: int, previous: str | None = "INIT", status: str = "ON_REVIEW") -> dict[str, Any]:
    """A change of status at 17:00 and `second` seconds."""
    times = {"createdAt": "2026-11-22T16:00:00.000Z", "updatedAt": f"2026-11-22T17:00:{second:02}.000Z"}
    entity = {"id": issue, **times, "name": "n", "description": "", "status": status, "externalIssueId": ""}
    return {
        "event": "ISSUE_STATUS_CHANGE",
        "data": {"issue": entity, "project": {"id": 1, "name": "p"}, "previousStatus": previous},
    }
