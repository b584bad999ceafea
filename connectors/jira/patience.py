"""How long to look again, after something was sent whose fate is unknown, before it may be sent again. Pure."""

from __future__ import annotations

SETTLE_SECONDS = 20.0
"""A request that we gave up on (after 15 s) may still be running in Jira."""
LOOK_EVERY = 10.0
"""Seconds between looks."""


def left(since: float, now: float, age: float, patience: float) -> float:
    """Seconds to go on looking. `since` and `now` are by this machine's clock, `age` (of the event) by Redis's.

    Clocks jump: a `since` in the future counts as just now, and no more time can have passed than the event is old
    (one that a later event finds is waited out from that event on).
    """
    passed = min(max(0.0, now - since), age)
    return max(0.0, patience - passed)
