"""When a delivery is tried again: pure arithmetic, published in docs/operations.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.base import Done, Failed, Outcome, Retry, Skipped
from jobs.ledger import State

DELAYS = (0.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""Seconds before each attempt, the first included."""
JITTER = 0.2
"""A delay grows by up to this share, so that what failed together does not come back together."""
LONGEST_RETRY_AFTER = 3600.0
"""Seconds; a third party that asks for more is asked again after this."""
GIVE_UP_AFTER = 3 * 86_400.0
"""Seconds since acceptance after which even a wait that costs no attempt ends."""

QUOTA_PAUSE = 900.0
"""Seconds until a used-up quota is asked for again: somebody pays, or a new month begins, and nothing was lost."""

BUSY_SECONDS = 5.0
"""The pause after a "too many requests" that names no time, or none worth the name."""

WAITS = frozenset({"rate_limited", "not_yet"})
"""Reasons that cost no attempt where the other side named the time: it works, it only wants us to come later."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What becomes of a delivery after an attempt. `delay` in seconds, for `retrying`."""

    state: State
    position: int
    why: str = ""
    reason: str = ""
    delay: float = 0.0
    result: Any = None


def after(outcome: Outcome, position: int, age: float, luck: float) -> Transition:
    """`position`: how many delays of the table are used up; `age`: seconds since acceptance; `luck`: 0 to 1."""
    match outcome:
        case Done(result):
            return Transition("done", position, result=result)
        case Skipped(why, result):
            return Transition("skipped", position, why, result=result)
        case Failed(why, "quota") if age < GIVE_UP_AFTER:
            return Transition("retrying", position, why, "quota", QUOTA_PAUSE * (1 + JITTER * luck))
        case Failed(why, reason):
            return Transition("dead", position, why, reason)
        case Retry(why, reason, asked):
            used = position if asked is not None and reason in WAITS else position + 1
            if used >= len(DELAYS):
                return Transition("dead", used, f"{why} (given up after {used} attempts)", reason)
            if age > GIVE_UP_AFTER:
                return Transition("dead", used, f"{why} (given up after {age / 86_400:.0f} days)", reason)
            delay = DELAYS[used] if asked is None else pause(asked) if reason == "rate_limited" else asked
            delay = min(delay, LONGEST_RETRY_AFTER) if asked is not None else delay
            return Transition("retrying", used, why, reason, delay * (1 + JITTER * luck))


def pause(asked: float | None) -> float:
    """Seconds for which a destination that has had too much is left alone."""
    return BUSY_SECONDS if asked is None or asked < 1 else min(asked, LONGEST_RETRY_AFTER)
