"""The one clock: elected through Redis, it hands to RQ what is due and not finished."""

from __future__ import annotations

import threading

import structlog
from redis.exceptions import RedisError
from rq import Queue

from jobs.ledger import Ledger
from jobs.queue import hand

log = structlog.get_logger("clock")

TICK_SECONDS = 1.0


class Clock(threading.Thread):
    """Every worker runs one; in any second one of them ticks for all."""

    def __init__(self, ledger: Ledger, queue: Queue, worker: str, retention_days: float) -> None:
        super().__init__(name="clock", daemon=True)
        self._ledger = ledger
        self._queue = queue
        self._worker = worker
        self._retention_days = retention_days
        self._stopped = threading.Event()

    def run(self) -> None:
        while True:
            self.tick()
            if self._stopped.wait(TICK_SECONDS):
                return

    def tick(self) -> None:
        try:
            due = self._ledger.tick(self._worker, self._queue.key, self._retention_days)
            hand(self._queue, due)
        except RedisError as error:
            log.warning("no tick", because=str(error))
            return
        if due:
            log.debug("handed over", deliveries=len(due))

    def stop(self) -> None:
        self._stopped.set()
