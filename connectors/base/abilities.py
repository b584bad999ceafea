"""What a connector may be able to do besides: each ability is a protocol, and a connector that fits it has it."""

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
    """A connector whose effect shows at the source itself, so that reconcile can see where it is missing.

    The others are alerts: what is old when it is found is not announced any more.
    """

    def missing(self, entity: Issue | Feedback) -> bool:
        """Whether the source does not show the effect of this entity's creation. Without I/O."""

    def repeats(self, entity: Issue | Feedback) -> bool:
        """Whether reconcile should restore our effect if it has disappeared at the source. Without I/O."""

    def behind(self, entity: Issue | Feedback, link: Mapping[str, str]) -> bool:
        """Whether the last value that we wrote to the third party, kept in `link`, differs from what the source shows
        now. Without I/O."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a look at a third party showed. `events`: each with the time of the change, and the body and the headers to
    store. `until`: the time of the last change that was seen, where there are more; None where all were. `errors`: of
    the parts of the third party that could not be looked at, where others could."""

    looked_at: int
    events: Sequence[tuple[float, Event, bytes, Mapping[str, str]]]
    until: float | None = None
    errors: Sequence[SourceError] = ()


@runtime_checkable
class Changing(Protocol):
    """A connector that carries changes at its third party to the source, and can list them."""

    def changed(self, since: float, links: Links) -> Changed:
        """What was changed since `since` (seconds since 1970) and differs from what `links` knows. Always the same
        events for one change. Raises sources.sweep.SourceError."""


@runtime_checkable
class Gathering(Protocol):
    """A connector that can report several events in one message, for when more wait than its destination takes."""

    crowd: int
    """How many must wait for that."""

    def gather(self, waiting: Sequence[tuple[Event, Context]]) -> list[Outcome | None]:
        """One outcome for each, in the same order; None for one that another worker has taken over; the
        others are still ours."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a delivery would send, and where; no secret.

    `where`: for people. `content`: what JSON can hold, as it is sent, or the part of it that is known without asking
    anybody. `notes`: what the delivery adds, or finds out first.
    """

    where: str
    content: Any
    notes: tuple[str, ...] = ()


@runtime_checkable
class Previewing(Protocol):
    """A connector that can show what it would do for an event, for `flask preview`."""

    def preview(self, event: Event, links: Links) -> Preview | Skipped | Failed:
        """What `deliver` would send, by the code that `deliver` uses. Makes no request: an entity counts as the event
        describes it. Reads `links`, and sets none."""
