"""Sending deliveries again, or never, at an operator's request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from bridge.text import cut
from jobs.delivery.attempts import clean
from jobs.delivery.stops import Stops
from jobs.ledger.bounds import LONGEST_WHY
from jobs.ledger.ledger import HAND_OVER_MS, Ledger
from jobs.ledger.query import BadQuery, Query
from jobs.ledger.scripts import LUA
from jobs.ledger.search import Search
from jobs.ledger.values import split
from jobs.queue import hand, open_queue

RATE = 5.0
"""Deliveries a second of a replay of many."""
SLOWEST, FASTEST = 0.1, 100.0
MOST_AT_ONCE = 500
"""Deliveries that one request plans."""
PLANNED_AT_ONCE = 100
"""Deliveries that one script plans: Redis does nothing else meanwhile."""
LONGEST_ID = 40
LONGEST_REASON = 400
"""Characters of why a delivery is dropped."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """Many deliveries that are sent again: the `id` of the replay, for its progress; how many this request planned;
    `next`: the query's cursor for the rest, None when there is none."""

    id: str
    count: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How many deliveries a replay has, how they ended, and how many are `left`."""

    id: str
    count: int
    done: int
    skipped: int
    dead: int

    @property
    def left(self) -> int:
        return max(0, self.count - self.done - self.skipped - self.dead)


class Replayer:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._redis: Any = ledger.redis
        self._queue = open_queue(ledger.redis, ledger.instance)
        self._stops = Stops(ledger.redis, ledger.instance)
        self._search = Search(ledger.redis, ledger.prefix)

    def replay(self, delivery_id: str) -> str:
        """queued, or why not: gone, running, foreign (of a newer version). Raises RedisError.

        Were this process killed between the two steps, the clock would do the second.
        """
        word = self._ledger.replay(delivery_id)
        if word == "queued":
            hand(self._queue, [delivery_id])
        return word

    def replay_all(self, query: Query, rate: float = RATE, replay_id: str = "") -> Bulk:
        """Plans what the query finds, up to MOST_AT_ONCE, to be sent again one after the other, `rate` a second, the
        oldest first. `replay_id`: of an earlier call, to go on behind it. Running ones are left out.

        Raises BadQuery, also for a rate out of bounds, and RedisError.
        """
        if not SLOWEST <= rate <= FASTEST:
            raise BadQuery(f"rate: {SLOWEST:g} to {FASTEST:g} deliveries a second")
        if replay_id and not (len(replay_id) <= LONGEST_ID and replay_id.isascii() and replay_id.isalnum()):
            raise BadQuery("id: that of an earlier replay")
        replay_id = replay_id or uuid4().hex[:16]
        found, following = self._search.ids(query, MOST_AT_ONCE)
        count = 0
        for first in range(0, max(1, len(found)), PLANNED_AT_ONCE):
            ids = found[::-1][first : first + PLANNED_AT_ONCE]
            words = self._ledger.run(LUA["plan"], HAND_OVER_MS, replay_id, int(1000 / rate), *ids)
            hand(self._queue, [id_ for id_, word in zip(ids, words, strict=True) if word == b"queued"])
            count += sum(word in (b"queued", b"planned") for word in words)
        return Bulk(replay_id, count, following)

    def replay_everything(self, query: Query, rate: float = RATE) -> Iterator[Bulk]:
        """As `replay_all`, request by request, until nothing is left of what was found at the start."""
        replay_id = ""
        while True:
            bulk = self.replay_all(query, rate, replay_id)
            yield bulk
            if bulk.next is None:
                return
            query, replay_id = replace(query, cursor=bulk.next), bulk.id

    def progress(self, replay_id: str) -> Progress | None:
        """None for a replay that is not known, or no longer. Raises RedisError."""
        fields = self._redis.hmget(f"{self._ledger.prefix}replay:{replay_id}", "count", "done", "skipped", "dead")
        return Progress(replay_id, *(int(value or 0) for value in fields)) if fields[0] else None

    def drop(self, delivery_id: str, reason: str) -> str:
        """Ends a delivery that shall not be sent: skipped; or why not: gone, running, finished, foreign. Raises
        RedisError."""
        why = clean(cut(f"dropped: {reason}", LONGEST_WHY))
        word, *following = self._ledger.run(LUA["drop"], delivery_id, split(delivery_id)[1], why)
        if following and following[0]:
            hand(self._queue, [following[0].decode()])
        return str(word.decode())

    def heal(self, name: str) -> int:
        """Brings back what waits for a destination that was just seen to work, or died because of it: how many. `name`:
        a destination (`abc`, `slack #feedback`) or a connector, for all its destinations. Raises RedisError.

        Dead letters come back a bounded number of times, so it may be called at every check.
        """
        return self._ledger.heal(name)

    def resume(self, name: str) -> bool:
        """Starts a connector instance again that has stopped, and makes due what waits for it: whether it had stopped.
        Raises RedisError."""
        stopped = self._stops.resume(name)
        if stopped:
            self.heal(name)
        return stopped
