"""The contract of a connector: try once, and return an outcome.

A connector never retries, sleeps, schedules or logs what happens next: it returns an outcome and the job layer does
the rest. It may be run again at any moment, after any step, by another process; so before an effect that can't be
undone it keeps a note (`context.keep`), and when it finds such a note it looks before it acts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from bridge.service import Language
from bridge.settings import Settings
from sources.abc.client import AbcClient
from sources.abc.models import Feedback, Issue
from sources.base import Event, Level

Reason: TypeAlias = Literal[
    "auth",  # credentials missing, wrong, expired, or without the permission
    "config",  # something that the operator set does not exist or does not fit
    "rate_limited",  # too much at once: later
    "quota",  # used up: a person must act
    "timeout",  # no answer in time
    "network",  # no connection, or it broke
    "server_error",  # the other side's fault: 5xx
    "client_error",  # the other side refuses this very request: 4xx
    "gone",  # the other side wants nothing more (410): the connector instance stops until a person resumes it
    "not_found",  # what the event is about was deleted
    "not_yet",  # it can't be seen yet (the source announces before it commits)
    "ambiguous",  # sent, outcome unknown: look before sending again
    "crashed",  # the connector itself failed: a defect of ours
]
"""Why something failed: a closed set, also a label of the metrics."""


@dataclass(frozen=True, slots=True)
class Done:
    """The effect exists. `result` describes it (ticket key, message time stamp, fields written)."""

    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """There was nothing to do; `why` is the reason, for people."""

    why: str
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """It may work later. `after`: seconds that the other side asked us to wait: of a rate limit (`rate_limited`) and of
    what is only not visible yet (`not_yet`) they are the time of the next attempt, of all else they only make the
    schedule longer. `at_source`: the source (ABC) failed; it shows nothing about the destination."""

    why: str
    reason: Reason
    after: float | None = None
    at_source: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """It can't work until a person changes something; `why`: what happened and what to do. `at_source`: as in
    Retry."""

    why: str
    reason: Reason
    at_source: bool = False


Outcome: TypeAlias = Done | Skipped | Retry | Failed


class LeaseLost(Exception):
    """Another worker has taken this delivery over: stop at once, do nothing more."""


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
    store. `until`: the time of the last change that was seen, where there are more; None where all were."""

    looked_at: int
    events: Sequence[tuple[float, Event, bytes, Mapping[str, str]]]
    until: float | None = None


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
