"""Optional abilities of a connector. Each is a protocol: a connector with its methods has the ability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from connectors.base.context import Context, Links
from connectors.base.outcomes import Failed, Outcome, Skipped
from sources.abc.models import Feedback, Issue
from sources.base import Event
from sources.sweep import SourceError


@runtime_checkable
class Restoring(Protocol):
    """A connector whose effect is visible at the source, so that reconcile can see where the effect is missing.

    The other connectors send alerts: they get no event that is old when reconcile finds it (ALERT_MAX_AGE).
    """

    def missing(self, entity: Issue | Feedback) -> bool:
        """Whether the source does not show the effect of this entity's creation. Without I/O."""

    def repeats(self, entity: Issue | Feedback) -> bool:
        """Whether reconcile should restore our effect if it has disappeared at the source. Without I/O."""

    def behind(self, entity: Issue | Feedback, link: Mapping[str, str]) -> bool:
        """Whether the last value that we wrote to the third party, kept in `link`, differs from the source's present
        value. Without I/O."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The changes found at a third party. `events`: each with the time of the change, and the body and the headers to
    store. `until`: if more changes exist, the time of the last one that was read; None if all were read. `errors`: one
    for each part of the third party that could not be read, although others could."""

    looked_at: int
    events: Sequence[tuple[float, Event, bytes, Mapping[str, str]]]
    until: float | None = None
    errors: Sequence[SourceError] = ()


@runtime_checkable
class Changing(Protocol):
    """A connector that carries changes at its third party to the source, and can list them."""

    def changed(self, since: float, links: Links) -> Changed:
        """The changes since `since` (seconds since 1970) that differ from `links`. One change always gives the same
        events. Raises sources.sweep.SourceError."""


@runtime_checkable
class Gathering(Protocol):
    """A connector that can report several events in one message, when many wait for the destination's rate."""

    crowd: int
    """The number of waiting deliveries from which on they are gathered."""

    def gather(self, waiting: Sequence[tuple[Event, Context]]) -> list[Outcome | None]:
        """One outcome for each, in the same order; None for a delivery that another worker has taken over (the
        others are still ours)."""


@runtime_checkable
class Locating(Protocol):
    """A connector that can ask its third party for the address of a delivery's effect; see `Spec.locates`."""

    def address_of(self, event: Event, result: Mapping[str, Any]) -> str:
        """The https address, found by the result of the delivery; "" if unknown. Sends one request, which changes
        nothing. Raises nothing."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a delivery would send, and where; no secret.

    `where`: for people. `content`: values for JSON, as they are sent, or the part of them that is known without a
    request. `notes`: what the delivery would add, or ask for first.
    """

    where: str
    content: Any
    notes: tuple[str, ...] = ()


@runtime_checkable
class Previewing(Protocol):
    """A connector that can show what it would send for an event, for `flask preview`."""

    def preview(self, event: Event, links: Links) -> Preview | Skipped | Failed:
        """What `deliver` would send, made by the same code. Makes no request: it takes the entity's values from the
        event. Reads `links`, and sets none."""
