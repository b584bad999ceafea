"""The connector itself, what its checks and destinations are, and how it is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.settings import Settings
from connectors.base.context import Context, Tools
from connectors.base.outcomes import Outcome
from sources.base import Event


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `flask check`: what works, what fails (`ok` is False), or a note."""

    ok: bool
    what: str
    is_note: bool = False


def note(what: str) -> Check:
    """What could not be found out, or may matter later: a person reads it, and the check succeeds all the same."""
    return Check(True, what, is_note=True)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a delivery goes: deliveries of one destination share one rate limit and one breaker, over all workers."""

    name: str
    """For people and metrics, such as `slack #feedback`; no secret."""
    per_second: float = 0
    """How many it takes; 0 where no limit is known."""
    burst: int = 1
    """How many may go at once after a pause."""


class Connector(Protocol):
    """One per process, used by many threads at once. The smallest one is a class with these three methods."""

    def destination(self, event: Event) -> Destination:
        """Where this event goes. Without I/O."""

    def deliver(self, event: Event, context: Context) -> Outcome:
        """Makes the event's effect exist. Raises LeaseLost only; any other exception is a defect, and retried."""

    def check(self) -> Iterator[Check]:
        """Asks the third party and returns what works and what is missing. Changes nothing."""


VERSION = 1
"""Of this contract. It grows by one when a connector that was written for it would no longer work."""


@dataclass(frozen=True, slots=True)
class TicketKind:
    """What makes a connector a ticket system. It also gets an ISSUE_ADDITION for each issue that a feedback carried at
    its creation, which ABC does not send."""

    address: Callable[[Any, int, str], str]
    """(settings, ABC project, externalIssueId) -> TicketSystem.address."""
    projects: Callable[[Any], tuple[str, Iterable[str]]]
    """settings -> (the variable that maps ABC projects, their ids or `*`)."""
    back: Callable[[Any], tuple[str, str]] = lambda _settings: ("", "")
    """settings -> (the source whose events show that its tickets were changed, the variable of what is carried back to
    ABC); "" for both where nothing is."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a connector declares: the object `SPEC` of its package, or what the entry point of a plug-in names.

    The web process reads it too: to import it must not import a third party's library. `build` may.
    """

    kind: str
    """Its name in CONNECTORS, and in lower case the start of its variables."""
    settings: type[Settings]
    default_events: tuple[str, ...]
    """Patterns, as in `<CONNECTOR>_EVENTS`."""
    build: Callable[[Any, Tools], Connector]
    """(settings, tools) -> the connector. Makes no request yet."""
    needs: frozenset[str] = frozenset()
    """The source whose API it can't do without, such as {"abc"}, or nothing. Its deliveries wait while that source is
    not available, and what it reports with `at_source` counts for that source."""
    tickets: TicketKind | None = None
    version: int = VERSION

    def __post_init__(self) -> None:
        if len(self.needs) > 1:
            raise ValueError(f"{self.kind}: a delivery passes the breaker of one source, so `needs` may name one")

    @property
    def routing(self) -> tuple[str, str]:
        """The variables of its events and of its filter, without the label of an instance."""
        return f"{self.kind.upper()}_EVENTS", f"{self.kind.upper()}_FILTER"

    @property
    def source(self) -> str:
        """The one that it needs, "" for none."""
        return next(iter(self.needs), "")
