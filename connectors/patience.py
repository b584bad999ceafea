"""How long to look for the effect of an ambiguous request before it is sent again. Pure."""

from __future__ import annotations

from bridge.http import READ_SECONDS

SETTLE_SECONDS = READ_SECONDS + 15.0
"""Since the note that is kept right before a request. A server that has not begun to answer is given up after
READ_SECONDS, and may go on working for a while. One that trickles its answer is given up later (TOTAL_SECONDS): it has
done its work before the first byte."""
LOOK_EVERY = 10.0
"""Seconds between looks."""


def left(since: float, now: float, patience: float) -> float:
    """Seconds to go on looking. Both times are by `Context.now()`: this machine's clock jumps, and another machine may
    have written `since`."""
    return min(max(0.0, since + patience - now), patience)
