"""Sending deliveries again, at an operator's request."""

from __future__ import annotations

from jobs.delivery.stops import Stops
from jobs.ledger.ledger import Ledger
from jobs.queue import hand, open_queue


class Replayer:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._queue = open_queue(ledger.redis, ledger.instance)
        self._stops = Stops(ledger.redis, ledger.instance)

    def replay(self, delivery_id: str) -> str:
        """queued, or why not: gone, running, foreign (of a newer version). Raises RedisError.

        Were this process killed between the two steps, the clock would do the second.
        """
        word = self._ledger.replay(delivery_id)
        if word == "queued":
            hand(self._queue, [delivery_id])
        return word

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
