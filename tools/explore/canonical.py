"""When two states are the same: everything that can still make a difference, and nothing else.

Times count as what is left of them; what is past is past. The order of events and of hand-overs counts, their values do
not. Texts for people, counters, logs and tokens do not count: of a token it is known whether its attempt still has
it.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from jobs.delivery.attempts import log_of
from jobs.delivery.schedule import GIVE_UP_AFTER
from jobs.ledger.values import Lease
from tools.explore.store import Items
from tools.explore.world import PREFIX, Attempt, State

OLD = 3_600_000
"""Milliseconds: of an outage that has lasted for longer the pauses no longer grow with it in a small world."""
UNFINISHED = (b"queued", b"running", b"retrying")
AS_THEY_ARE = (b"v", b"state", b"position", b"notes", b"noted", b"lost", b"healed", b"forced", b"waits", b"crowd")
FUTURE = (b"until", b"next", b"turn")
EVENT = (b"v", b"state", b"connectors", b"left", b"implied")
START = len(PREFIX)
IGNORED = (
    b"counts",
    b"last",
    b"workers",
    b"positions",
    b"arrivals",
    b"names",
    b"levels",
    b"levels:known",
    b"clock",
    b"born",
    b"remembers",
)


def digest(state: State) -> bytes:
    # Version 2 has no references: equal values give equal bytes.
    return blake2b(marshal.dumps(canonical(state), 2), digest_size=16).digest()


def canonical(state: State) -> Any:
    now = state.now
    keys: dict[bytes, Any] = {
        key[START:]: value for key, value in state.store.keys.items() if key.startswith(PREFIX.encode())
    }
    handed = _ranks(keys, now)
    # How long an outage has lasted counts when another attempt fails.
    fails = any(state.left.get(fault) for fault in ("down", "later", "quota", "no answer"))
    tokens = {attempt.token for attempt in state.slots if attempt}

    def left(value: bytes | float) -> int:
        return max(0, int(float(value)) - now)

    parts: list[Any] = []
    for key in sorted(keys):
        value, kind = keys[key], key.partition(b":")[0]
        if kind == b"delivery":
            parts.append((key, _delivery(value, left, handed, now, tokens)))
        elif kind == b"event":
            parts.append((key, *[value.get(name) for name in EVENT]))
        elif kind in (b"due", b"crowd", b"waits", b"dead"):
            parts.append((key, [(member, left(value[member])) for member in value.ranked()]))
        elif kind == b"line":
            parts.append((key, value.ranked()))
        elif kind == b"breaker":
            since = fails and min(now - int(value.get(b"opened", now)), OLD)
            ends = [left(value.get(name, b"0")) for name in (b"until", b"probing", b"asked")]
            parts.append(
                (key, b"until" in value, b"opened" in value, since, *ends, value.get(b"failures"), value.get(b"probe"))
            )
        elif kind == b"bucket":
            parts.append((key, left(value)))
        elif kind in (b"state", b"events", b"entity", b"breakers", b"waiting"):
            parts.append((key, sorted(value)))
        elif kind in (b"hold", b"stopped"):
            parts.append((key, sorted(value) if kind == b"stopped" else value))
        elif key not in IGNORED and kind not in (b"watermark", b"hours", b"replay"):
            raise LookupError(f"tools/explore/canonical.py does not know the key {key.decode()}")
    queue = [list(value) for value in state.store.keys.values() if isinstance(value, Items)]
    slots = sorted(repr(_attempt(attempt, keys)) for attempt in state.slots)
    rest_of = [
        sorted(state.pending),
        slots,
        sorted(state.left.items()),
        sorted(state.effects.items()),
        state.wiped,
        state.resumed,
    ]
    born = int(keys.get(b"born", now)), int(keys.get(b"remembers", 0))
    return [parts, queue, rest_of, _age(now - max(born)), handed[b"%d" % now]]


def _age(milliseconds: int) -> int:
    """What happened before the ledger was created, or forgot, is waited for for half a minute."""
    return min(milliseconds, 60_000)


def _ranks(keys: Mapping[bytes, Any], now: int) -> dict[bytes, int]:
    """The times of handing over, and now, as places in their order, from that of the watermark on."""
    unfinished = [
        value for key, value in keys.items() if key.startswith(b"delivery:") and value[b"state"] in UNFINISHED
    ]
    watermark = int(keys.get(b"watermark", 0))
    times = {watermark, now, *(int(value[b"handed"]) for value in unfinished)}
    order = {at: place for place, at in enumerate(sorted(times))}
    return {b"%d" % at: place - order[watermark] for at, place in order.items()}


def _delivery(
    value: Mapping[bytes, bytes], left: Callable[[bytes], int], handed: Mapping[bytes, int], now: int, tokens: set[str]
) -> Any:
    token = value.get(b"token", b"").decode()
    return (
        *[value.get(name) for name in AS_THEY_ARE],
        *[value.get(name) and left(value[name]) for name in FUTURE],
        value[b"state"] in UNFINISHED and handed[value[b"handed"]],
        bool(token) and token.partition(" token")[0] in tokens,
        _was_done(value),
        _is_old(value, now),
    )


def _was_done(fields: Mapping[bytes, bytes]) -> bool:
    return b'"outcome": "done"' in fields.get(b"log", b"")


def _is_old(fields: Mapping[bytes, bytes], now: int) -> bool:
    return now - int(fields.get(b"replayed") or fields[b"created"]) > GIVE_UP_AFTER * 1000


def _attempt(attempt: Attempt | None, keys: Mapping[bytes, Any]) -> Any:
    if attempt is None:
        return None
    return (
        attempt.delivery,
        attempt.phase,
        attempt.ids,
        attempt.known,
        attempt.outcome,
        attempt.hold,
        attempt.also,
        attempt.probing,
        attempt.newer,
        attempt.frozen,
        attempt.excused,
        [_lease(lease, keys) for lease in attempt.leases],
    )


def _lease(lease: Lease, keys: Mapping[bytes, Any]) -> Any:
    stored = keys.get(b"delivery:" + lease.delivery_id.encode(), {})
    known = lease.delivery
    return (
        lease.delivery_id,
        stored.get(b"token", b"").decode() == lease.token,
        lease.position,
        lease.healed,
        known.get("notes"),
        any(entry["outcome"] == "done" for entry in log_of(known)),
        lease.age > GIVE_UP_AFTER,
        _age(int((lease.now - lease.born) * 1000)),
    )
