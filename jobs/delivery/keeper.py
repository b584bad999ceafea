"""Renews the leases of this process while their deliveries run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from redis.exceptions import RedisError

from jobs.ledger.ledger import LEASE_MS, Ledger
from jobs.ledger.values import Lease

log = structlog.get_logger("keeper")

RENEW_SECONDS = LEASE_MS / 1000 / 3
LONGEST_ATTEMPT = 120.0
"""Seconds after which an attempt counts as hanging: its lease is no longer renewed, so that another worker takes over.
Each request to another system ends within 25 s (`bridge.http`), so this is a defect, or many slow requests."""
HUNG_SECONDS = 60
"""Seconds for which a worker's report of its hanging slots is valid."""


class Keeper(threading.Thread):
    """A separate thread, so that leases do not run out because of a slow tick or a busy pool."""

    def __init__(self, ledger: Ledger, worker: str) -> None:
        super().__init__(name="keeper", daemon=True)
        self._ledger = ledger
        self._worker = worker
        self._held: dict[str, tuple[str, float]] = {}
        self._hung: set[str] = set()
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
        with self._lock:
            held = dict(self._held)
        hung = {token for token, (_, since) in held.items() if time.monotonic() - since >= LONGEST_ATTEMPT}
        try:
            for lost in self._ledger.renew((id_, token) for token, (id_, _) in held.items() if token not in hung):
                log.warning("lease lost", delivery_id=lost)
            self._report(hung, held)
        except RedisError as error:
            log.warning("leases not renewed", because=str(error))
        except Exception:
            log.exception("leases not renewed")  # this thread must not end

    def _report(self, hung: set[str], held: dict[str, tuple[str, float]]) -> None:
        for token in hung - self._hung:
            log.error(
                "an attempt hangs and holds a slot; another worker takes the delivery over",
                delivery_id=held[token][0],
                seconds=round(time.monotonic() - held[token][1]),
            )
        for _ in self._hung - hung:
            log.warning("an attempt that hung has ended; its slot is free", still=len(hung))
        if hung or self._hung:
            key = f"{self._ledger.prefix}hung"
            with self._ledger.redis.pipeline() as pipeline:
                pipeline.hset(key, self._worker, len(hung))
                pipeline.expire(key, HUNG_SECONDS)
                pipeline.execute()
        self._hung = hung

    def stop(self) -> None:
        self._stopped.set()
