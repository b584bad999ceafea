"""Finding deliveries: pages of bounded work over the indexes that the ledger keeps anyway (docs/api.md)."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from bridge.times import iso
from jobs.ledger.query import BadQuery, Query, check_limit
from jobs.ledger.rows import DELIVERY_FIELDS, delivery_row
from jobs.ledger.scripts import LUA
from jobs.ledger.values import STATES

CHUNK = 200
"""Entries of an index that one step reads: Redis does nothing else meanwhile, for about a millisecond."""
STEP_BYTES = 1_048_576
"""Bytes of bodies that one step reads when a text is searched for."""
LOOKED_AT = 20_000
"""Entries that one page looks at, at most: where a filter finds little the page is short, and `next` goes on."""
PATIENCE = 0.15
"""Seconds after which a page begins no further step."""
T = TypeVar("T")
HALVES = "utf-8", "replace"


class Page(NamedTuple):
    """`next`: the cursor of the next page, None at the end; `searched_until`: the time (ISO 8601) down to which it has
    searched, where it ended because it had looked at enough."""

    rows: list[dict[str, Any]]
    next: str | None
    searched_until: str | None


Place = tuple[int, str]
"""Milliseconds since 1970 and the id of an event or a delivery: where a search goes on, behind it."""


class Search:
    """Methods raise redis.exceptions.RedisError."""

    def __init__(self, redis: Any, prefix: str, patience: float = PATIENCE) -> None:
        """`prefix`: of the ledger's keys; `patience`: see PATIENCE."""
        self._redis = redis
        self._prefix = prefix
        self._patience = patience

    def page(self, query: Query) -> Page:
        """One page, the newest first. Raises BadQuery."""
        check_limit(query.limit)
        return Page(*self._collect(query, query.limit, lambda ids: self._rows(ids, query.state)))

    def ids(self, query: Query, most: int) -> tuple[list[str], str | None]:
        """Only the ids of up to `most` deliveries, and the cursor for those behind them, or None. Raises BadQuery."""
        found, following, _ = self._collect(query, most, lambda ids: ids)
        return found, following

    def _collect(
        self, query: Query, most: int, read: Callable[[list[str]], list[T]]
    ) -> tuple[list[T], str | None, str | None]:
        """What `read` makes of the deliveries that are found; see Page."""
        if query.state and query.state not in STATES:
            raise BadQuery(f"state: one of {', '.join(STATES)}")
        walk = self._walk(query)
        found: list[T] = []
        place, skipped, looked = read_cursor(query.cursor), 0, 0
        deadline = time.monotonic() + self._patience
        while True:
            entries, is_end, reached, matches = self._step(walk, place, skipped, most - len(found))
            looked += entries
            found += read(matches)
            if is_end:
                return found, None, None
            # Else a whole step of one and the same millisecond, that of the cursor.
            place, skipped = (reached, 0) if reached else (place, skipped + entries)
            assert place is not None
            if len(found) == most:
                return found, cursor_of(place), None
            # Never where it came no further: the next page would begin at the same place.
            if reached and (looked >= LOOKED_AT or time.monotonic() >= deadline):
                return found, cursor_of(place), iso(place[0])

    def _walk(self, query: Query) -> _Walk:
        low, high = query.since, query.until
        name, event_id = query.event, ""
        if query.event and (received := self._redis.hget(f"{self._prefix}event:{query.event}", "received")):
            name, event_id = "", query.event
            low, high = (max(low or 0, int(received) / 1000), min(high or math.inf, int(received) / 1000))
        by_state = bool(query.state) and not (query.entity or event_id)
        index = f"state:{query.state}" if by_state else f"entity:{query.entity}" if query.entity else "events"
        wanted = {
            **{name: getattr(query, name) for name in ("state", "connector", "source", "entity", "reason")},
            "event": name,
            "id": event_id,
            "project": quote(query.project.encode(*HALVES), safe="@+"),  # as str(Subject) has it
            "texts": _spellings(query.q),
        }
        return _Walk(
            index,
            not by_state,
            math.inf if high is None or high == math.inf else math.floor(high * 1000),
            -math.inf if low is None else math.ceil(low * 1000),
            json.dumps(wanted, ensure_ascii=False).encode(*HALVES),
        )

    def _step(
        self, walk: _Walk, place: Place | None, skipped: int, most: int
    ) -> tuple[int, bool, Place | None, list[str]]:
        """How many entries were read, whether none is left, the place that was reached, and the ids of the deliveries
        that match."""
        top = min(walk.high, place[0]) if place else walk.high
        behind = place or ("", "")
        bounds = (_score(top), _score(walk.low), skipped, CHUNK, most, STEP_BYTES)
        arguments = (self._prefix, walk.index, int(walk.events), *bounds, behind[0], behind[1].encode(*HALVES))
        read, looked_at_all, score, member, *matches = self._redis.eval(LUA["search"], 0, *arguments, walk.wanted)
        reached = (int(score), member.decode()) if score else None
        return int(read), bool(looked_at_all) and read < CHUNK, reached, [id_.decode() for id_ in matches[1::2]]

    def _rows(self, ids: list[str], state: str) -> list[dict[str, Any]]:
        """Without those that have left the state meanwhile, or are forgotten."""
        if not ids:
            return []
        names = json.dumps(DELIVERY_FIELDS), json.dumps(OF_EVENT)
        answer: bytes = self._redis.eval(LUA["rows"], 0, self._prefix, *names, *ids)
        rows = [
            delivery_row(id_, _stored(DELIVERY_FIELDS, delivery), _stored(OF_EVENT, event))
            for id_, (delivery, event) in zip(ids, json.loads(answer.decode(*HALVES)), strict=True)
        ]
        return [row for row in rows if row["state"] and state in ("", row["state"])]


@dataclass(frozen=True, slots=True)
class _Walk:
    """An index, whether its members are events, its highest and lowest score, and the filter for search.lua."""

    index: str
    events: bool
    high: float
    low: float
    wanted: bytes


OF_EVENT = ("name", "source", "received")


def _stored(names: tuple[str, ...], values: list[Any]) -> dict[str, str]:
    return {name: value for name, value in zip(names, values, strict=True) if value}


def _spellings(text: str) -> list[str]:
    """A text as it may stand in JSON, whose writers escape more or less; ASCII letters in lower case, as search.lua has
    them."""
    forms = (text, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1])
    lower = (form.encode(*HALVES).lower().decode(*HALVES) for form in forms)
    return list(dict.fromkeys(lower)) if text else []


def _score(value: float) -> str:
    return "+inf" if value == math.inf else "-inf" if value == -math.inf else str(int(value))


def cursor_of(place: Place) -> str:
    return f"{place[0]}-{place[1]}"


def read_cursor(cursor: str) -> Place | None:
    """A cursor is the place of the last row that was shown. Raises BadQuery."""
    score, dash, delivery_id = cursor.partition("-")
    if not cursor:
        return None
    if not (dash and delivery_id and score.isascii() and score.isdigit() and len(score) < 16):
        raise BadQuery("cursor: must be the `next` of an earlier answer")
    return int(score), delivery_id
