"""How long to look again, after something was sent whose fate is unknown, before it is sent again. Pure."""

from __future__ import annotations

from transport import READ_SECONDS

SETTLE_SECONDS = READ_SECONDS + 15.0
"""Since the note that is kept right before a request. We give up on one after READ_SECONDS, and the other side may go
on working on it for a while."""
LOOK_EVERY = 10.0
"""Seconds between looks."""


def left(since: float, now: float, patience: float) -> float:
    """Seconds to go on looking. Both times are by `Context.now()`: this machine's clock jumps, and another machine may
    have written `since`."""
    return min(max(0.0, since + patience - now), patience)
