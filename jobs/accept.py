"""Accepting an event: one round trip to Redis stores it with its deliveries and enqueues their jobs, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from redis.exceptions import RedisError

import sources
from bridge.text import cut
from jobs.ledger.bounds import LONGEST_NAME, LONGEST_WHY
from jobs.ledger.ledger import Ledger
from jobs.ledger.values import Planned
from jobs.queue import hand, open_queue
from jobs.routing import Route, plan
from sources.base import Event, Unread


@dataclass(frozen=True, slots=True)
class Accepted:
    event_id: str
    duplicate: bool


class Acceptor:
    """One per process. The receiver, reconcile and all others that find an event use it."""

    def __init__(self, ledger: Ledger, routes: Iterable[Route]) -> None:
        self._ledger = ledger
        self._queue = open_queue(ledger.redis, ledger.instance)
        with suppress(RedisError):
            # RQ asks for the server's version once; asked for here, the first event too costs one round trip only.
            self._queue.get_redis_server_version()
        self._routes = tuple(routes)

    def accept(
        self,
        source: str,
        event: Event | Unread,
        body: bytes,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        skip: Mapping[str, str] = MappingProxyType({}),
        extend: bool = False,
        note_level: bool = True,
        trace: str = "",
    ) -> Accepted:
        """Stores the event and its implied events (sources.implied), each with its deliveries.

        `headers`: the values that are needed besides the body to parse it again (Source.kept). `skip`: connectors
        that must not act, each with the cause. `extend`: a known event gets its missing deliveries (of a connector that
        was added since). `note_level`: whether the event's level becomes the last known one. `trace`: the caller's
        `traceparent` (W3C), for the spans of the deliveries; "" without one.

        Raises redis.exceptions.RedisError when nothing was stored, or the result is unknown: accept it again then.
        """
        planned = plan(event, self._routes) if isinstance(event, Event) else []
        planned = [
            Planned(row.connector, "skipped", skip[row.connector]) if row.connector in skip else row for row in planned
        ]
        name = cut(event.name, LONGEST_NAME)
        fields: dict[str, str | bytes] = {"source": source, "name": name, "body": body, "state": "accepted"}
        if isinstance(event, Event) and event.implied:
            fields["implied"] = "1"  # until it is announced: connectors that do not act on implied events act then
        if headers:
            fields["headers"] = json.dumps(headers)
        if trace:
            fields["trace"] = trace
        if isinstance(event, Unread):
            fields |= {"state": event.state, "why": cut(event.why, LONGEST_WHY)}
        elif not planned:
            fields |= {"state": "ignored", "why": f"no connector acts on {name}"}
        with self._ledger.redis.pipeline(transaction=True) as pipeline:
            self._ledger.accept(event, planned, fields, extend=extend, note_level=note_level, on=pipeline)
            jobs = [f"{event.id}.{row.connector}" for row in planned if row.state == "queued"]
            if isinstance(event, Event):
                jobs += self._accept_implied(source, event, trace, pipeline)
                names = {f"{event.source}:{at}": name[:LONGEST_NAME] for at, name in event.positions.items() if name}
                self._ledger.name(names, on=pipeline)
            # Jobs are hints: a repeat's do no harm, the lease sorts them out. So they are written without asking first.
            hand(self._queue, jobs, pipeline)
            answers = pipeline.execute()
        return Accepted(event.id, duplicate=answers[0][0] == 0)

    def _accept_implied(self, source: str, event: Event, trace: str, on: Any) -> list[str]:
        """Adds the event's implied events to the same transaction. Returns the deliveries to start."""
        jobs: list[str] = []
        for implied, body in sources.implied(event, self._ledger.instance):
            if planned := plan(implied, self._routes):
                fields = {"source": source, "name": implied.name, "state": "accepted", "implied": "1"}
                fields |= {"trace": trace} if trace else {}
                self._ledger.accept(implied, planned, {**fields, "body": body}, extend=False, on=on)
                jobs += [f"{implied.id}.{row.connector}" for row in planned if row.state == "queued"]
        return jobs
