"""The contract of a ticket system: its verbs and its names, and nothing about what is done in which order.

A container is where its tickets are: a Jira project, a GitHub repository.

Exception
├── Refused           the ticket system answered, and not with success
├── IncompleteSearch  a search that ended before all was seen: what it did not show may exist
├── NoAnswer          (bridge.http) nothing usable came back; `sent`: whether the request may have been carried out
└── Halt              a step has reached the outcome of the whole attempt
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from connectors.base import Check, Failed, Outcome, Retry
from connectors.tickets.markers import Marker
from connectors.tickets.markup import Markup
from connectors.tickets.names import Names


class Refused(Exception):
    """The ticket system answered with an error.

    `outcome`: that of the attempt which it ends; `gone`: what was asked for does not exist, or is not shown to us;
    `maybe_done`: the request may have been carried out all the same (a 5xx, a 408); `status`: that of HTTP, 0 where
    there is none.
    """

    def __init__(
        self, outcome: Retry | Failed, *, gone: bool = False, maybe_done: bool = False, status: int = 0
    ) -> None:
        self.outcome = outcome
        self.status = status
        self.gone = gone
        self.maybe_done = maybe_done
        super().__init__(outcome.why)


class IncompleteSearch(Exception):
    """More results than are looked at: "not among the first `seen`" is not "does not exist"."""

    def __init__(self, seen: int) -> None:
        self.seen = seen
        super().__init__(f"the search has more than {seen} results")


class Halt(Exception):
    """Ends an attempt with `outcome`."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(repr(outcome))


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it is now. `id` is what `read` takes, best one that a move to another container does not change;
    `key` is what people call it; `status` is what they see; `markers` are the texts that may be our marker; `made` is
    when it was created, in seconds since 1970, 0 when unknown; `detail` is the adapter's own."""

    id: str
    key: str
    status: str
    markers: tuple[str, ...]
    author: Any
    made: float
    detail: Any = None
    changed: float = 0.0
    """When anything of it was changed last, as `made`."""

    def carries(self, marker: Marker) -> bool:
        return any(marker.is_text(text, self.made) for text in self.markers)


@dataclass(frozen=True, slots=True)
class Created:
    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Account:
    """Who wrote something, where a ticket system names people by number and login; number 0 for nobody."""

    id: int
    login: str


@dataclass(frozen=True, slots=True)
class Comment:
    body: str
    author: Any
    made: float


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new ticket shows; `text` is in the ticket system's markup, within its limits. `project`: ABC's."""

    project: int
    container: str
    title: str
    text: str
    marker: str


@dataclass(frozen=True, slots=True)
class Moved:
    """`status`: where the ticket is now; `before`: where it was, "" where nothing was to be done."""

    status: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class NoWay:
    """The ticket can't be brought to the status; `why` names the variable to look at."""

    why: str


class Fence(Protocol):
    def __call__(self, halfway: str = "") -> None:
        """Called right before a change: raises LeaseLost when another worker has taken over. `halfway`: the status that
        this change gives the ticket, where another change must follow."""


@runtime_checkable
class Returning(Protocol):
    """Further verbs of a ticket system whose changes of status can be carried back to ABC."""

    def initial_status(self, request: Mapping[str, Any]) -> str:
        """The status of the ticket that `create` makes of `request`; "" where it can't be known before. Needed where
        `moved_at` is not known: without it, a person's move right after the creation is undone. Without I/O."""

    def called(self, ticket: Ticket, names: Iterable[str]) -> list[str]:
        """Those of `names` that name the ticket's status, as <TICKETS>_STATUS_MAP and _STATUS_BACK spell statuses: the
        exact ones, and only where there are none, those that mean it more widely. Without I/O."""

    def moved_at(self, ticket: Ticket) -> float:
        """When the ticket got its status, in seconds since 1970, from its history; 0 where that is not known."""

    def changed_since(self, container: str, since: float) -> Iterator[Ticket]:
        """The tickets in which anything was changed since `since` (seconds since 1970), the oldest change first. Raises
        IncompleteSearch behind the last one, where there are more."""


@runtime_checkable
class Showing(Protocol):
    """Further verbs of a ticket system whose requests have other texts, or names for them, than the flow's."""

    def new_ticket(self, draft: Draft) -> Mapping[str, Any]:
        """What of the result of `prepare` is known without asking the ticket system. Pure."""

    def new_comment(self, body: str) -> Mapping[str, Any]:
        """The texts that `add_comment` sends. Pure."""


class TicketApi(Protocol):
    """One per process, used by many threads. Every verb that sends a request raises Refused or NoAnswer,
    and sends a request once: what is repeated, and when, is the flow's decision."""

    title: str
    """Its name for people: `Jira`."""
    container: str
    """What it calls a container: `Jira project`."""
    names: Names
    markup: Markup

    def prepare(self, draft: Draft) -> Mapping[str, Any]:
        """What `create` sends. Asks for everything that `create` and `url_of` need to know. Raises ValueError where the
        operator's settings do not fit."""

    def create(self, container: str, request: Mapping[str, Any]) -> Created: ...

    def read(self, id_or_key: str) -> Ticket:
        """Also by the key that the ticket had before it was moved. Raises Refused with `gone`."""

    def find(self, container: str, marker: Marker) -> Iterable[Ticket]:
        """The tickets that carry one of the marker's texts, oldest first. May not show those of the last `search_lag`
        seconds. Raises IncompleteSearch."""

    @property
    def search_lag(self) -> float:
        """Seconds. May ask the ticket system."""

    def comments(self, key: str, since: float) -> Iterator[Comment]:
        """Newest first, at least those since `since` (seconds since 1970)."""

    def add_comment(self, key: str, body: str) -> None: ...

    def move(self, ticket: Ticket, target: str, fence: Fence) -> Moved | NoWay:
        """Brings the ticket to the status `target`, as <TICKETS>_STATUS_MAP names it."""

    def is_ours(self, author: Any) -> bool:
        """Whether it is the account that we use, or used before. Anybody can copy a marker; nobody can be our
        account."""

    def url_of(self, key: str) -> str:
        """The ticket's address for people."""

    def why_hidden(self, container: str) -> str:
        """Why no ticket of the container is shown to us, and what to do; "" where they are shown."""

    def check_account(self) -> Iterator[Check]:
        """For `flask check`: whether the ticket system answers, and as whom we are signed in. Changes nothing."""

    def check_container(self, container: str) -> Iterator[Check]:
        """What works in the container, and what is missing there. Changes nothing."""
