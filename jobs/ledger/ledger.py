"""The ledger: the records of every event and delivery, in our own Redis keys (docs/architecture.md lists them).

Every change is one Lua script, so it happens completely or not at all, by Redis's own clock. Reading for people is in
`jobs/ledger/records.py`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from redis import Redis

from bridge.text import cut
from connectors.base import LeaseLost
from jobs.ledger.bounds import LONGEST_NAME, LONGEST_WHY, MOST_NOTES, check_notes
from jobs.ledger.scripts import LUA
from jobs.ledger.values import Admission, Lease, Planned, Recovery, Settled, State, split
from sources.base import Event, Level, Unread

LEASE_MS = 15_000  # a killed worker's deliveries are taken up after this, plus a tick
HAND_OVER_MS = 10_000  # how long RQ has to start a job before the clock looks whether it was lost
CLOCKS_APART = 5.0  # seconds by which a source's clock and Redis's may differ without an effect twice after a wipe
STARTED_AT_ONCE = 200  # deliveries that one tick hands over at most
WOKEN_AT_ONCE = 500  # deliveries of each kind that one step of `heal` brings back
MOST_HEALS = 100  # steps; what was brought back may already wait again

OCCUPY_MS = 600_000  # longest time for which a delivery works on a second entity; its lease counts besides

NOTE_ITEM = "note:"
"""Start of the fields that hold one item of a note each: `note:<note>:<item>`."""


class Ledger:
    """One per process. Methods raise redis.exceptions.RedisError when Redis fails."""

    def __init__(self, redis: Redis, instance: str, now: Callable[[], int] | None = None) -> None:
        """`now`: the time in milliseconds since 1970, for tests that let time pass; None: Redis's own clock."""
        self._now = now
        self.redis = redis
        self.instance = instance
        self.prefix = f"fb:{instance}:"

    def _run(self, script: str, *args: str | bytes | int, on: Any = None) -> Any:
        return self.run(LUA[script], *args, on=on)

    def run(self, text: str, *args: str | bytes | int, on: Any = None) -> Any:
        """Runs a script that includes lua/time.lua: `args` follow its prefix and time."""
        now = self._now() if self._now else ""
        return (self.redis if on is None else on).eval(text, 0, self.prefix, now, *args)

    def accept(
        self,
        event: Event | Unread,
        planned: Iterable[Planned],
        fields: Mapping[str, str | bytes],
        *,
        extend: bool,
        on: Any,
        note_level: bool = True,
    ) -> None:
        """Adds to the pipeline `on` the command that stores an event. Its answer: [1] stored; [2] deliveries added to a
        known event (with `extend`, or if the event was only implied so far); [0, times seen] a repeat."""
        known = event if isinstance(event, Event) else None
        level = known.level if known and note_level else None
        if level and len(level.value) > LONGEST_NAME:
            level = None
        positions = [f"{known.source}:{position}" for position in known.positions] if known else []
        rows = json.dumps([[row.connector, row.state, cut(row.why, LONGEST_WHY)] for row in planned])
        flat = [item for pair in fields.items() for item in pair]
        head = (
            event.id,
            HAND_OVER_MS,
            str(known.subject) if known else "",
            int(known.order * 1000) if known else 0,
            int(extend),
            json.dumps(positions),
            *((level.value, *level_times(level), int(level.first)) if level else ("", 0, 1, 0)),
            known.creation if known else "",
        )
        self._run("accept", *head, rows, *flat, on=on)

    def name(self, names: Mapping[str, str], on: Any) -> None:
        """Adds to the pipeline `on` the command that stores names of positions."""
        if names:
            kept = {key: name.encode("utf-8", "replace") for key, name in names.items()}
            on.hset(f"{self.prefix}names", mapping=kept)

    def count(self, refusals: Mapping[str, int]) -> None:
        """Adds to the counters of refused requests, by reason."""
        with self.redis.pipeline(transaction=False) as pipeline:
            for reason, by in refusals.items():
                pipeline.hincrby(f"{self.prefix}counts", f"refused|{reason}", by)
            pipeline.execute()

    def lease(self, delivery_id: str, token: str, early: bool = False) -> Lease | str:
        """Takes the right to run a delivery; with `early` also before its time. If that is not possible, returns why:
        gone, foreign (of a newer version), finished, busy, early, waiting (for an earlier delivery in its line)."""
        event_id, connector = split(delivery_id)
        answer = self._run("lease", delivery_id, event_id, connector, token, LEASE_MS, int(early))
        word = answer[0].decode()
        if word != "granted":
            return str(word)
        delivery, event, now, born = answer[1:]
        return Lease(
            delivery_id, connector, token, _fields(delivery), _fields(event), int(now) / 1000, int(born) / 1000
        )

    def renew(self, leases: Iterable[tuple[str, str]], lease_ms: int = LEASE_MS) -> set[str]:
        """Renews the leases of (delivery id, token) pairs. Returns the ids that another worker has taken over."""
        flat = [item for id_, token in leases for item in (id_, split(id_)[1], token, "")]
        return {lost.decode() for lost in self._run("renew", lease_ms, *flat)} if flat else set()

    def keep(self, lease: Lease, notes: Mapping[str, Any] | None, lease_ms: int = LEASE_MS) -> None:
        """Stores the notes (all of them) with the delivery and renews its lease. Raises LeaseLost, TooLarge."""
        # Others' JSON can hold halves of characters; UTF-8 can't.
        text = b"" if notes is None else json.dumps(notes, ensure_ascii=False).encode("utf-8", "replace")
        check_notes(len(text))
        if self._run("renew", lease_ms, lease.delivery_id, lease.connector, lease.token, text):
            raise LeaseLost(lease.delivery_id)

    def add(self, lease: Lease, note: str, items: Mapping[str, str], lease_ms: int = LEASE_MS) -> None:
        """Stores items of a note, each separately, and renews the lease. Raises LeaseLost, TooLarge."""
        fields = {f"{NOTE_ITEM}{note}:{name}": text.encode("utf-8", "replace") for name, text in items.items()}
        flat = [part for pair in fields.items() for part in pair]
        size = self._run("add", lease_ms, lease.delivery_id, lease.connector, lease.token, MOST_NOTES, *flat)
        if not size:
            raise LeaseLost(lease.delivery_id)
        check_notes(int(size))

    def charge(self, destination: str, interval_ms: int, turns: int) -> None:
        """Takes further turns of a destination's rate at once: later deliveries wait for them."""
        self._run("charge", destination, interval_ms, turns)

    def occupy(self, lease: Lease, entity: str) -> bool:
        """Lets a delivery work on a second entity: its connector's deliveries about that entity wait meanwhile. False:
        one of them works on it now. Raises LeaseLost."""
        answer = self._run("occupy", lease.delivery_id, lease.connector, lease.token, entity, OCCUPY_MS, "take")
        if answer == b"lost":
            raise LeaseLost(lease.delivery_id)
        return bool(answer == b"taken")

    def free(self, lease: Lease, entity: str) -> None:
        """Ends what `occupy` began."""
        self._run("occupy", lease.delivery_id, lease.connector, lease.token, entity, OCCUPY_MS, "free")

    def level(self, entity: str, creation: str) -> Level | None:
        """The last known level of an entity; None if unknown. The level of an earlier entity with the same id does not
        count."""
        return read_level(self.redis, self.prefix, entity, creation)

    def admit(self, lease: Lease, destination: str, interval_ms: int, burst: int, source: str) -> Admission:
        """Whether the delivery may use its destination now, and the source that it needs ("" for none). Raises
        LeaseLost."""
        ours = (lease.delivery_id, lease.connector, lease.token)
        wait, because, *last = self._run("admit", *ours, destination, interval_ms, burst, source)
        word = because.decode()
        if word == "lost":
            raise LeaseLost(lease.delivery_id)
        if word == "stopped":
            return Admission(0, word, stop=last[0])
        if not wait:
            return Admission(0, word, others=int(last[0]))
        return Admission(int(wait), word, closed=last[0].decode() if last else "")

    def gather(self, destination: str, interval_ms: int, many: int) -> list[str]:
        """Takes deliveries from those that wait for the destination's rate, the longest waiting first."""
        return [delivery_id.decode() for delivery_id in self._run("gather", destination, interval_ms, many)]

    def settle(
        self,
        lease: Lease,
        state: State,
        fields: Mapping[str, str],
        counts: Mapping[str, float],
        delay: float = 0.0,
        conditions: Iterable[tuple[str, str]] = (),
        recovery: Recovery | None = None,
        last: Mapping[str, str] = MappingProxyType({}),
    ) -> Settled:
        """Records the outcome of an attempt. `delay`: seconds until a `retrying` delivery is due; `conditions`: pairs
        of a destination and its condition (jobs/delivery/flow.py). Raises LeaseLost."""
        raised = {f"count:{name}": str(by) for name, by in counts.items()}
        seen = {f"last:{name}": state for name, state in last.items()}
        flat = [item for pair in {**fields, **raised, **seen}.items() for item in pair]
        waits = (recovery.destination, int(recovery.after * 1000)) if recovery else ("", 0)
        answer = self._run(
            "settle",
            *(lease.delivery_id, lease.connector, lease.token),
            *(state, int(delay * 1000), json.dumps(list(conditions)), *waits, *flat),
        )
        if answer[0] == b"lost":
            raise LeaseLost(lease.delivery_id)
        following, *changed = (text.decode() for text in answer[1:])
        return Settled(following, tuple(zip(changed[::2], changed[1::2], strict=True)))

    def heal(self, name: str) -> int:
        """Makes due what waits for a destination, or is dead because of it; also for all destinations of a connector.
        Returns how many deliveries."""
        return sum(itertools.takewhile(bool, (self._run("heal", name, WOKEN_AT_ONCE) for _ in range(MOST_HEALS))))

    def tick(self, worker: str, queue_key: str, elect_ms: int = 900, alive: bool = True) -> list[str] | None:
        """Records that `worker` is alive, with `alive`. If it is elected, returns the deliveries to hand to RQ again;
        else None."""
        answer = self._run("tick", worker, elect_ms, HAND_OVER_MS, queue_key, STARTED_AT_ONCE, int(alive))
        return None if answer is None else [delivery_id.decode() for delivery_id in answer]

    def forget(self, retention_days: float) -> int:
        """Deletes a part of what was finished longer ago than that. Returns how many. It only frees memory, so it works
        when Redis has none left."""
        return int(self._run("forget", int(retention_days * 86_400_000)))

    def replay(self, delivery_id: str) -> str:
        """Makes a delivery due again from the first attempt, and returns queued. Otherwise nothing is done: gone,
        foreign, running."""
        return str(self._run("replay", delivery_id, HAND_OVER_MS).decode())

    def leave(self, worker: str) -> None:
        """Removes a worker that stops normally from the list of living workers."""
        self.redis.zrem(f"{self.prefix}workers", worker)


def read_level(redis: Any, prefix: str, entity: str, creation: str) -> Level | None:
    """See Ledger.level. `prefix`: of the ledger's keys."""
    stored, created = redis.hmget(f"{prefix}levels", entity, f"{entity}|created")
    if not stored or (created and creation and created.decode() != creation):
        return None
    at, precision, value = stored.decode().split("|", 2)
    return Level(value, float(at) / 1000, float(precision) / 1000)


def level_times(level: Level) -> tuple[int, int]:
    """Since when, and how exactly that is known, in milliseconds."""
    return round(level.at * 1000), max(1, round(level.precision * 1000))


def _fields(flat: list[bytes]) -> dict[str, str]:
    return decode(dict(zip(flat[::2], flat[1::2], strict=True)))


def decode(pairs: Any) -> dict[str, str]:
    return {name.decode(): value.decode("utf-8", "replace") for name, value in pairs.items()}
