"""Trackers with a REST API whose tickets are the numbered issues of a repository: GitHub and GitLab.

An adapter adds the paths, the reading of answers, and the statuses.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar, Generic, TypeVar

from bridge.http import Answer
from connectors.base import Check, note
from connectors.tickets.advice import Advice
from connectors.tickets.base import Account, Comment, Created, Draft, IncompleteSearch, Refused, Ticket
from connectors.tickets.checks import can_create, renamed
from connectors.tickets.markers import Marker
from connectors.tickets.markup import Markup
from connectors.tickets.names import Names
from connectors.tickets.rest import Rest, moment_of, text_of
from connectors.tickets.settings import IssueSettings
from sources.base import seconds_of

PAGE = 30
"""Entries of one page. Texts are long: 30 texts of 65,536 characters, four bytes each, fit into MAX_ANSWER_BYTES."""
PAGES = 10
COMMENT_PAGES = 25
S = TypeVar("S", bound=IssueSettings)


class IssueTracker(ABC, Generic[S]):
    """The verbs of `TicketApi` that these trackers share. The adapter adds the rest, such as `read` and `move`."""

    token: str
    """The variable of the token."""
    container: str
    names: Names
    markup: Markup

    advice: ClassVar[Advice]
    headers: ClassVar[Mapping[str, str]] = {}
    """Headers of every request, in addition to the token."""
    account: ClassVar[str] = "/user"
    """The path that describes the account of the token."""
    login: ClassVar[str] = "login"
    """The field with the name of an account."""
    full_name: ClassVar[str]
    """The field with the name of a repository."""
    issues_off: ClassVar[tuple[str, object]]
    """The field of a repository that shows that its issues are switched off, and the field's value in that case."""
    impossible: ClassVar[Mapping[str, Any]] = {}
    """A new issue that the tracker refuses after it has checked the permission."""
    comment_path: ClassVar[str] = "comments"
    author: ClassVar[str] = "user"
    """The field with the account that wrote something."""
    text: ClassVar[str] = "body"
    """The field with the text of an issue."""
    opened: ClassVar[str] = "open"
    """The state of an issue that is not closed."""
    labelling: ClassVar[str]
    """The role that may set labels."""

    def __init__(self, settings: S, pool: int) -> None:
        self._settings = settings
        self.title = settings.TITLE
        self.token = settings.variable("token")
        headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}", **self.headers}
        self._rest = Rest(self.title, settings, headers, pool, partial(self.advice.explain, settings))

    # What the adapter adds.

    @abstractmethod
    def path_of(self, container: str) -> str:
        """The repository in the API."""

    @abstractmethod
    def new_ticket(self, draft: Draft) -> dict[str, Any]:
        """What `create` sends. Pure."""

    @abstractmethod
    def key_of(self, raw: Mapping[str, Any], asked: str) -> str:
        """The key of an issue, as the tracker returns it; `asked`: the repository that was asked. Raises the errors
        that `Rest.reading` catches."""

    @abstractmethod
    def newest(self, login: str, since: str) -> dict[str, str]:
        """The query for issues that an account created, newest first. It may leave out those created before `since`."""

    @abstractmethod
    def search(self, container: str, login: str, text: str) -> Iterable[Any]:
        """Issues that an account created and whose text contains `text`. The result may be outdated, and may contain
        other issues."""

    @abstractmethod
    def comment_pages(self, path: str, since: float) -> Iterable[list[Any]]:
        """Newest first."""

    @abstractmethod
    def about_token(self, answer: Answer) -> Iterator[Check]:
        """Further lines about the token; `answer`: the answer about the account."""

    @abstractmethod
    def drops_labels(self, repository: Mapping[str, Any]) -> bool:
        """Whether the tracker ignores the labels of new issues, because of the role of the account."""

    @abstractmethod
    def changed(self, since: str) -> dict[str, str]:
        """The query for issues that were changed since `since`, the oldest change first."""

    def is_issue(self, raw: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Whether an entry of a list is an issue."""
        return True

    # What follows from that.

    def expires(self, when: object) -> Iterator[Check]:
        if isinstance(when, str) and when:
            yield note(f"{self.token} expires on {when[:30]}")

    def path(self, key: str) -> str:
        return f"{self.path_of(self.names.container_of(key))}/issues/{self.names.number_of(key)}"

    def prepare(self, draft: Draft) -> dict[str, Any]:
        return self.new_ticket(draft)

    def create(self, container: str, request: Mapping[str, Any]) -> Created:
        with self._rest.reading():
            path = f"{self.path_of(container)}/issues"
            ticket = self.ticket_of(self._rest.one("POST", path, dict(request)), container)
            return Created(ticket.key, ticket.key)

    def find(self, container: str, marker: Marker) -> list[Ticket]:
        """Reads the issues that our account created since the marker can exist. Lists show a new issue at once, a
        search does not: it is used only for issues that are older than the newest 300."""
        logins = [self._myself.login, *self._settings.former_accounts]
        tickets = [ticket for login in logins for ticket in self._created_by(login, container, marker)]
        return sorted((ticket for ticket in tickets if ticket.carries(marker)), key=lambda ticket: ticket.made)

    def _created_by(self, login: str, container: str, marker: Marker) -> Iterator[Ticket]:
        query = self.newest(login, moment_of(marker.earliest))
        for raws in self._rest.pages(f"{self.path_of(container)}/issues", PAGE, PAGES, **query):
            tickets = self._tickets(raws, container)
            yield from tickets
            if len(raws) < PAGE or (tickets and tickets[-1].made < marker.earliest):
                return
        yield from self._tickets(self.search(container, login, marker.text), container)

    def _tickets(self, raws: Any, container: str) -> list[Ticket]:
        with self._rest.reading():
            return [self.ticket_of(raw, container) for raw in raws if self.is_issue(raw)]

    def ticket_of(self, raw: Mapping[str, Any], asked: str) -> Ticket:
        """As `key_of`."""
        key = self.key_of(raw, asked)
        if not self.names.key.fullmatch(key):
            raise ValueError("no name of an issue")
        markers = self.markup.markers_in(raw[self.text] or "")
        changed = seconds_of(str(raw.get("updated_at"))) or 0.0
        return Ticket(key, key, self.status_of(raw), markers, self.author_of(raw), made(raw), changed=changed)

    def status_of(self, raw: Mapping[str, Any]) -> str:
        if raw["state"] not in (self.opened, "closed"):
            raise ValueError("no state of an issue")
        return str(raw["state"])

    def changed_since(self, container: str, since: float) -> Iterator[Ticket]:
        seen = 0
        query = self.changed(moment_of(since))
        for raws in self._rest.pages(f"{self.path_of(container)}/issues", PAGE, PAGES, **query):
            yield from self._tickets(raws, container)
            seen += len(raws)
        if seen == PAGE * PAGES:
            raise IncompleteSearch(seen)

    def comments(self, key: str, since: float) -> Iterator[Comment]:
        for raws in self.comment_pages(f"{self.path(key)}/{self.comment_path}", since):
            with self._rest.reading():
                comments = [Comment(text_of(raw["body"]), self.author_of(raw), made(raw)) for raw in raws]
            yield from comments
            if comments and comments[-1].made < since:
                return

    def initial_status(self, request: Mapping[str, Any]) -> str:  # noqa: ARG002
        return self.opened

    def new_comment(self, body: str) -> dict[str, Any]:
        return {"body": body}

    def add_comment(self, key: str, body: str) -> None:
        self._rest.one("POST", f"{self.path(key)}/{self.comment_path}", self.new_comment(body))

    def called(self, ticket: Ticket, names: Iterable[str]) -> list[str]:
        return [name for name in names if name == ticket.status]

    def author_of(self, raw: Mapping[str, Any]) -> Account:
        """Account 0 (nobody) if the account was deleted."""
        return self._account(raw[self.author]) if raw[self.author] else Account(0, "")

    def _account(self, raw: Mapping[str, Any]) -> Account:
        return Account(int(raw["id"]), str(raw[self.login]))

    @cached_property
    def _myself(self) -> Account:
        with self._rest.reading():
            return self._account(self._rest.one("GET", self.account))

    def is_ours(self, author: Account) -> bool:
        return author.id == self._myself.id or author.login in self._settings.former_accounts

    def why_hidden(self, container: str) -> str:
        try:
            return self._why_off(container, self._rest.one("GET", self.path_of(container)))
        except Refused as refusal:
            if not refusal.gone:
                raise
        return f"{self.token} no longer gives access to the {self.container} {container}"

    def _why_off(self, container: str, repository: Mapping[str, Any]) -> str:
        field, off = self.issues_off
        if repository.get(field) != off:
            return ""
        return f"issues are switched off in the {self.container} {container}; switch them on in its settings"

    def check_account(self) -> Iterator[Check]:
        answer = self._rest.call("GET", self.account)
        with self._rest.reading():
            login = str(answer.json()[self.login])
        yield Check(True, f"signed in as {login[:100]}")
        yield from self.about_token(answer)

    def check_container(self, container: str) -> Iterator[Check]:
        found = self._rest.one("GET", self.path_of(container))
        name = container if container.isdecimal() else str(found.get(self.full_name, container))
        if wrong := renamed(self._settings.variable(self._settings.CONTAINER), container, name):
            yield wrong
            return
        if off := self._why_off(container, found):
            yield Check(False, off)
            return
        can = can_create(
            container, lambda: self._rest.call("POST", f"{self.path_of(container)}/issues", dict(self.impossible))
        )
        yield can
        if can.ok and self._settings.labels and self.drops_labels(found):
            what = f"{self._settings.variable('labels')}: {self.title} drops labels of this account in {container}"
            yield Check(False, f"{what}: give it the role {self.labelling}, or leave the variable empty")


def made(raw: Mapping[str, Any]) -> float:
    return seconds_of(raw["created_at"]) or 0.0
