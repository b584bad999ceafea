"""How much of a worker one connector may hold: a third party that hangs must leave room for the others."""

from __future__ import annotations

import threading
from collections import defaultdict


class Slots:
    """Counts the running deliveries of each connector, and parks what is over its share until one of them ends.

    What is parked when the process ends is no loss: the clock hands it to RQ again.
    """

    PARKED = 64
    """More than this is left to the clock."""

    def __init__(self, concurrency: int, connectors: int) -> None:
        self._share = concurrency if connectors < 2 else max(1, concurrency // 2)
        self._running: dict[str, int] = defaultdict(int)
        self._parked: dict[str, dict[str, None]] = defaultdict(dict)
        self._lock = threading.Lock()

    def take(self, connector: str, delivery_id: str) -> bool:
        """Whether the delivery may start now; if not it was parked, or, with the park full, left to the clock."""
        with self._lock:
            if self._running[connector] < self._share:
                self._running[connector] += 1
                return True
            if len(self._parked[connector]) < self.PARKED:
                self._parked[connector][delivery_id] = None
            return False

    def pass_on(self, connector: str) -> str | None:
        """After a delivery ended: the parked one that takes its slot over, or None."""
        with self._lock:
            parked = self._parked[connector]
            if parked:
                following = next(iter(parked))
                del parked[following]
                return following
            self._running[connector] -= 1
            return None

    def close(self) -> list[str]:
        """Empties the park, so that nothing more is passed on: the process stops. Answers what was parked."""
        with self._lock:
            parked = [delivery_id for waiting in self._parked.values() for delivery_id in waiting]
            self._parked.clear()
            return parked
