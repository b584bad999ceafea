"""Log lines that callers can cause: one a minute for each kind, with how many there were. Nobody can fill the log."""

from __future__ import annotations

import threading
import time
from collections import Counter

SECONDS = 60.0


class Rarely:
    """Used by many threads. The kinds are a closed set: they are kept for good."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unlogged: Counter[str] = Counter()
        self._logged: dict[str, float] = {}

    def count(self, kind: str) -> int:
        """Counts one more; how many of the kind a line is to report now, 0 for no line."""
        with self._lock:
            self._unlogged[kind] += 1
            now = time.monotonic()
            if now - self._logged.get(kind, float("-inf")) < SECONDS:
                return 0
            self._logged[kind] = now
            return self._unlogged.pop(kind)
