"""The clock, elected through Redis: hands due, unfinished deliveries to RQ."""

from __future__ import annotations

import itertools
import threading
import time

import structlog
from redis.exceptions import RedisError
from rq import Queue

from bridge.rarely import Rarely
from jobs.ledger.ledger import Ledger
from jobs.queue import hand

log = structlog.get_logger("clock")

TICK_SECONDS = 1.0
FORGET_EVERY = 60
"""Ticks between two deletions of old records."""


PULSE_SECONDS = 10.0
"""A worker whose job loop has not run for longer does not count as alive."""


class Pulse:
    """The job loop's sign of life. A sign from another thread would not show that jobs are taken."""

    def __init__(self) -> None:
        self.beat()

    def beat(self) -> None:
        self._last = time.monotonic()

    @property
    def is_alive(self) -> bool:
        return time.monotonic() - self._last < PULSE_SECONDS


class Clock(threading.Thread):
    """Every worker runs one; in each second one of them ticks for all."""

    def __init__(self, ledger: Ledger, queue: Queue, worker: str, retention_days: float, pulse: Pulse) -> None:
        super().__init__(name="clock", daemon=True)
        self._ledger = ledger
        self._queue = queue
        self._worker = worker
        self._retention_days = retention_days
        self._pulse = pulse
        self._stopped = threading.Event()
        self._lines = Rarely()

    def run(self) -> None:
        for beat in itertools.count():
            if beat % FORGET_EVERY == 0:
                self._forget()
            self.tick()
            if self._stopped.wait(TICK_SECONDS):
                return

    def tick(self) -> None:
        try:
            if due := self._ledger.tick(self._worker, self._queue.key, alive=self._pulse.is_alive):
                hand(self._queue, due)
                log.debug("handed over", deliveries=len(due))
        except RedisError as error:
            if times := self._lines.count("no tick"):
                log.warning("no tick", because=str(error), times=times)
        except Exception:
            log.exception("no tick")  # this thread must not end

    def _forget(self) -> None:
        """Separate from the tick, and before it: when Redis's memory is used up, only deleting still works."""
        try:
            while self._ledger.forget(self._retention_days):
                pass
        except RedisError as error:
            log.warning("nothing forgotten", because=str(error))
        except Exception:
            log.exception("nothing forgotten")  # this thread must not end

    def stop(self) -> None:
        self._stopped.set()
