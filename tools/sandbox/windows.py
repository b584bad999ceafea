"""Rate limits of the stand-ins: a number of requests in a time."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Window:
    """At most `most` requests in `seconds`."""

    most: int
    seconds: float = 60.0
    counted: deque[float] = field(default_factory=deque)
    """When each request arrived (seconds of the monotonic clock)."""

    def __post_init__(self) -> None:
        self._lock = threading.RLock()

    @property
    def left(self) -> int:
        """How many more requests are accepted now."""
        with self._lock:
            since = time.monotonic() - self.seconds
            while self.counted and self.counted[0] <= since:
                self.counted.popleft()
            return max(0, self.most - len(self.counted))

    @property
    def wait(self) -> float:
        """Seconds until the first request no longer counts."""
        with self._lock:
            return self.counted[0] + self.seconds - time.monotonic() if self.counted else 0.0

    def take(self) -> bool:
        """Counts a request, if it is accepted; returns whether it is."""
        with self._lock:
            is_taken = self.left > 0
            if is_taken:
                self.counted.append(time.monotonic())
            return is_taken

    def pass_time(self, seconds: float) -> None:
        """Acts as if this time had passed."""
        with self._lock:
            self.counted = deque(at - seconds for at in self.counted)
