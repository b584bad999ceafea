"""Flow control: how fast, and whether at all, deliveries go to a destination. Shared by all workers, through Redis."""

from __future__ import annotations

import random
from dataclasses import dataclass

from connectors.base import Destination, Done, Failed, Outcome, Retry, Skipped
from jobs.ledger import Lease, Ledger
from jobs.schedule import pause

DOWN = frozenset({"timeout", "network", "server_error", "ambiguous"})
"""Reasons that speak of the destination, not of this delivery."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now: the delivery waits for `seconds`, which costs it no attempt.

    Those who wait for a rate have turns of their own; those who wait for a breaker come back spread out.
    """

    seconds: float
    why: str


def admit(ledger: Ledger, lease: Lease, destination: Destination) -> Hold | int:
    """A Hold, or, to go ahead, how many others wait for the destination's rate. Raises RedisError."""
    admission = ledger.admit(lease.delivery_id, destination.name, interval_ms(destination), destination.burst)
    if not admission.wait:
        return admission.others
    if admission.because == "limit":
        return Hold(admission.wait / 1000, f"{destination.name}: its rate limit is used up; this one's turn comes")
    spread = 1 + 0.2 * random.random()  # noqa: S311  no secret
    return Hold(
        admission.wait / 1000 * spread, f"{destination.name} is not available at the moment; it is being probed"
    )


def interval_ms(destination: Destination) -> int:
    """Milliseconds between two deliveries; 0 where no limit is known."""
    return int(1000 / destination.per_second) if destination.per_second else 0


def condition_of(outcome: Outcome) -> str:
    """What an attempt's outcome says of its destination: up, down, quota, busy:<ms>, or nothing."""
    match outcome:
        case Done():
            return "up"
        case Skipped() | Retry(at_source=True):
            return ""
        case Retry(reason="rate_limited", after=asked):
            return f"busy:{int(pause(asked) * 1000)}"
        case Retry(reason=reason) | Failed(reason=reason):
            if reason == "quota":
                return "quota"
            if reason in DOWN:
                return "down"
            # Refused for what it asked, but answered.
            return "up" if reason in ("client_error", "not_found") else ""
