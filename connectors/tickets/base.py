"""The contract of a ticket system: its verbs and its names. The shared flow decides the order of the steps.

A container is the place of the tickets: a Jira project, a GitHub repository.

Exception
├── Refused           the ticket system answered with an error
├── IncompleteSearch  a search ended before all results were read: a ticket that it did not find may exist
├── NoAnswer          (bridge.http) no usable answer; `sent`: whether the request may have been carried out
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

    `outcome`: the outcome of the attempt that it ends; `gone`: the requested thing does not exist, or is not visible to
    us; `maybe_done`: the request may have been carried out nevertheless (5xx, 408); `status`: the HTTP status, 0 if
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
    """The search has more results than are read: a ticket that is not among the first `seen` may still exist."""

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
    """A ticket as it is now. `id`: the argument of `read`; if possible, one that a move to another container does not
    change. `key` and `status`: as people see them. `markers`: the texts that may be our marker. `made`: when it was
    created, in seconds since 1970, 0 if unknown. `detail`: data of the adapter."""

    id: str
    key: str
    status: str
    markers: tuple[str, ...]
    author: Any
    made: float
    detail: Any = None
    changed: float = 0.0
    """When the ticket was last changed in any way; as `made`."""

    def carries(self, marker: Marker) -> bool:
        return any(marker.is_text(text, self.made) for text in self.markers)


@dataclass(frozen=True, slots=True)
class Created:
    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Account:
    """An author, in ticket systems that identify people by number and login; number 0 means nobody."""

    id: int
    login: str


@dataclass(frozen=True, slots=True)
class Comment:
    body: str
    author: Any
    made: float


@dataclass(frozen=True, slots=True)
class Draft:
    """The texts of a new ticket; `text` is in the ticket system's markup, within its limits. `project`: ABC's id."""

    project: int
    container: str
    title: str
    text: str
    marker: str


@dataclass(frozen=True, slots=True)
class Moved:
    """`status`: the ticket's status now; `before`: the status before the move, "" if no move was necessary."""

    status: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class NoWay:
    """The ticket can't get the status; `why` names the variable to look at."""

    why: str


class Fence(Protocol):
    def __call__(self, halfway: str = "") -> None:
        """Called right before a change; raises LeaseLost if another worker has taken over. `halfway`: if a second
        change must follow, the ticket's status between the two."""


@runtime_checkable
class Returning(Protocol):
    """Additional verbs of a ticket system that supports status back."""

    def initial_status(self, request: Mapping[str, Any]) -> str:
        """The status of a ticket that `create` makes from `request`; "" if it can't be known before. Required if
        `moved_at` returns 0: otherwise a person's move right after the creation is undone. Without I/O."""

    def called(self, ticket: Ticket, names: Iterable[str]) -> list[str]:
        """The members of `names` that mean the ticket's status; `names` are from <TICKETS>_STATUS_MAP and _STATUS_BACK.
        Returns the exact names; only if there are none, the wider ones (such as a category). Without I/O."""

    def moved_at(self, ticket: Ticket) -> float:
        """When the ticket got its status, in seconds since 1970, from its history; 0 if unknown."""

    def changed_since(self, container: str, since: float) -> Iterator[Ticket]:
        """The tickets that were changed in any way since `since` (seconds since 1970), the oldest change first. If
        more exist than are read, raises IncompleteSearch after the last one."""


@runtime_checkable
class Showing(Protocol):
    """Additional verbs of a ticket system whose requests differ from the flow's texts, for the preview."""

    def new_ticket(self, draft: Draft) -> Mapping[str, Any]:
        """The part of the result of `prepare` that is known without a request. Pure."""

    def new_comment(self, body: str) -> Mapping[str, Any]:
        """The texts that `add_comment` sends. Pure."""


class TicketApi(Protocol):
    """One per process, used by many threads. Every verb that sends a request raises Refused or NoAnswer, and never
    repeats a request: only the flow decides what is repeated, and when."""

    title: str
    """The system's name for people: `Jira`."""
    container: str
    """The system's name for a container: `Jira project`."""
    names: Names
    markup: Markup

    def prepare(self, draft: Draft) -> Mapping[str, Any]:
        """The content that `create` sends. Reads everything that `create` and `url_of` need. Raises ValueError if the
        operator's settings do not fit."""

    def create(self, container: str, request: Mapping[str, Any]) -> Created: ...

    def read(self, id_or_key: str) -> Ticket:
        """Accepts also the key that the ticket had before it was moved. Raises Refused with `gone`."""

    def find(self, container: str, marker: Marker) -> Iterable[Ticket]:
        """The tickets with one of the marker's texts, oldest first. Tickets of the last `search_lag` seconds may be
        missing. Raises IncompleteSearch."""

    @property
    def search_lag(self) -> float:
        """Seconds. May ask the ticket system."""

    def comments(self, key: str, since: float) -> Iterator[Comment]:
        """Newest first, at least those since `since` (seconds since 1970)."""

    def add_comment(self, key: str, body: str) -> None: ...

    def move(self, ticket: Ticket, target: str, fence: Fence) -> Moved | NoWay:
        """Gives the ticket the status `target`, a name from <TICKETS>_STATUS_MAP."""

    def is_ours(self, author: Any) -> bool:
        """Whether the author is an account that the bridge uses or used before. Anybody can copy a marker, but nobody
        else can write with our account."""

    def url_of(self, key: str) -> str:
        """The ticket's address for people."""

    def why_hidden(self, container: str) -> str:
        """Why we can't see any ticket of the container, and what to do; "" if we can."""

    def check_account(self) -> Iterator[Check]:
        """For `flask check`: whether the ticket system answers, and which account is signed in. Changes nothing."""

    def check_container(self, container: str) -> Iterator[Check]:
        """What works in the container, and what is missing there. Changes nothing."""
