"""The input of a connector: the context of an attempt, from the job layer, and the tools it is built with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from bridge.service import Language
from sources.abc.client import AbcClient
from sources.base import Event, Level


class Links(Protocol):
    """The links of one connector instance: its data about entities at its third party (ticket key, thread). A link
    outlives the delivery.

    `created`: the entity's `creation`. The link of an earlier entity with the same id is not returned, and the next
    `set` replaces it; if one of the two creation times is unknown (""), the link is valid.
    """

    def get(self, entity: str, created: str) -> dict[str, str]: ...

    def set(self, entity: str, created: str, **values: str) -> None:
        """Adds or replaces values; an empty text removes one."""

    def of(self, connector: str) -> Links:
        """The links of another connector instance, to read them: an alert links the ticket of an issue."""


class Context(Protocol):
    """The connector's access to the job layer, for one attempt."""

    delivery_id: str
    attempt: int
    """1 for the first."""
    age: float
    """Seconds since the event was accepted."""
    links: Links
    born: float
    """When the ledger was created or wiped, by the clock of `now()`: it has no older records.
    `connectors/patience.py` uses it."""

    @property
    def notes(self) -> Mapping[str, Any]:
        """The notes that this delivery's attempts kept so far."""

    def now(self) -> float:
        """Seconds since 1970 by the ledger's clock, which all workers share. Use it for times that are stored."""

    def remembers(self, moment: float) -> bool:
        """Whether the ledger has all records since `moment` (seconds since 1970, by the source's clock): a new or
        wiped ledger has no records from before its creation."""

    def keep(self, **notes: Any) -> None:
        """Stores notes with the delivery; they outlive a killed worker. Without notes it only checks that the delivery
        is still ours: call it right before an effect.

        Raises LeaseLost when another worker has taken over.
        """

    def add(self, note: str, items: Mapping[str, str]) -> None:
        """Adds items to the note `note`, a mapping of texts that only grows. Each item is stored
        separately, so its cost does not grow with the number of earlier items.

        Raises LeaseLost, as `keep`. Raises ValueError when the notes of the delivery become too large: then nothing is
        stored.
        """

    def level(self, entity: str, created: str) -> Level | None:
        """The last level of an entity that an event of its source announced, such as its status; None if unknown.
        `created`: as for Links."""

    def alone(self, entity: str) -> AbstractContextManager[bool]:
        """Inside it, no other delivery of this connector instance works on the second entity `entity` (for the event's
        own entity this is always so). Its value is False when another one works on it now. Raises LeaseLost, as
        `keep`."""

    def charge(self, turns: int) -> None:
        """Takes further turns of the destination's rate, for an attempt with more than one request: the attempt
        goes on, and later deliveries wait. The first turn was taken before the attempt."""


@dataclass(frozen=True, slots=True)
class TicketSystem:
    """A configured connector instance that makes a ticket for each issue. Its links have `key` and `url` of the
    ticket."""

    name: str
    address: Callable[[int, str], str]
    """(ABC project, externalIssueId) -> the ticket's address for people; "" if it can't be known without a request.
    Without I/O."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The arguments that every connector is built with."""

    name: str
    """The name of the connector instance: `slack`, or `slack.mobile`. The names of its destinations begin with it."""
    instance: str
    """BRIDGE_INSTANCE: part of markers, so that each of two bridges ignores the other's."""
    language: Language
    apis: Mapping[str, Any]
    """The client of each source whose API is configured, by the source's name; the same for every connector. A
    connector that requires a client declares that (Spec.needs)."""
    concurrency: int
    channels: tuple[tuple[int, int], ...] = ()
    """Known project and channel ids (RECONCILE_CHANNELS), for `check()`; more may exist."""
    events: str = ""
    """The variable that names the events of this instance, as the operator wrote it; for messages."""
    tickets: tuple[TicketSystem, ...] = ()
    """Every configured ticket system."""
    served_elsewhere: Mapping[str, str] = field(default_factory=dict)
    """For a ticket system: ABC projects that another ticket system names explicitly, each with its name. Our `*` does
    not include these projects."""

    @property
    def abc(self) -> AbcClient | None:
        """The client of ABC User Feedback; None if its API is not configured."""
        return self.apis.get("abc")

    def delivery_of(self, event: Event) -> str:
        """The id of this instance's delivery of the event."""
        return f"{event.id}.{self.name}"

    @property
    def scope(self) -> str:
        """For markers at a third party: BRIDGE_INSTANCE, and the label of a labelled connector instance."""
        label = self.name.partition(".")[2]
        return f"{self.instance}.{label}" if label else self.instance
