"""What must hold in every state of every world."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from jobs.delivery.schedule import DELAYS
from jobs.ledger.policy import POLICY
from jobs.ledger.values import STATES, split
from tools.explore.canonical import UNFINISHED
from tools.explore.world import PREFIX, Broken, State, World, stopped

FOR_GOOD = re.compile(r"counts|positions|names|arrivals|born|remembers|watermark|workers|levels(:known)?|last|stopped")
"""What is left when everything was forgotten; levels are kept for as long as events about their entity come."""
EXPIRES = re.compile(r"(hold|breaker|bucket|crowd|hours|replay):.*|last|clock")
INDEXED = re.compile(r"due|breakers|waiting|(delivery|event|state|events|entity|line|waits|dead)(:.*)?")


class Keys:
    """The ledger's keys of one state, without their prefix."""

    def __init__(self, state: State) -> None:
        whole = PREFIX.encode()
        self.all: dict[str, Any] = {
            key[len(whole) :].decode(): value for key, value in state.store.keys.items() if key.startswith(whole)
        }
        self.ends = {key[len(whole) :].decode() for key in state.store.ends if key.startswith(whole)}
        self.deliveries: dict[str, Mapping[bytes, bytes]] = dict(self.of("delivery:"))
        self.unfinished = {id_: d for id_, d in self.deliveries.items() if d[b"state"] in UNFINISHED}

    def of(self, start: str) -> Iterator[tuple[str, Any]]:
        for key, value in self.all.items():
            if key.startswith(start):
                yield key.removeprefix(start), value


def check(world: World, state: State) -> None:
    """Raises Broken."""
    keys = Keys(state)
    for promise, judge in PROMISES.items():
        for how in judge(world, state, keys):
            raise Broken(promise, how)


def _stored(_world: World, state: State, keys: Keys) -> Iterator[str]:
    if lost := state.sent - keys.deliveries.keys():
        yield f"{', '.join(sorted(lost))} is in no record"


def _one_attempt(_world: World, state: State, _keys: Keys) -> Iterator[str]:
    lines: Counter[tuple[str, str]] = Counter()
    for attempt in state.slots:
        if attempt and not attempt.excused:
            lines.update((lease.connector, lease.delivery["entity"]) for lease in attempt.leases)
            if attempt.also and attempt.leases:
                lines.update([(split(attempt.delivery)[1], attempt.also)])
    for (connector, entity), count in lines.items():
        if count > 1:
            yield f"{count} attempts of {connector} about {entity} run at the same time"


def _one_lease(_world: World, state: State, keys: Keys) -> Iterator[str]:
    lines = Counter(
        (split(id_)[1], d[b"entity"])
        for id_, d in keys.unfinished.items()
        if d[b"state"] == b"running" and int(d.get(b"until", 0)) > state.now
    )
    for (connector, entity), count in lines.items():
        if count > 1:
            yield f"{count} deliveries of {connector} about {entity.decode()} are leased at the same time"


def _one_effect(_world: World, state: State, _keys: Keys) -> Iterator[str]:
    for id_, count in state.effects.items():
        if count > 1:
            yield f"{id_} was done {count} times"


def _nothing_undone(world: World, state: State, keys: Keys) -> Iterator[str]:
    for id_, d in keys.deliveries.items():
        if d[b"state"] == b"done" and world.connectors[split(id_)[1]].looks and not state.effects.get(id_):
            yield f"{id_} is recorded as done and was not"


def _due(_world: World, _state: State, keys: Keys) -> Iterator[str]:
    due = {member.decode() for member in keys.all.get("due", ())}
    for id_, d in keys.unfinished.items():
        if id_ not in due:
            yield f"{id_} is {d[b'state'].decode()} and is not due at any time"


def _one_index(_world: World, _state: State, keys: Keys) -> Iterator[str]:
    found = {state: set(keys.all.get(f"state:{state}", ())) for state in STATES}
    for id_, d in keys.deliveries.items():
        listed = [state for state, members in found.items() if id_.encode() in members]
        if listed != [d[b"state"].decode()]:
            yield f"{id_} is {d[b'state'].decode()} and is listed as {' and '.join(listed) or 'nothing'}"
    for state, members in found.items():
        for member in members:
            if member.decode() not in keys.deliveries:
                yield f"{member.decode()} is listed as {state} and has no record"


def _lines(_world: World, _state: State, keys: Keys) -> Iterator[str]:
    listed = {member.decode() for _, line in keys.of("line:") for member in line}
    for id_ in keys.unfinished.keys() - listed:
        yield f"{id_} is unfinished and stands in no line"
    for id_ in listed - keys.unfinished.keys():
        yield f"{id_} stands in a line and is not unfinished"


def _attempts(_world: World, state: State, keys: Keys) -> Iterator[str]:
    for id_, d in keys.deliveries.items():
        made, counted = state.runs.get(id_, 0), int(d[b"attempts"])
        if counted != made:
            yield f"{id_} made {made} attempts, and {counted} are counted"
        if int(d[b"position"]) > len(DELAYS):
            yield f"{id_} is at place {d[b'position'].decode()} of a schedule of {len(DELAYS)}"


def _lost(_world: World, _state: State, keys: Keys) -> Iterator[str]:
    for id_, d in keys.deliveries.items():
        if int(d.get(b"lost", 0)) >= POLICY["LOST_BEFORE_DEAD"]:
            yield f"{id_} has lost {d[b'lost'].decode()} workers"


def _woken(_world: World, state: State, keys: Keys) -> Iterator[str]:
    for destination, members in keys.of("waits:"):
        for member, score in members.items():
            d = keys.deliveries[member.decode()]
            if (
                d[b"v"] == b"1"
                and d.get(b"reason") == b"held"
                and score <= state.now
                and b"until" not in keys.all.get(f"breaker:{destination}", {})
            ):
                yield f"{member.decode()} still waits for {destination}, which works"
    idle = {*stopped(state.store), *state.resumed}
    for id_, d in keys.unfinished.items():
        if d.get(b"reason") == b"stopped" and int(d.get(b"next", 0)) > state.now and split(id_)[1] not in idle:
            yield f"{id_} still waits for {split(id_)[1]}, which was started again"


def _asked(_world: World, _state: State, keys: Keys) -> Iterator[str]:
    for destination, breaker in keys.of("breaker:"):
        if b"until" in breaker and int(breaker[b"until"]) < int(breaker.get(b"asked", 0)):
            yield f"{destination} is probed before the time that it asked for"


def _forgettable(_world: World, _state: State, keys: Keys) -> Iterator[str]:
    for key in keys.all:
        if EXPIRES.fullmatch(key):
            if key not in keys.ends:
                yield f"{key} never expires"
        elif not (FOR_GOOD.fullmatch(key) or INDEXED.fullmatch(key)):
            yield f"{key} is in no index"
    events = {member.decode() for member in keys.all.get("events", ())}
    for id_, event in keys.of("event:"):
        if id_ not in events:
            yield f"the event {id_} is in no list"
        count = sum(split(delivery)[0] == id_ for delivery in keys.deliveries)
        if int(event[b"left"]) != count:
            yield f"the event {id_} counts {event[b'left'].decode()} deliveries and has {count}"


def _waiting(_world: World, _state: State, keys: Keys) -> Iterator[str]:
    waits = {
        (member.decode(), destination)
        for start in ("waits:", "dead:")
        for destination, members in keys.of(start)
        for member in members
    }
    for id_, d in keys.deliveries.items():
        destination = d.get(b"waits", b"").decode()
        if d[b"state"] in (b"retrying", b"dead") and destination and (id_, destination) not in waits:
            yield f"{id_} waits for {destination}, whose return does not bring it back"
    listed = {member.decode() for member in keys.all.get("waiting", ())}
    for id_, destination in waits:
        if destination not in listed:
            yield f"those who wait for {destination} are in no list"
        if keys.deliveries.get(id_, {}).get(b"waits") != destination.encode():
            yield f"{id_} waits for {destination} and does not know it"
    for destination, members in keys.of("crowd:"):
        for member in members:
            if member.decode() not in keys.unfinished:
                yield f"{member.decode()} waits for the rate of {destination} and is finished"


PROMISES = {
    "an accepted event is not lost": _stored,
    "one attempt at a time": _one_attempt,
    "one lease at a time": _one_lease,
    "one effect": _one_effect,
    "what is done was done": _nothing_undone,
    "what is unfinished is due": _due,
    "one index, that of its state": _one_index,
    "what is unfinished stands in its line": _lines,
    "attempts are counted, and what is held costs none": _attempts,
    "what keeps costing workers ends": _lost,
    "what waits for a destination goes on with it": _woken,
    "a pause that is asked for is kept": _asked,
    "who waits is listed, and nobody else": _waiting,
    "every key can be forgotten": _forgettable,
}


def check_end(state: State, forgotten: State) -> None:
    """`state`: one in which nothing more happens; `forgotten`: the same after its retention. Raises Broken."""
    keys = Keys(state)
    if keys.unfinished:
        raise Broken("every delivery finishes", f"nothing happens any more to {', '.join(sorted(keys.unfinished))}")
    left = [key for key in Keys(forgotten).all if not (FOR_GOOD.fullmatch(key) or EXPIRES.fullmatch(key))]
    if left:
        raise Broken("every key can be forgotten", f"{', '.join(sorted(left))} is left after the retention")
