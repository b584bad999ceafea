"""The threads of a worker, which run several deliveries at once. They do not depend on the connection to RQ."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import structlog

log = structlog.get_logger("worker")


class Crew:
    def __init__(self, size: int, perform: Callable[[str], None]) -> None:
        """`perform` takes a delivery id."""
        self._perform = perform
        self._free = threading.Semaphore(size)
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="delivery")
        self._running: set[Future[None]] = set()
        self._lock = threading.Lock()
        self._done = 0

    def reserve(self, seconds: float) -> bool:
        """Waits up to `seconds` for a free thread, and reserves it for the next `start`; False if there was none."""
        return self._free.acquire(timeout=seconds)

    def give_back(self) -> None:
        """Releases the reserved thread, if there was nothing to start."""
        self._free.release()

    def start(self, delivery_id: str) -> None:
        """Runs the delivery on the reserved thread."""
        future = self._pool.submit(self._run, delivery_id)
        self._running.add(future)
        future.add_done_callback(self._running.discard)

    def _run(self, delivery_id: str) -> None:
        try:
            self._perform(delivery_id)
        except Exception:
            log.exception("a job failed outside its delivery; the ledger's clock looks after the delivery")
        finally:
            with self._lock:
                self._done += 1
            self._free.release()

    @property
    def is_busy(self) -> bool:
        return bool(self._running)

    def done(self) -> int:
        """How many deliveries have ended since the last call."""
        with self._lock:
            done, self._done = self._done, 0
        return done

    def finish(self, seconds: float) -> None:
        """Waits up to `seconds` for the running deliveries. Nothing can be started after it."""
        wait(set(self._running), timeout=seconds)
        self._pool.shutdown(wait=False)
