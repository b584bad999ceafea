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
from jobs.ledger.policy import POLICY
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
DROPPED_AT_ONCE = 100
"""Deliveries that one round trip drops."""
LISTED = 20
"""Replays, the newest ones, that are found without their id."""
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
    """How many deliveries a replay has, how they ended, and how many are `left`. `connector` and `reason`: of its
    filter."""

    id: str
    count: int
    done: int
    skipped: int
    dead: int
    connector: str = ""
    reason: str = ""

    @property
    def left(self) -> int:
        return max(0, self.count - self.done - self.skipped - self.dead)


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many dead letters one request dropped; `next`: the cursor for the rest, None when there is none."""

    count: int
    next: str | None


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
            raise BadQuery("id: must be the id of an earlier replay")
        if not replay_id:
            replay_id = uuid4().hex[:16]
            self._list(replay_id, query)
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
        [found] = self._progress([replay_id])
        return found

    def going_on(self) -> list[Progress]:
        """Of the last replays, those that have deliveries left, the newest first. Raises RedisError."""
        ids = [id_.decode() for id_ in self._redis.lrange(f"{self._ledger.prefix}replays", 0, -1)]
        return [found for found in self._progress(ids) if found and found.left]

    def _progress(self, replay_ids: list[str]) -> list[Progress | None]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for id_ in replay_ids:
                pipeline.hmget(
                    f"{self._ledger.prefix}replay:{id_}", "count", "done", "skipped", "dead", "connector", "reason"
                )
            rows = pipeline.execute()
        return [_as_progress(id_, row) for id_, row in zip(replay_ids, rows, strict=True)]

    def _list(self, replay_id: str, query: Query) -> None:
        """So that people find it who did not start it."""
        about, kept = f"{self._ledger.prefix}replay:{replay_id}", POLICY["REPLAY_KEPT_S"]
        listed = f"{self._ledger.prefix}replays"
        with self._redis.pipeline() as pipeline:
            pipeline.hset(about, mapping={"connector": query.connector, "reason": query.reason})
            pipeline.expire(about, kept)
            pipeline.lpush(listed, replay_id)
            pipeline.ltrim(listed, 0, LISTED - 1)
            pipeline.expire(listed, kept)
            pipeline.execute()

    def drop(self, delivery_id: str, reason: str) -> str:
        """Ends a delivery that shall not be sent: skipped; or why not: gone, running, finished, foreign. Raises
        RedisError."""
        [word] = self._drop([delivery_id], reason)
        return word

    def drop_group(self, connector: str, reason: str, why: str, cursor: str = "") -> Dropped:
        """Drops the dead letters of a connector that have this reason, up to MOST_AT_ONCE, the newest first. One that
        somebody sends again meanwhile is left out. `cursor`: `next` of an earlier call, to go on behind it.

        Raises BadQuery, also for a group without a name, and RedisError.
        """
        if not (connector and reason):
            raise BadQuery("connector, reason: both are required")
        query = Query(state="dead", connector=connector, reason=reason, cursor=cursor)
        found, following = self._search.ids(query, MOST_AT_ONCE)
        count = 0
        for first in range(0, len(found), DROPPED_AT_ONCE):
            count += self._drop(found[first : first + DROPPED_AT_ONCE], why, "dead").count("skipped")
        return Dropped(count, following)

    def drop_whole_group(self, connector: str, reason: str, why: str) -> Iterator[int]:
        """As `drop_group`, request by request, until nothing is left of what was found at the start: how many so
        far."""
        count, cursor = 0, ""
        while True:
            dropped = self.drop_group(connector, reason, why, cursor)
            count += dropped.count
            yield count
            if dropped.next is None:
                return
            cursor = dropped.next

    def _drop(self, delivery_ids: list[str], reason: str, *only: str) -> list[str]:
        why = clean(cut(f"dropped: {reason}", LONGEST_WHY))
        with self._redis.pipeline(transaction=False) as pipeline:
            for id_ in delivery_ids:
                self._ledger.run(LUA["drop"], id_, split(id_)[1], why, *only, on=pipeline)
            answers = pipeline.execute()
        if following := [answer[1].decode() for answer in answers if len(answer) > 1 and answer[1]]:
            hand(self._queue, following)
        return [answer[0].decode() for answer in answers]

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


def _as_progress(replay_id: str, row: list[bytes | None]) -> Progress | None:
    if row[0] is None:
        return None
    count, done, skipped, dead = (int(value or 0) for value in row[:4])
    connector, reason = ((value or b"").decode() for value in row[4:])
    return Progress(replay_id, count, done, skipped, dead, connector, reason)
