"""What a small world holds, and one state of it. Nothing here does anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.base import Destination, Outcome
from jobs.delivery import attempts
from jobs.delivery.flow import Hold
from jobs.ledger.ledger import CLOCKS_APART
from jobs.ledger.values import Lease, split
from sources.base import Event, Subject
from tools.explore.store import EMPTY, Snapshot

START = 1_000_000_000_000
"""Milliseconds: when every world begins. Its ledger is an hour old then."""
HOUR = 3_600_000
QUEUE = "rq:queue:world"
INSTANCE = "w"
PREFIX = f"fb:{INSTANCE}:"
SOURCE = "abc"

FAULTS: Mapping[str, str] = {
    "repeat": "the sender sends an event again",
    "reconcile": "reconcile accepts an event, and adds the deliveries that it lacks",
    "replay": "an operator replays a delivery",
    "plan": "an operator replays all deliveries, one after the other",
    "drop": "an operator drops a delivery",
    "heal": "an operator reports that the destinations of a connector work",
    "kill": "a worker is killed",
    "freeze": "a worker is frozen; it is thawed at some later moment",
    "slow": "time passes although there is something to do",
    "lose": "a job of RQ is lost",
    "twice": "a job of RQ is run twice",
    "no answer": "the third party does it, and its answer is lost",
    "down": "the third party does not do it, and cannot be reached",
    "later": "the third party does not do it, and asks for a pause of a minute",
    "refuse": "the third party refuses our credentials",
    "busy": "the third party asks us to wait",
    "quota": "the third party's quota is used up",
    "gone": "the third party wants nothing more, ever",
    "source down": "the source, which the connector needs, cannot be reached",
    "forget": "what is finished is older than the retention",
    "wipe": "Redis loses all data",
}
"""What may happen besides the course of things; a world limits how often."""
AT_THE_EFFECT = ("no answer", "down", "later", "refuse", "busy", "quota", "gone", "source down")
AT_A_LOOK = ("down", "refuse")


@dataclass(frozen=True, slots=True)
class Third:
    """A connector. `looks`: its effect can be looked up at the third party; else an attempt that finds the note of an
    earlier one makes none. `crowd`: how many must wait for the rate for a digest, 0 for never. `late`: it is switched
    on later, so that only reconcile plans it. `needs`: it can't do without the source. `also`: the second subject on
    which it works for some events, by the event's name. `parts`: what it notes is kept part by part. `requests`: how
    many it makes for one delivery, each of which takes a turn of the rate."""

    looks: bool = True
    per_second: float = 0.0
    burst: int = 1
    crowd: int = 0
    late: bool = False
    needs: bool = False
    also: Mapping[str, int] = field(default_factory=dict)
    parts: bool = False
    requests: int = 1


@dataclass(frozen=True, slots=True)
class World:
    """`events`: the number of its subject by the event's name, in the order in which they happened; they may arrive in
    any order. `faults`: how often each may happen. `policy`: numbers of jobs/ledger/policy.py that are smaller here.
    `newer`: workers that run the next storage version. `expires`: whether Redis removes keys when their time is
    over. `quick`: explored by `bin/test`, too."""

    name: str
    events: Mapping[str, int]
    connectors: Mapping[str, Third]
    faults: Mapping[str, int] = field(default_factory=dict)
    workers: int = 2
    policy: Mapping[str, int] = field(default_factory=dict)
    newer: tuple[int, ...] = ()
    expires: bool = True
    quick: bool = True

    @property
    def flows(self) -> bool:
        """Whether a delivery may have to wait for its destination."""
        limited = any(third.per_second for third in self.connectors.values())
        return limited or bool(self.faults.keys() & {"down", "later", "busy", "quota", "source down"})

    def event(self, name: str) -> Event:
        number = list(self.events).index(name)
        subject = _subject(self.events[name])
        return Event(
            source=SOURCE, id=name, name="CHANGE", subject=subject, occurred=START / 1000 - 100 + number, body={}
        )

    def destination(self, connector: str) -> Destination:
        third = self.connectors[connector]
        return Destination(f"{connector} #", per_second=third.per_second, burst=third.burst)

    def source(self, connector: str) -> str:
        """The one that the connector can't do without; "" for none."""
        return SOURCE if self.connectors[connector].needs else ""

    def second(self, delivery_id: str) -> str:
        """The second entity on which a delivery works; "" for none."""
        event, connector = split(delivery_id)
        number = self.connectors[connector].also.get(event)
        return str(_subject(number)) if number else ""

    def may_exist(self, lease: Lease) -> bool:
        """Whether the effect of a delivery may exist: an earlier attempt has noted it, or the ledger was wiped."""
        notes, parts = attempts.notes_of(lease.delivery)
        noted = notes.keys() | parts.keys()
        return bool(noted & {"intent", "done"}) or self.is_forgotten(lease)

    def is_forgotten(self, lease: Lease) -> bool:
        """Whether the event is older than the ledger."""
        return self.event(split(lease.delivery_id)[0]).occurred < lease.born + CLOCKS_APART


def _subject(number: int) -> Subject:
    return Subject(SOURCE, "issue", 1, number)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one worker does. `phase`: what it does next: lease, admit, hold, gather, join, occupy, begin, confirm, act,
    clear, free, stop, settle.

    `leases`: of its delivery, and of those that a digest takes along; `ids`: of those that it still has to lease;
    `known`: deliveries whose effect it has found, or must not make again; `also`: the second entity that it occupies.
    `newer`: its worker runs the next version; `excused`: it was frozen, or Redis was wiped meanwhile, so that another
    one may run the same.
    """

    delivery: str
    token: str
    phase: str = "lease"
    leases: tuple[Lease, ...] = ()
    ids: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    outcome: Outcome | None = None
    hold: Hold | None = None
    also: str = ""
    probing: bool = False
    newer: bool = False
    frozen: bool = False
    excused: bool = False

    def but(self, **changes: Any) -> Attempt:
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class State:
    """`pending`: events that were not sent yet; `slots`: what each worker does; `left`: how often each fault may still
    happen; `effects`: how many there are at the third parties, by delivery; `runs`: how many attempts each delivery
    made, without those that were held; `sent`: what must be in the ledger; `resumed`: instances that an operator has
    just started again, before what waits for them is woken."""

    store: Snapshot = EMPTY
    now: int = START
    pending: tuple[str, ...] = ()
    slots: tuple[Attempt | None, ...] = ()
    left: Mapping[str, int] = field(default_factory=dict)
    effects: Mapping[str, int] = field(default_factory=dict)
    runs: Mapping[str, int] = field(default_factory=dict)
    sent: frozenset[str] = frozenset()
    resumed: tuple[str, ...] = ()
    tokens: int = 0
    wiped: bool = False

    def but(self, **changes: Any) -> State:
        return replace(self, **changes)


def deliveries(snapshot: Snapshot) -> Iterator[tuple[str, Any]]:
    """The fields of each, by its id."""
    start = f"{PREFIX}delivery:".encode()
    for key, fields in snapshot.keys.items():
        if key.startswith(start):
            yield key[len(start) :].decode(), fields


def stopped(snapshot: Snapshot) -> list[str]:
    """The connector instances that have stopped."""
    found: Any = snapshot.keys.get(f"{PREFIX}stopped".encode(), {})
    return [name.decode() for name in found]


class Broken(Exception):
    """A promise that does not hold, and how."""

    def __init__(self, promise: str, how: str) -> None:
        super().__init__(f"{promise}: {how}")
        self.promise = promise
        self.how = how
