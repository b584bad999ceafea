"""How long to look for the effect of an ambiguous request before it is sent again. Without I/O."""

from __future__ import annotations

from bridge.http import READ_SECONDS
from connectors.base import Context

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


def left_after_wipe(context: Context, moment: float, patience: float = SETTLE_SECONDS) -> float:
    """Seconds to go on looking where no note exists: for the effect of a request that was sent before the ledger was
    created or wiped, for the notes were deleted with it.

    `moment`: when what the request is about happened, by the source's clock; 0 when unknown. What happened after the
    ledger was created is in its records, and for that the answer is 0.
    """
    return 0.0 if context.remembers(moment) else left(context.born, context.now(), patience)
