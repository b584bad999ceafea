"""GitHub Issues as a ticket system.

https://docs.github.com/en/rest/issues. A ticket's marker is a comment in its text, not a label: GitHub drops labels
without a word where the token may not set them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from connectors import patience
from connectors.base import Check, Failed, Retry
from connectors.github.checks import check_account, check_repository
from connectors.github.errors import explain
from connectors.github.settings import NAMES, Settings, url_of
from connectors.tickets.base import Comment, Created, Draft, Fence, Moved, Refused, Ticket
from connectors.tickets.markers import Marker
from connectors.tickets.markup import MARKDOWN
from connectors.tickets.rest import Rest, moment_of
from sources.base import seconds_of

PAGE = 30
"""Texts are long: this many of 65,536 characters of four bytes each are less than MAX_ANSWER_BYTES."""
PAGES = 10
COMMENT_PAGES = 25


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    login: str


class GitHubApi:
    title = "GitHub"
    container = "repository"
    names = NAMES
    markup = MARKDOWN

    def __init__(self, settings: Settings, pool: int) -> None:
        self._settings = settings
        self.search_lag = settings.search_lag
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {settings.token.get_secret_value()}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._rest = Rest(self.title, settings, headers, pool, partial(explain, settings))

    def prepare(self, draft: Draft) -> dict[str, Any]:
        return {"title": draft.title, "body": draft.text, "labels": list(self._settings.labels)}

    def create(self, container: str, request: Mapping[str, Any]) -> Created:
        with self._rest.reading():
            ticket = _ticket(self._rest.one("POST", f"/repos/{container}/issues", dict(request)), container)
            return Created(ticket.key, ticket.key)

    def read(self, id_or_key: str) -> Ticket:
        with self._rest.reading():
            raw = self._rest.one("GET", _path(id_or_key))
            if "pull_request" in raw:
                raise Refused(Failed(f"{id_or_key} is a pull request, and no issue", "not_found"), gone=True)
            return _ticket(raw, NAMES.container_of(id_or_key))

    def find(self, container: str, marker: Marker) -> list[Ticket]:
        """Looks through what our account created since the marker can exist. The list shows a new issue at once, unlike
        the search, which is asked only for what is older than the newest 300."""
        logins = [self._myself.login, *self._settings.former_accounts]
        tickets = [ticket for login in logins for ticket in self._created_by(login, container, marker)]
        return sorted((ticket for ticket in tickets if ticket.carries(marker)), key=lambda ticket: ticket.made)

    def _created_by(self, login: str, container: str, marker: Marker) -> Iterator[Ticket]:
        order = {"state": "all", "sort": "created", "direction": "desc"}
        since = moment_of(marker.earliest)
        for raws in self._rest.pages(f"/repos/{container}/issues", PAGE, PAGES, creator=login, since=since, **order):
            tickets = self._tickets(raws, container)
            yield from tickets
            if len(raws) < PAGE or (tickets and tickets[-1].made < marker.earliest):
                return
        query = f'"{marker.text}" repo:{container} is:issue author:{login} in:body'
        answer = self._rest.one("GET", "/search/issues", q=query, per_page=str(PAGE))
        yield from self._tickets(answer.get("items"), container)
        if answer.get("incomplete_results"):
            raise Refused(Retry("GitHub's search did not finish", "not_yet", patience.LOOK_EVERY))

    def comments(self, key: str, since: float) -> Iterator[Comment]:
        """GitHub sorts them by age, oldest first: so the last page comes first."""
        path = f"{_path(key)}/comments"
        for raws in self._rest.newest_first(path, PAGE, COMMENT_PAGES, since=moment_of(since)):
            with self._rest.reading():
                yield from [Comment(raw["body"] or "", _author(raw), _made(raw)) for raw in raws]

    def add_comment(self, key: str, body: str) -> None:
        self._rest.one("POST", f"{_path(key)}/comments", {"body": body})

    def move(self, ticket: Ticket, target: str, fence: Fence) -> Moved:
        state, _, reason = target.partition(":")
        here, _, why_closed = ticket.status.partition(":")
        if ticket.status in (target, "closed:duplicate") and here == state:
            return Moved(ticket.status)  # a person's `duplicate` is more exact than any status of ours
        if here == state and why_closed != reason:
            fence()  # GitHub changes the reason together with the state only
            self._rest.one("PATCH", _path(ticket.key), {"state": "open"})
        fence()
        change = {"state": state, **({"state_reason": reason or "completed"} if state == "closed" else {})}
        with self._rest.reading():
            return Moved(_status(self._rest.one("PATCH", _path(ticket.key), change)), before=ticket.status)

    def is_ours(self, author: Account) -> bool:
        return author.id == self._myself.id or author.login in self._settings.former_accounts

    def url_of(self, key: str) -> str:
        return url_of(self._settings, key)

    def why_hidden(self, container: str) -> str:
        try:
            if self._rest.one("GET", f"/repos/{container}").get("has_issues") is not False:
                return ""
            return f"issues are switched off in the repository {container}; switch them on in its settings"
        except Refused as refusal:
            if not refusal.gone:
                raise
        return f"{self._settings.variable('token')} gives no access to the repository {container} any more"

    def check_account(self) -> Iterator[Check]:
        return check_account(self._settings, self._rest)

    def check_container(self, container: str) -> Iterator[Check]:
        return check_repository(self._settings, self._rest, container)

    @cached_property
    def _myself(self) -> Account:
        with self._rest.reading():
            return _account(self._rest.one("GET", "/user"))

    def _tickets(self, raws: Any, container: str) -> list[Ticket]:
        with self._rest.reading():
            return [_ticket(raw, container) for raw in raws if "pull_request" not in raw]


def _path(key: str) -> str:
    return f"/repos/{NAMES.container_of(key)}/issues/{NAMES.number_of(key)}"


def _ticket(raw: Mapping[str, Any], asked: str) -> Ticket:
    """`asked`: the repository that was asked; a transferred issue is shown with another one."""
    repo = "/".join(str(raw["repository_url"]).rsplit("/", 2)[1:]) if "repository_url" in raw else asked
    key = f"{asked if repo.casefold() == asked.casefold() else repo}#{raw['number']}"
    if not NAMES.key.fullmatch(key):
        raise ValueError("no name of an issue")
    return Ticket(key, key, _status(raw), MARKDOWN.markers_in(raw["body"] or ""), _author(raw), _made(raw))


def _status(raw: Mapping[str, Any]) -> str:
    """As the status map names it; `closed:duplicate` besides."""
    state, reason = raw["state"], raw.get("state_reason")
    if state not in ("open", "closed"):
        raise ValueError("no state of an issue")
    return f"closed:{reason}" if state == "closed" and reason in ("not_planned", "duplicate") else str(state)


def _made(raw: Mapping[str, Any]) -> float:
    return seconds_of(raw["created_at"]) or 0.0


def _author(raw: Mapping[str, Any]) -> Account:
    """Nobody, for what a deleted account wrote."""
    return _account(raw["user"]) if raw["user"] else Account(0, "")


def _account(raw: Mapping[str, Any]) -> Account:
    return Account(int(raw["id"]), str(raw["login"]))
