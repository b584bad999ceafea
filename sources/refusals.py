"""Counts and logs what the receiver refuses, at a cost that does not grow with the number of refused requests."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal, get_args

import structlog

from bridge.networks import read_address
from bridge.rarely import Rarely

log = structlog.get_logger("receive")

Reason = Literal[
    "forbidden",  # 403: the address is not in ALLOWED_IPS
    "unauthorized",  # 401: no token or signature, or a wrong one
    "not_found",  # 404: a POST to a path where nothing listens
    "method",  # 405
    "timeout",  # 408: the body did not arrive in time
    "too_large",  # 413
    "media_type",  # 415
    "bad_request",  # 400: no JSON object
    "busy",  # 503: too many large bodies at once
]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Why a request was refused: a closed set, and a label of the metrics."""

ADVICE: Mapping[str, str] = {
    "forbidden": "add the sender's address to ALLOWED_IPS; behind a proxy, set TRUSTED_PROXIES",
    "unauthorized": "the token or the signature must match the secret of the source, such as WEBHOOK_TOKEN",
    "not_found": "the paths are /webhook and /webhook/<source>, for the sources that SOURCES lists",
    "method": "send POST",
    "timeout": "the sender, or a proxy before us, sends too slowly",
    "too_large": "raise MAX_BODY_BYTES, or send less",
    "media_type": "send application/json",
    "bad_request": "send one JSON object in UTF-8",
    "busy": "start more web processes",
}
STORE_SECONDS = 5.0

Store = Callable[[Mapping[str, int]], None]
"""Adds to the counters that all processes share; may raise, then the counts are kept for the next time."""


class Refusals:
    """One per process. Counts stay in memory and are stored every STORE_SECONDS by a thread that starts with the first
    refusal: no refused request costs a round trip to Redis. Of each reason one line a minute is logged."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._lines = Rarely()
        self._thread: threading.Thread | None = None

    def add(self, reason: str, address: str | None) -> None:
        """Counts one refused request from `address`, which may be any text that a caller made up."""
        with self._lock:
            self._counts[reason] += 1
            if requests := self._lines.count(reason):
                caller = str(read_address(address or "") or "unknown")
                log.warning("refused", reason=reason, requests=requests, address=caller, advice=ADVICE.get(reason, ""))
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep_storing, name="refusals", daemon=True)
                self._thread.start()

    def store(self) -> None:
        """Adds what was counted since the last time to the shared counters."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            self._store(counts)
        except Exception as error:  # noqa: BLE001  whatever it was, the counts must not be lost
            with self._lock:
                self._counts.update(counts)
            log.debug("refusals not stored yet", because=type(error).__name__)

    def _keep_storing(self) -> None:
        while True:
            time.sleep(STORE_SECONDS)
            self.store()
