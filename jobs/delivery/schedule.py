"""Decides when a delivery is tried again: pure arithmetic, explained in docs/operations.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.base import Done, Failed, Outcome, Retry, Skipped
from jobs.ledger.values import State

DELAYS = (0.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""Seconds before each attempt, including the first."""
JITTER = 0.2
"""A delay grows by a random part of up to this share, so that deliveries that failed together are not retried
together."""
LONGEST_RETRY_AFTER = 3600.0
"""Seconds; if a third party asks for a longer pause, the next request follows after this time."""
GIVE_UP_AFTER = 3 * 86_400.0
"""Seconds since acceptance after which also waits that cost no attempt end."""

QUOTA_PAUSE = 900.0
"""Seconds before the next attempt after a used-up quota. So when somebody pays, or a new month begins, nothing is
lost."""

BUSY_SECONDS = 5.0
"""The pause after a "too many requests" that names no time, or less than a second."""

DOWN = frozenset({"timeout", "network", "server_error", "ambiguous"})
"""Reasons that are about the other system's state, not about this delivery."""

HEALED = DOWN | {"auth", "config", "quota", "rate_limited"}
"""Reasons of dead letters that may disappear without a change to the delivery. A success of another delivery shows
that."""
HEAL_PAUSES = (0.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""Seconds before a dead letter may be brought back for the first, second … time; after the last, only a person can."""


@dataclass(frozen=True, slots=True)
class Transition:
    """The next state of a delivery after an attempt. `delay`: seconds, for `retrying`; `wake`: seconds after which a
    success of the failed system may bring the delivery back, None if that would not help."""

    state: State
    position: int
    why: str = ""
    reason: str = ""
    delay: float = 0.0
    result: Any = None
    wake: float | None = None


def after(
    outcome: Outcome, position: int, age: float, luck: float, *, probing: bool = False, healed: int = 0
) -> Transition:
    """`position`: how many delays of the table are used up; `age`: seconds since acceptance; `luck`: 0 to 1; `probing`:
    a breaker was open; `healed`: how often the dead letter was brought back without a person."""
    match outcome:
        case Done(result):
            return Transition("done", position, result=result)
        case Skipped(why, result):
            return Transition("skipped", position, why, result=result)
        case Failed(why, "quota") if age < GIVE_UP_AFTER:
            return Transition("retrying", position, why, "quota", QUOTA_PAUSE * (1 + JITTER * luck), wake=0.0)
        case Failed(why, reason):
            return Transition("dead", position, why, reason, wake=_heal_pause(reason, healed))
        case Retry(why, reason, asked):
            used = position if _is_free(reason, asked, probing) else position + 1
            if used >= len(DELAYS) or age > GIVE_UP_AFTER:
                spent = f"{used} attempts" if used >= len(DELAYS) else f"{age / 86_400:.0f} days"
                why = f"{why} (given up after {spent})"
                return Transition("dead", used, why, reason, wake=_not_before(asked, _heal_pause(reason, healed)))
            delay = _delay(reason, asked, used)
            wake = (0.0 if probing else DELAYS[used - 1]) if reason in DOWN else None
            wake = _not_before(asked, wake)
            return Transition("retrying", used, why, reason, delay * (1 + JITTER * luck), wake=wake)


def _is_free(reason: str, asked: float | None, probing: bool) -> bool:
    """Whether an attempt is not counted: the other system works but asked us to wait, or it was known to be down."""
    if reason == "rate_limited":
        return True
    return (reason == "not_yet" and asked is not None) or (probing and reason in DOWN)


def _delay(reason: str, asked: float | None, used: int) -> float:
    """The delay in seconds. After a failure never shorter than in the table, even if the other system asks for less."""
    if reason == "rate_limited":
        return pause(asked)
    if reason == "not_yet" and asked is not None:
        return bounded(asked)
    return max(DELAYS[max(used, 1)], bounded(asked or 0.0))


def _not_before(asked: float | None, wake: float | None) -> float | None:
    """`wake`, but not earlier than the other system asked for."""
    return None if wake is None else max(wake, bounded(asked or 0.0))


def _heal_pause(reason: str, healed: int) -> float | None:
    return HEAL_PAUSES[healed] if reason in HEALED and healed < len(HEAL_PAUSES) else None


def pause(asked: float | None) -> float:
    """Seconds without requests to a destination that answered "too many requests"."""
    return bounded(asked) if asked is not None and asked >= 1 else BUSY_SECONDS


def bounded(asked: float) -> float:
    """The seconds of a `Retry-After` that are respected."""
    return min(max(0.0, asked), LONGEST_RETRY_AFTER)  # in this order, "not a number" is 0
