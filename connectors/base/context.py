"""What a connector gets: the context of an attempt from the job layer, and what it is built with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from bridge.service import Language
from sources.abc.client import AbcClient
from sources.base import Event, Level


class Links(Protocol):
    """What one connector instance knows of entities at its third party (ticket key, thread). Outlives the delivery.

    `created`: the entity's `creation`. What is known of an earlier entity with the same id is not returned, and is
    replaced by the next `set`; where either creation time is unknown ("") the link counts.
    """

    def get(self, entity: str, created: str) -> dict[str, str]: ...

    def set(self, entity: str, created: str, **values: str) -> None:
        """Adds or replaces values; an empty text removes one."""

    def of(self, connector: str) -> Links:
        """Those of another connector instance, to read them: an alert links the ticket of an issue."""


class Context(Protocol):
    """What a connector gets from the job layer for one attempt."""

    delivery_id: str
    attempt: int
    """1 for the first."""
    age: float
    """Seconds since the event was accepted."""
    links: Links
    born: float
    """Since when the ledger has records, as `now()` counts: since it was created or wiped. `connectors/patience.py`
    uses it."""

    @property
    def notes(self) -> Mapping[str, Any]:
        """What this delivery's attempts kept so far."""

    def now(self) -> float:
        """Seconds since 1970 by the ledger's clock, which all workers share: the one for times that are kept."""

    def remembers(self, moment: float) -> bool:
        """Whether what we did since `moment` (seconds since 1970, by the source's clock) would be known now: a ledger
        that was wiped, or is new, does not know what came before."""

    def keep(self, **notes: Any) -> None:
        """Stores notes with the delivery before going on; they outlive a killed worker. With no notes it only makes
        sure that the delivery is still ours, for the moment before an effect.

        Raises LeaseLost when another worker has taken over.
        """

    def add(self, note: str, items: Mapping[str, str]) -> None:
        """Adds items to the note `note`, which is a mapping of texts and is added to only. Each item is stored
        separately: the cost of one does not grow with the number of those before it.

        Raises LeaseLost, as `keep`, and ValueError where a delivery would keep too much: then nothing is stored.
        """

    def level(self, entity: str, created: str) -> Level | None:
        """The last status of an entity that an event of its source announced; None when none is known. `created`: as
        for Links."""

    def alone(self, entity: str) -> AbstractContextManager[bool]:
        """While it lasts no other delivery of this connector instance works on `entity`, which is not the event's own:
        for that one this is so anyway. False: one works on it now. Raises LeaseLost, as `keep`."""

    def charge(self, turns: int) -> None:
        """Takes further turns of the destination's rate, for an attempt that makes more than one request: the attempt
        goes on, and the deliveries after it wait. The first turn was taken before the attempt."""


@dataclass(frozen=True, slots=True)
class TicketSystem:
    """A connector instance in use that keeps a ticket for each issue. Its links hold `key` and `url` of the ticket."""

    name: str
    address: Callable[[int, str], str]
    """Where a person finds the ticket that an ABC project's externalIssueId names, "" where that can't be known without
    asking. Without I/O."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every connector is built with."""

    name: str
    """Of the connector instance: `slack`, or `slack.mobile`. It starts the names of its destinations."""
    instance: str
    """BRIDGE_INSTANCE: part of markers, so that two bridges keep apart."""
    language: Language
    apis: Mapping[str, Any]
    """The client of each source whose API is configured, by the source's name; every connector has the same ones. One
    that can't do without a client declares that (Spec.needs)."""
    concurrency: int
    channels: tuple[tuple[int, int], ...] = ()
    """Project and channel ids that are known (RECONCILE_CHANNELS), for `check()`; there may be more."""
    events: str = ""
    """The variable that names the events of this instance, as the operator wrote it; for messages."""
    tickets: tuple[TicketSystem, ...] = ()
    """Every ticket system in use."""
    served_elsewhere: Mapping[str, str] = field(default_factory=dict)
    """For a ticket system: ABC projects that another one names explicitly, each with that one's name. A `*` of ours
    does not reach them."""

    @property
    def abc(self) -> AbcClient | None:
        """The client of ABC User Feedback; None where its API is not configured."""
        return self.apis.get("abc")

    def delivery_of(self, event: Event) -> str:
        """The id of this instance's delivery of the event."""
        return f"{event.id}.{self.name}"

    @property
    def scope(self) -> str:
        """For markers at a third party: BRIDGE_INSTANCE, and the label of a labelled connector instance."""
        label = self.name.partition(".")[2]
        return f"{self.instance}.{label}" if label else self.instance
