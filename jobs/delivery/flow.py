"""Flow control: whether and how fast deliveries go to a destination. All workers share it, through Redis."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from connectors.base import Destination, Done, Failed, Outcome, Retry, Skipped
from jobs.delivery import stops
from jobs.delivery.schedule import DOWN, bounded, pause
from jobs.delivery.stops import Stop
from jobs.ledger.ledger import Ledger
from jobs.ledger.values import Lease, Recovery

LOOK_AGAIN = 30.0
"""Seconds after which a delivery that a breaker holds checks again by itself. Normally it is woken earlier: when the
destination is back, or as its next probe."""


LOOK_AT_STOP = 3600.0
"""The same for a delivery of a stopped connector instance. Normally it is woken when a person starts the instance."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The delivery waits for `seconds`, which costs no attempt. If `closed` works again, it is woken earlier."""

    seconds: float
    why: str
    closed: str = ""
    reason: Literal["held", "stopped"] = "held"


@dataclass(frozen=True, slots=True)
class Go:
    """The delivery may run. `others`: how many deliveries wait for the destination's rate; `probing`: a breaker is half
    open, and this attempt decides."""

    others: int = 0
    probing: bool = False


def admit(ledger: Ledger, lease: Lease, destination: Destination, source: str = "") -> Hold | Go:
    """Whether the delivery may run now. `source`: the source that the connector needs, "" for none; it is a second
    destination, so that all connectors that need it share its breaker. Raises RedisError, LeaseLost."""
    admission = ledger.admit(lease, destination.name, interval_ms(destination), destination.burst, source)
    if admission.because == "stopped":
        return _until_resumed(stops.read(admission.stop), lease.connector, destination)
    if not admission.wait:
        return Go(admission.others, probing=admission.because == "probe")
    seconds = admission.wait / 1000
    if admission.because == "limit":
        return Hold(seconds, f"{destination.name}: its rate limit is reached; this delivery waits for its turn")
    why = f"{admission.closed} is not available at the moment; it is being probed"
    return Hold(_spread(seconds + LOOK_AGAIN), why, admission.closed)


def _until_resumed(stop: Stop, connector: str, destination: Destination) -> Hold:
    why = f"{connector} has stopped: {stop.why}; `flask resume {connector}` starts it again"
    return Hold(_spread(LOOK_AT_STOP), why, destination.name, "stopped")


def _spread(seconds: float) -> float:
    """A random longer time, so that deliveries that wait for the same reason do not all check at once."""
    return seconds * (1 + 0.2 * random.random())  # noqa: S311  no secret


def stops_instance(outcome: Outcome) -> bool:
    """Whether the other system accepts nothing more (410), so that further attempts are useless."""
    return isinstance(outcome, Failed) and outcome.reason == "gone" and not outcome.at_source


def interval_ms(destination: Destination) -> int:
    """Milliseconds between two deliveries; 0 if no limit is known."""
    return int(1000 / destination.per_second) if destination.per_second else 0


def conditions_of(outcome: Outcome, destination: str, source: str = "") -> list[tuple[str, str]]:
    """The (name, condition) pairs that an attempt shows of its destination and of the source that it needs."""
    if _at_source(outcome):
        return [(source, _condition(outcome)), (destination, "")]
    found = [(destination, _condition(outcome))]
    return [*found, (source, "up" if isinstance(outcome, Done) else "")] if source else found


def without_alarm(conditions: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The conditions of an attempt for an event of the service itself. Its failure opens no breaker, because that would
    be another such event. Its success closes a breaker as usual."""
    return [(name, "" if condition.startswith(("down", "quota")) else condition) for name, condition in conditions]


def _condition(outcome: Outcome) -> str:
    """up, answers, down, down:<ms>, quota, busy:<ms>, or "" if the outcome shows nothing. <ms>: the pause that the
    other system asked for."""
    match outcome:
        case Done():
            return "up"
        case Skipped():
            return ""
        case Retry(reason="rate_limited", after=asked):
            return f"busy:{int(pause(asked) * 1000)}"
        case Retry(reason=reason) | Failed(reason=reason):
            if reason == "quota":
                return "quota"
            if reason in DOWN:
                asked = bounded(outcome.after) if isinstance(outcome, Retry) and outcome.after else 0.0
                return f"down:{int(asked * 1000)}" if asked else "down"
            # It refused this one request; but it answered.
            return "answers" if reason in ("client_error", "not_found") else ""


def system_of(outcome: Outcome, connector: str, source: str = "") -> str:
    """The system that an outcome is about: the source, or the connector's third party."""
    return source if _at_source(outcome) else connector


def states_of(outcome: Outcome, destination: str, source: str = "") -> dict[str, str]:
    """The state in which an attempt has seen its destination and the source: `ok`, or `refused` (our credentials). For
    people only. Breakers show what is down."""
    seen = {
        name: "ok" for name, condition in conditions_of(outcome, destination, source) if condition in ("up", "answers")
    }
    if isinstance(outcome, Failed | Retry) and outcome.reason == "auth":
        seen[source if outcome.at_source else destination] = "refused"
    return {name: state for name, state in seen.items() if name}


def recovery_of(outcome: Outcome, destination: str, source: str, wake: float | None) -> Recovery | None:
    """The destination or source whose next success may bring the delivery back. `wake`: see
    jobs.delivery.schedule.Transition."""
    if wake is None:
        return None
    return Recovery(source if _at_source(outcome) else destination, wake)


def _at_source(outcome: Outcome) -> bool:
    return isinstance(outcome, Retry | Failed) and outcome.at_source
