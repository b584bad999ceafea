"""How many of a worker's slots each connector may use, so that a third party that hangs does not block the others.

No connector may use more than half of the slots, and a few slots are kept free for each connector that is on:

    16 slots, 2 connectors    one may use 8 of them, 4 are kept for each
    16 slots, 3 connectors    one may use 8 of them, 2 are kept for each
    16 slots, 5 connectors    one may use 8 of them, 1 is kept for each

So if one connector hangs, the others have the other half. Even if all others hang, each connector can work.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping


def kept(concurrency: int, connectors: int) -> int:
    """How many slots are kept for each connector: an equal share of half the slots, at least one. With fewer slots than
    connectors, or with one connector, none."""
    if connectors < 2 or concurrency < connectors:
        return 0
    return max(1, concurrency // (2 * connectors))


def most(concurrency: int, connectors: int) -> int:
    """The most slots that one connector may use."""
    return concurrency if connectors < 2 else max(1, concurrency // 2)


def may_start(connector: str, running: Mapping[str, int], concurrency: int, connectors: frozenset[str]) -> bool:
    """Whether a delivery of the connector may start, with these running deliveries."""
    share = kept(concurrency, len(connectors))
    free = concurrency - sum(running.values())
    for_others = sum(max(0, share - running.get(other, 0)) for other in connectors - {connector})
    return free > for_others and running.get(connector, 0) < most(concurrency, len(connectors))


class Slots:
    """Counts the running deliveries of each connector, and parks deliveries until they may start.

    If the process ends, parked deliveries are not lost: the clock hands them to RQ again.
    """

    PARKED = 512
    """The most parked deliveries of one connector. The clock hands further ones to RQ again, after ten seconds."""

    def __init__(self, concurrency: int, connectors: Iterable[str]) -> None:
        self._concurrency = concurrency
        self._connectors = frozenset(connectors)
        self._running: Counter[str] = Counter()
        self._parked: dict[str, dict[str, None]] = {}
        self._lock = threading.Lock()

    def take(self, connector: str, delivery_id: str) -> bool:
        """Whether the delivery may start now. If not, it is parked or, if too many are parked, left to the clock."""
        with self._lock:
            if self._may_start(connector):
                self._running[connector] += 1
                return True
            parked = self._parked.setdefault(connector, {})
            if len(parked) < self.PARKED:
                parked[delivery_id] = None
            return False

    def pass_on(self, connector: str) -> tuple[str, str] | None:
        """Called after a delivery of the connector has ended. The parked delivery (connector, delivery id) that starts
        now, of the connector with the fewest running deliveries; or None."""
        with self._lock:
            self._running[connector] -= 1
            waiting = [name for name, parked in self._parked.items() if parked and self._may_start(name)]
            if not waiting:
                return None
            following = min(waiting, key=lambda name: self._running[name])
            delivery_id = next(iter(self._parked[following]))
            del self._parked[following][delivery_id]
            self._running[following] += 1
            return following, delivery_id

    def close(self) -> list[str]:
        """Called when the process stops: removes the parked deliveries, so that none of them starts; returns them."""
        with self._lock:
            parked = [delivery_id for waiting in self._parked.values() for delivery_id in waiting]
            self._parked.clear()
            return parked

    def _may_start(self, connector: str) -> bool:
        return may_start(connector, self._running, self._concurrency, self._connectors)
