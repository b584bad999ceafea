"""Keeps the leases of this process alive while their deliveries run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from redis.exceptions import RedisError

from jobs.ledger import LEASE_MS, Lease, Ledger

log = structlog.get_logger("keeper")

RENEW_SECONDS = LEASE_MS / 1000 / 3
LONGEST_ATTEMPT = 120.0
"""Seconds after which an attempt's lease is no longer renewed: its thread hangs, someone else must take over."""


class Keeper(threading.Thread):
    """A thread of its own: a slow tick or a busy pool must not let leases run out."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(name="keeper", daemon=True)
        self._ledger = ledger
        self._held: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @contextmanager
    def keeping(self, lease: Lease) -> Iterator[None]:
        with self._lock:
            self._held[lease.token] = (lease.delivery_id, time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(lease.token, None)

    def run(self) -> None:
        while not self._stopped.wait(RENEW_SECONDS):
            self.renew()

    def renew(self) -> None:
        now = time.monotonic()
        with self._lock:
            held = [(id_, token) for token, (id_, since) in self._held.items() if now - since < LONGEST_ATTEMPT]
        try:
            for lost in self._ledger.renew(held):
                log.warning("lease lost", delivery_id=lost)
        except RedisError as error:
            log.warning("leases not renewed", because=str(error))
        except Exception:
            log.exception("leases not renewed")  # this thread must not end

    def stop(self) -> None:
        self._stopped.set()
