"""Measures whether a function takes time in proportion to its input, without a word about how fast the machine is."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any

LARGEST = 1_000_000
"""Characters: as much as one request may hold."""
MEASURABLE = 0.1
"""Seconds of CPU. What takes less, even at the largest size, is quick whatever its order."""
TOLERANCE = 3.0
"""By how much time may grow faster than size: caches, the collector. Quadratic grows by the factor between sizes."""


def assert_linear(
    run: Callable[[Any], object], text: Callable[[int], Any], sizes: tuple[int, ...] = (8_000, 64_000, LARGEST)
) -> float:
    """Runs `run(text(size))` at growing sizes and fails as soon as the time grows much faster than the size: what would
    take minutes at the largest size has failed in a second at a small one. Returns the time at the last size."""
    smaller, took, seconds = 0, 0.0, 0.0
    for size in sizes:
        given = text(size)
        seconds = cpu(run, given)
        allowed = max(MEASURABLE, took * TOLERANCE * size / smaller) if smaller else float("inf")
        for _ in range(2):
            if seconds > allowed:  # another process may have taken the caches: look again
                seconds = min(seconds, cpu(run, given))
        assert seconds <= allowed, (
            f"{size} characters ({given[:20]!r}…) took {seconds:.2f} s of CPU, {smaller} took {took:.3f} s"
        )
        smaller, took = size, max(seconds, MEASURABLE * size / LARGEST)
    return seconds


def assert_all_linear(run: Callable[[Any], object], texts: Sequence[Callable[[int], Any]]) -> None:
    """Every text up to 8,000 characters, the three that took longest up to 64,000, and the slowest of them up to a
    million. What is not linear stands out at 8,000 already: it takes many times as long as the others."""
    for sizes, most in (((1_000, 8_000), 3), ((8_000, 64_000), 1), ((64_000, LARGEST), 0)):
        times = [(assert_linear(run, text, sizes), text) for text in texts]
        texts = [text for _, text in sorted(times, key=lambda pair: -pair[0])[:most]]


def cpu(run: Callable[[Any], object], given: Any) -> float:
    gc.disable()
    try:
        started = time.thread_time()
        run(given)
        return time.thread_time() - started
    finally:
        gc.enable()
