"""Reading the ledger for people and programs. Nothing here changes anything; no read grows with the whole ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from rq.suspension import WORKERS_SUSPENDED

from jobs.delivery.attempts import log_of
from jobs.ledger.ledger import STATES, split

PAGE = 50
LONGEST_PAGE = 500
LOOKED_AT = 5000
"""Rows that one page looks at, at most: where a filter finds little the page is short and `next` goes on from there."""
CHUNK = 200
EVENT_FIELDS = (b"name", b"source", b"entity", b"state", b"why", b"received", b"seen")


@dataclass(frozen=True, slots=True)
class Query:
    """What to list; an empty text lists all. `entity` is the spelling of a subject, such as `abc:issue:1:3`."""

    state: str = ""
    connector: str = ""
    event: str = ""
    entity: str = ""
    limit: int = PAGE
    cursor: str = ""


class BadQuery(Exception):
    """A query that cannot be answered; the message names what is wrong with it."""


class Records:
    def __init__(self, redis: Redis, instance: str, now: Callable[[], int] | None = None) -> None:
        """`now`: as of the ledger."""
        self._now = now
        self._redis: Any = redis  # redis-py types each answer as the union of all its modes
        self._prefix = f"fb:{instance}:"

    def deliveries(self, query: Query) -> tuple[list[dict[str, Any]], str | None]:
        """One page, the newest first, and the cursor of the next one or None. Raises BadQuery."""
        if query.state and query.state not in STATES:
            raise BadQuery(f"state: one of {', '.join(STATES)}")
        _check_limit(query.limit)
        found: list[dict[str, Any]] = []
        place = _read_cursor(query.cursor)
        by_state = bool(query.state) and not query.entity
        index = f"state:{query.state}" if by_state else f"entity:{query.entity}" if query.entity else "events"
        walk = self._walk(index, place)
        for _ in range(LOOKED_AT // CHUNK):
            entries = next(walk, None)
            if entries is None:
                return found, None
            listed = entries if by_state else self._deliveries_of(entries)
            chunk = [entry for entry in listed if _is_behind(entry, place)]
            rows = self._rows([delivery_id for _, delivery_id in chunk])
            for entry, row in zip(chunk, rows, strict=True):
                if row is not None and _matches(row, query):
                    found.append(row)
                    if len(found) == query.limit:
                        return found, _cursor(entry)
            place = entries[-1]  # also where none of them has a delivery
        return found, _cursor(place) if place else None

    def _walk(self, index: str, place: tuple[int, str] | None) -> Iterator[list[tuple[int, str]]]:
        """(score, member) of an index in chunks, the newest first, from behind `place`. Each chunk starts where the
        last one ended, not so many entries from the top: there new ones arrive meanwhile."""
        offset = 0
        while True:
            top = place[0] if place else "+inf"
            page = {"offset": offset, "num": CHUNK, "withscores": True}
            entries = self._redis.zrange(self._prefix + index, top, "-inf", desc=True, byscore=True, **page)
            if not entries:
                return
            scored = [(int(score), member.decode()) for member, score in entries]
            behind = [entry for entry in scored if _is_behind(entry, place)]
            offset = 0 if behind else offset + CHUNK  # a whole chunk of one and the same millisecond
            if behind:
                place = behind[-1]
                yield behind

    def _deliveries_of(self, events: list[tuple[int, str]]) -> list[tuple[int, str]]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for _, event_id in events:
                pipeline.hget(f"{self._prefix}event:{event_id}", "connectors")
            listed = pipeline.execute()
        return [
            (score, f"{event_id}.{name}")
            for (score, event_id), names in zip(events, listed, strict=True)
            for name in sorted((names or b"").decode().split(","), reverse=True)
            if name
        ]

    def _rows(self, ids: list[str]) -> list[dict[str, Any] | None]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for id_ in ids:
                pipeline.hgetall(f"{self._prefix}delivery:{id_}")
                pipeline.hget(f"{self._prefix}event:{split(id_)[0]}", "name")
            answers = pipeline.execute()
        return [
            _row(id_, _text(fields), (name or b"").decode()) if fields else None
            for id_, fields, name in zip(ids, answers[::2], answers[1::2], strict=True)
        ]

    def event(self, event_id: str) -> dict[str, Any] | None:
        """One event whole, with its deliveries and their attempts; None when there is none of that id."""
        fields = _text(self._redis.hgetall(f"{self._prefix}event:{event_id}"))
        if not fields:
            return None
        deliveries = []
        for name in fields.get("connectors", "").split(","):
            stored = _text(self._redis.hgetall(f"{self._prefix}delivery:{event_id}.{name}")) if name else {}
            if stored:
                row = _row(f"{event_id}.{name}", stored, fields.get("name", ""))
                deliveries.append(row | {"attempts_log": log_of(stored)})
        return {**_event_row(event_id, fields), "body": _json(fields.get("body", "")), "deliveries": deliveries}

    def knows(self, event_id: str) -> bool:
        """Whether the ledger has the event."""
        return bool(self._redis.exists(f"{self._prefix}event:{event_id}"))

    def events(self, state: str = "", limit: int = PAGE) -> list[dict[str, Any]]:
        """The newest events; `state`: ignored or unreadable, or "" for all. Raises BadQuery."""
        if state not in ("", "ignored", "unreadable"):
            raise BadQuery("state: ignored or unreadable")
        _check_limit(limit)
        suffix = f":{state}" if state else ""
        ids = [id_.decode() for id_ in self._redis.zrange(f"{self._prefix}events{suffix}", 0, limit - 1, desc=True)]
        with self._redis.pipeline(transaction=False) as pipeline:
            for id_ in ids:
                pipeline.hmget(f"{self._prefix}event:{id_}", EVENT_FIELDS)  # not the body, which may be large
            answers = pipeline.execute()
        stored = [{name: value for name, value in zip(EVENT_FIELDS, row, strict=True) if value} for row in answers]
        return [_event_row(id_, _text(fields)) for id_, fields in zip(ids, stored, strict=True) if fields]

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

    def ids_in(self, state: str) -> list[str]:
        """Every delivery in a state, the oldest first."""
        return [id_.decode() for id_ in self._redis.zrange(f"{self._prefix}state:{state}", 0, -1)]

    def health(self) -> dict[str, Any]:
        """Numbers for /readyz and /metrics: deliveries by state, living workers, how many of their slots hang and
        whether they are suspended, open breakers, the last state of each destination (`ok`, `refused`), how old is the
        oldest queued delivery (seconds). Raises RedisError."""
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.time()
            for state in STATES:
                pipeline.zcard(f"{self._prefix}state:{state}")
            pipeline.zrange(f"{self._prefix}state:queued", 0, 0, withscores=True)
            pipeline.zrange(f"{self._prefix}workers", 0, -1, withscores=True)
            pipeline.smembers(f"{self._prefix}breakers")
            pipeline.exists(WORKERS_SUSPENDED)
            pipeline.hgetall(f"{self._prefix}last")
            pipeline.hgetall(f"{self._prefix}hung")
            pipeline.hgetall(f"{self._prefix}counts")
            answers = pipeline.execute()
        now = self._seconds(answers[0])
        oldest, workers, breakers, suspended, last, hung, counts = answers[-7:]
        alive = {name for name, seen in workers if now - seen / 1000 < 15}
        return {
            "states": dict(zip(STATES, answers[1 : 1 + len(STATES)], strict=True)),
            "oldest_queued": round(max(0.0, now - oldest[0][1] / 1000), 3) if oldest else 0.0,
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


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LONGEST_PAGE:
        raise BadQuery(f"limit: 1 to {LONGEST_PAGE}")


def _cursor(entry: tuple[int, str]) -> str:
    return f"{entry[0]}-{entry[1]}"


def _read_cursor(cursor: str) -> tuple[int, str] | None:
    """A cursor is the place of the last row that was shown."""
    score, dash, delivery_id = cursor.partition("-")
    if not cursor:
        return None
    if not (dash and delivery_id and score.isascii() and score.isdigit() and len(score) < 16):
        raise BadQuery("cursor: pass on the value of `next`")
    return int(score), delivery_id


def _is_behind(entry: tuple[int, str], after: tuple[int, str] | None) -> bool:
    return after is None or entry < after  # within one millisecond Redis lists backwards by name


def _matches(row: Mapping[str, Any], query: Query) -> bool:
    return (
        query.state in ("", row["state"])
        and query.connector in ("", row["connector"])
        and query.event in ("", row["event"], row["event_id"])
        and query.entity in ("", row["entity"])
    )


def _row(delivery_id: str, stored: Mapping[str, str], event_name: str) -> dict[str, Any]:
    event_id, connector = split(delivery_id)
    row = {
        "id": delivery_id,
        "event_id": event_id,
        "event": event_name,
        "connector": connector,
        "entity": stored.get("entity", ""),
        "state": stored.get("state", ""),
        "attempts": int(stored.get("attempts", 0)),
        "result": _json(stored.get("result", "")) or None,
        "error": stored.get("why") or None,
        "reason": stored.get("reason") or None,
        "created_at": iso(stored.get("created")),
        "updated_at": iso(stored.get("updated")),
    }
    if stored.get("next"):
        row["next_attempt_at"] = iso(stored["next"])
    return row


def _event_row(event_id: str, stored: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": event_id,
        "event": stored.get("name", ""),
        "source": stored.get("source", ""),
        "entity": stored.get("entity", ""),
        "state": stored.get("state", ""),
        "why": stored.get("why") or None,
        "received_at": iso(stored.get("received")),
        "seen": int(stored.get("seen", 1)),
    }


def iso(milliseconds: str | None) -> str | None:
    if not milliseconds:
        return None
    return (
        datetime.fromtimestamp(int(milliseconds) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(pairs: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): value.decode("utf-8", "replace") for name, value in pairs.items()}
