"""The interface of a connector, its checks and destinations, and its declaration."""

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
    """A line for something that could not be checked, or may matter later. The check still succeeds."""
    return Check(True, what, is_note=True)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a delivery goes: deliveries of one destination share one rate limit and one breaker, over all workers."""

    name: str
    """For people and metrics, such as `slack #feedback`; no secret."""
    per_second: float = 0
    """How many deliveries it accepts; 0 if no limit is known."""
    burst: int = 1
    """How many deliveries may be sent at once after a pause."""


class Connector(Protocol):
    """One per process, used by many threads at once. The smallest one is a class with these three methods."""

    def destination(self, event: Event) -> Destination:
        """The destination of this event. Without I/O."""

    def deliver(self, event: Event, context: Context) -> Outcome:
        """Makes the event's effect exist. Raises LeaseLost only; any other exception is a defect, and retried."""

    def check(self) -> Iterator[Check]:
        """Sends requests to the third party, and returns lines about what works and what is missing. Changes
        nothing."""


VERSION = 1
"""The version of this contract. It grows by one when a connector for the previous version would no longer work."""


@dataclass(frozen=True, slots=True)
class TicketKind:
    """Declares that a connector is a ticket system. A ticket system also gets an ISSUE_ADDITION for each issue that a
    feedback carried at its creation; ABC does not send these."""

    address: Callable[[Any, int, str], str]
    """(settings, ABC project, externalIssueId) -> TicketSystem.address."""
    projects: Callable[[Any], tuple[str, Iterable[str]]]
    """settings -> (the variable that maps ABC projects, their ids or `*`)."""
    back: Callable[[Any], tuple[str, str]] = lambda _settings: ("", "")
    """settings -> (the source whose events announce changes of its tickets, the variable of the statuses that are
    carried back to ABC); "" for both if nothing is carried back."""


@dataclass(frozen=True, slots=True)
class Spec:
    """The declaration of a connector: the object `SPEC` of its package, or the object that a plug-in's entry point
    names.

    The web process reads it, too, so its module must not import a third party's library. `build` may.
    """

    kind: str
    """Its name in CONNECTORS, in lower case. In upper case, its variables begin with it."""
    settings: type[Settings]
    default_events: tuple[str, ...]
    """Patterns, as in `<CONNECTOR>_EVENTS`."""
    build: Callable[[Any, Tools], Connector]
    """(settings, tools) -> the connector. Makes no request yet."""
    needs: frozenset[str] = frozenset()
    """The source whose API the connector requires, such as {"abc"}, or nothing. Its deliveries wait while that source
    is not available, and its outcomes with `at_source` count for that source."""
    tickets: TicketKind | None = None
    locates: frozenset[str] = frozenset()
    """The keys of a result by which the connector finds its effect (`Locating`); empty if it can't."""
    acts: frozenset[str] = frozenset()
    """The names of the events that the connector acts on, whatever its patterns match; empty if it acts on all."""
    writes: Callable[[Any], tuple[str, Iterable[str]]] = lambda _settings: ("", ())
    """settings -> (the variable that names them, the fields of a feedback that the connector writes into)."""
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
        """The source that it needs, "" for none."""
        return next(iter(self.needs), "")
