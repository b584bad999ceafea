"""Sending deliveries again, on an operator's word."""

from __future__ import annotations

from redis import Redis

from jobs.ledger import Ledger
from jobs.queue import hand, open_queue


class Replayer:
    def __init__(self, redis: Redis, instance: str) -> None:
        self._ledger = Ledger(redis, instance)
        self._queue = open_queue(redis, instance)

    def replay(self, delivery_id: str) -> str:
        """queued, or why not: gone, running, foreign (of a newer version). Raises RedisError.

        Were this process killed between the two steps, the clock would do the second.
        """
        word = self._ledger.replay(delivery_id)
        if word == "queued":
            hand(self._queue, [delivery_id])
        return word
