"""Measures whether a function takes time in proportion to its input, without a word about how fast the machine is."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any

MEASURABLE = 0.2
"""Seconds of CPU. What takes less, even at the largest size, is quick whatever its order."""
TOLERANCE = 3.0
"""By how much time may grow faster than size: caches, the collector. Quadratic grows by the factor between sizes."""


def assert_linear(
    run: Callable[[Any], object], text: Callable[[int], Any], sizes: tuple[int, ...] = (8_000, 64_000, 1_000_000)
) -> None:
    """Runs `run(text(size))` at growing sizes and fails as soon as the time grows much faster than the size: what would
    take minutes at the largest size has failed in a second at a small one."""
    smaller, took = 0, 0.0
    for size in sizes:
        given = text(size)
        seconds = cpu(run, given)
        allowed = max(MEASURABLE, took * TOLERANCE * size / smaller) if smaller else float("inf")
        if seconds > allowed:  # another process may have taken the caches: look again
            seconds = min(seconds, cpu(run, given))
        assert seconds <= allowed, (
            f"{size} characters ({given[:20]!r}…) took {seconds:.2f} s of CPU, {smaller} took {took:.3f} s"
        )
        smaller, took = size, max(seconds, MEASURABLE * size / sizes[-1])


def assert_all_linear(run: Callable[[Any], object], texts: Sequence[Callable[[int], Any]]) -> None:
    """Every text up to 64,000 characters, and the one that took longest up to a million."""
    for text in texts:
        assert_linear(run, text, sizes=(2_000, 16_000, 64_000))
    for text in sorted(texts, key=lambda text: -cpu(run, text(16_000)))[:1]:
        assert_linear(run, text, sizes=(16_000, 128_000, 1_000_000))


def cpu(run: Callable[[Any], object], given: Any) -> float:
    gc.disable()
    try:
        started = time.thread_time()
        run(given)
        return time.thread_time() - started
    finally:
        gc.enable()
