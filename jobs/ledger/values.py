"""What the ledger takes and returns: the states of a delivery, leases, and answers of its scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FINISHED = ("done", "skipped", "dead")
UNFINISHED = ("queued", "running", "retrying")
STATES = (*UNFINISHED, *FINISHED)
State = Literal["queued", "running", "retrying", "done", "skipped", "dead"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery to be: `queued`, or `skipped` from the start (with why)."""

    connector: str
    state: Literal["queued", "skipped"] = "queued"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one delivery, with all that is known of it. Times in seconds by Redis's clock."""

    delivery_id: str
    connector: str
    token: str
    delivery: Mapping[str, str]
    event: Mapping[str, str]
    now: float
    born: float
    """Since when the ledger remembers: since it was created or wiped, and not longer than RETENTION_DAYS."""

    @property
    def attempt(self) -> int:
        return int(self.delivery["attempts"])

    @property
    def position(self) -> int:
        """How far along the retry schedule the delivery is."""
        return int(self.delivery.get("position", 0))

    @property
    def healed(self) -> int:
        """How often the delivery was brought back from the dead by itself, since an operator last replayed it."""
        return int(self.delivery.get("healed", 0))

    @property
    def age(self) -> float:
        """Seconds since the event was accepted, or since the delivery was last replayed or healed."""
        return self.now - int(self.delivery.get("replayed") or self.delivery["created"]) / 1000


@dataclass(frozen=True, slots=True)
class Admission:
    """`wait`: milliseconds before going to the destination, 0 to go; `because`: stopped (the connector instance), open
    (a breaker), limit, or, with no wait, probe; `closed`: the destination whose breaker is open; `stop`: since when and
    why the instance has stopped (jobs.delivery.stops.read); `others`: how many wait for the rate."""

    wait: int
    because: str
    closed: str = ""
    stop: bytes = b""
    others: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """`following`: the delivery that may go next in the line, or ""; `breakers`: those that changed, as (destination,
    opened or closed)."""

    following: str
    breakers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Recovery:
    """The destination whose return may bring a delivery back, and from how many seconds on."""

    destination: str
    after: float = 0.0


def split(delivery_id: str) -> tuple[str, str]:
    """Event id and connector of a delivery id."""
    event_id, _, connector = delivery_id.partition(".")
    return event_id, connector
