"""Reading the ledger for people and programs. Nothing here changes anything; no read grows with the whole ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from redis import Redis
from rq.suspension import WORKERS_SUSPENDED

from jobs.delivery.attempts import log_of
from jobs.ledger.dead import Dead, dead_letters
from jobs.ledger.hours import Hour, hours
from jobs.ledger.query import PAGE, BadQuery, Query, check_limit
from jobs.ledger.rows import EVENT_FIELDS, delivery_row, event_row, from_json, some_texts, texts
from jobs.ledger.search import Page, Search
from jobs.ledger.values import STATES, UNFINISHED


class Records:
    def __init__(self, redis: Redis, instance: str, now: Callable[[], int] | None = None) -> None:
        """`now`: as of the ledger."""
        self._now = now
        self._redis: Any = redis  # redis-py types each answer as the union of all its modes
        self._prefix = f"fb:{instance}:"
        self._search = Search(redis, self._prefix)

    def deliveries(self, query: Query) -> Page:
        """One page, the newest first; see jobs/ledger/search.py. Raises BadQuery."""
        return self._search.page(query)

    def whole_page(self, query: Query) -> Page:
        """As `deliveries`, for a command that has the time: it goes on until the page is full or nothing is left."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self._search.page(replace(query, limit=query.limit - len(rows)))
            rows += page.rows
            if page.next is None or len(rows) == query.limit:
                return Page(rows, page.next, None)
            query = replace(query, cursor=page.next)

    def event(self, event_id: str) -> dict[str, Any] | None:
        """One complete event, with its deliveries and their attempts; None when there is none of that id."""
        fields = texts(self._redis.hgetall(f"{self._prefix}event:{event_id}"))
        if not fields:
            return None
        deliveries = []
        for name in fields.get("connectors", "").split(","):
            stored = texts(self._redis.hgetall(f"{self._prefix}delivery:{event_id}.{name}")) if name else {}
            if stored:
                row = delivery_row(f"{event_id}.{name}", stored, fields)
                deliveries.append(row | {"attempts_log": log_of(stored)})
        return {**event_row(event_id, fields), "body": from_json(fields.get("body", "")), "deliveries": deliveries}

    def stored(self, event_id: str) -> dict[str, str] | None:
        """The fields of an event, for `sources.restore`; None when there is none of that id."""
        return texts(self._redis.hgetall(f"{self._prefix}event:{event_id}")) or None

    def knows(self, event_id: str) -> bool:
        """Whether the ledger has the event."""
        return bool(self._redis.exists(f"{self._prefix}event:{event_id}"))

    def events(self, state: str = "", limit: int = PAGE) -> list[dict[str, Any]]:
        """The newest events; `state`: ignored or unreadable, or "" for all. Raises BadQuery."""
        if state not in ("", "ignored", "unreadable"):
            raise BadQuery("state: ignored or unreadable")
        check_limit(limit)
        suffix = f":{state}" if state else ""
        ids = [id_.decode() for id_ in self._redis.zrange(f"{self._prefix}events{suffix}", 0, limit - 1, desc=True)]
        with self._redis.pipeline(transaction=False) as pipeline:
            for id_ in ids:
                pipeline.hmget(f"{self._prefix}event:{id_}", EVENT_FIELDS)  # not the body, which may be large
            answers = pipeline.execute()
        stored = [some_texts(EVENT_FIELDS, row) for row in answers]
        return [event_row(id_, fields) for id_, fields in zip(ids, stored, strict=True) if fields]

    def states(self, event_id: str) -> dict[str, tuple[str, float]]:
        """State of each of the event's deliveries by connector, and for how many seconds it has been so."""
        names = (self._redis.hget(f"{self._prefix}event:{event_id}", "connectors") or b"").decode().split(",")
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.time()
            for name in names:
                pipeline.hmget(f"{self._prefix}delivery:{event_id}.{name}", "state", "updated")
            time, *rows = pipeline.execute()
        now = self._seconds(time)
        return {
            name: (state.decode(), now - int(updated) / 1000)
            for name, (state, updated) in zip(names, rows, strict=True)
            if state
        }

    def _seconds(self, time: tuple[int, int]) -> float:
        """The time, which Redis answered as seconds and microseconds."""
        return self._now() / 1000 if self._now else time[0] + time[1] / 1_000_000

    def dead(self, connector: str = "", reason: str = "", cursor: str = "") -> Dead:
        """Dead letters by connector and reason; see jobs/ledger/dead.py. Raises BadQuery."""
        return dead_letters(self._redis, self._prefix, connector, reason, cursor)

    def hours(self, since: float) -> list[Hour]:
        """Events and outcomes of each hour since then (seconds since 1970), oldest first; see jobs/ledger/hours.py."""
        return hours(self._redis, self._prefix, since, self.time())

    def time(self) -> float:
        """Seconds since 1970 by the ledger's clock."""
        return self._seconds(self._redis.time())

    def ids_in(self, state: str) -> list[str]:
        """Every delivery in a state, the oldest first."""
        return [id_.decode() for id_ in self._redis.zrange(f"{self._prefix}state:{state}", 0, -1)]

    def health(self) -> dict[str, Any]:
        """Numbers for /readyz and /metrics: deliveries by state, living workers, how many of their slots hang and
        whether they are suspended, open breakers, the last state of each destination (`ok`, `refused`), and by state
        for how long (seconds) the unfinished delivery is in it that has been longest. Raises RedisError."""
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.time()
            for state in STATES:
                pipeline.zcard(f"{self._prefix}state:{state}")
            for state in UNFINISHED:
                pipeline.zrange(f"{self._prefix}state:{state}", 0, 0, withscores=True)
            pipeline.zrange(f"{self._prefix}workers", 0, -1, withscores=True)
            pipeline.smembers(f"{self._prefix}breakers")
            pipeline.exists(WORKERS_SUSPENDED)
            pipeline.hgetall(f"{self._prefix}last")
            pipeline.hgetall(f"{self._prefix}hung")
            pipeline.hgetall(f"{self._prefix}counts")
            answers = pipeline.execute()
        now = self._seconds(answers[0])
        workers, breakers, suspended, last, hung, counts = answers[-6:]
        firsts = answers[1 + len(STATES) : -6]
        oldest = {
            state: round(max(0.0, now - first[0][1] / 1000), 3) if first else 0.0
            for state, first in zip(UNFINISHED, firsts, strict=True)
        }
        alive = {name for name, seen in workers if now - seen / 1000 < 15}
        return {
            "states": dict(zip(STATES, answers[1 : 1 + len(STATES)], strict=True)),
            "oldest": oldest,
            "oldest_queued": oldest["queued"],
            "workers": len(alive),
            "hung": sum(int(slots) for worker, slots in hung.items() if worker in alive),
            "breakers": sorted(destination.decode() for destination in breakers),
            "suspended": int(suspended),
            "last": {name.decode(): seen.decode().partition("|")[2] for name, seen in last.items()},
            "counts": {name.decode(): float(value) for name, value in counts.items()},
        }

    def recovery(self) -> list[dict[str, Any]]:
        """The destinations that are down or that something waits for: `open` (the breaker), `since` (when, in ms since
        1970), `why` (down, quota, busy), how many are `waiting`, and how many dead letters its return heals."""
        names = self._redis.sunion(f"{self._prefix}breakers", f"{self._prefix}waiting")
        destinations = sorted(name.decode() for name in names)
        with self._redis.pipeline(transaction=False) as pipeline:
            for name in destinations:
                pipeline.hmget(f"{self._prefix}breaker:{name}", "opened", "why")
                pipeline.zcard(f"{self._prefix}waits:{name}")
                pipeline.zcard(f"{self._prefix}dead:{name}")
            answers = pipeline.execute()
        return [
            {
                "destination": name,
                "open": opened is not None,
                "since": int(opened) if opened else None,
                "why": why.decode() if why else None,
                "waiting": waiting,
                "dead": dead,
            }
            for name, (opened, why), waiting, dead in zip(
                destinations, answers[::3], answers[1::3], answers[2::3], strict=True
            )
        ]
