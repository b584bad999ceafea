"""Accepting an event: one round trip to Redis stores it with its deliveries and enqueues their jobs, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from redis import Redis
from redis.exceptions import RedisError

from jobs.ledger import Ledger, Planned
from jobs.queue import hand, open_queue
from jobs.routing import Route, plan
from sources.event import Event, Unread


@dataclass(frozen=True, slots=True)
class Accepted:
    event_id: str
    duplicate: bool


class Acceptor:
    """One per process. Used by the receiver, by reconcile, by anything that learns of an event."""

    def __init__(self, redis: Redis, instance: str, routes: Iterable[Route]) -> None:
        self._ledger = Ledger(redis, instance)
        self._queue = open_queue(redis, instance)
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
        skip: Mapping[str, str] = MappingProxyType({}),
        extend: bool = False,
    ) -> Accepted:
        """`skip`: connectors that shall not act, with why. `extend`: a known event gets the deliveries that it lacks
        (of a connector that was switched on since).

        Raises redis.exceptions.RedisError when nothing was stored, or that is not known: tell it again then.
        """
        planned = plan(event, self._routes) if isinstance(event, Event) else []
        planned = [
            Planned(row.connector, "skipped", skip[row.connector]) if row.connector in skip else row for row in planned
        ]
        fields: dict[str, str | bytes] = {"source": source, "name": event.name, "body": body, "state": "accepted"}
        if isinstance(event, Unread):
            fields |= {"state": event.state, "why": event.why}
        elif not planned:
            fields |= {"state": "ignored", "why": f"no connector acts on {event.name}"}
        with self._ledger.redis.pipeline(transaction=True) as pipeline:
            self._ledger.accept(event, planned, fields, extend=extend, on=pipeline)
            # Jobs are hints: a repeat's do no harm, the lease sorts them out. So they are written without asking first.
            hand(self._queue, [f"{event.id}.{row.connector}" for row in planned if row.state == "queued"], pipeline)
            answers = pipeline.execute()
        return Accepted(event.id, duplicate=answers[0][0] == 0)
