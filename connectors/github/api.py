"""GitHub Issues as a ticket system.

https://docs.github.com/en/rest/issues. A ticket's marker is a comment in its text, not a label: GitHub drops labels
without a word where the token may not set them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors import patience
from connectors.base import Check, Failed, Retry
from connectors.github import checks
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
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {settings.token.get_secret_value()}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        variable = settings.variable("api_url")
        self.rest = Rest(self.title, settings.api_url, headers, pool, lambda a: explain(settings, a), variable)
        self._myself: Account | None = None

    def prepare(self, draft: Draft) -> dict[str, Any]:
        return {"title": draft.title, "body": draft.text, "labels": list(self._settings.labels)}

    def create(self, container: str, request: Mapping[str, Any]) -> Created:
        with self.rest.reading():
            ticket = self._ticket(self.rest.one("POST", f"/repos/{container}/issues", dict(request)), container)
            return Created(ticket.key, ticket.key)

    def read(self, id_or_key: str) -> Ticket:
        with self.rest.reading():
            raw = self.rest.one("GET", _path(id_or_key))
            if "pull_request" in raw:
                raise Refused(Failed(f"{id_or_key} is a pull request, and no issue", "not_found"), gone=True)
            return self._ticket(raw, NAMES.container_of(id_or_key))

    def find(self, container: str, marker: Marker) -> list[Ticket]:
        """Looks through what our account created since the marker can exist. The list shows a new issue at once, unlike
        the search, which is asked only for what is older than the newest 300."""
        logins = [self.myself().login, *self._settings.former_accounts]
        found = [ticket for login in logins for ticket in self._of_creator(container, marker, login)]
        return sorted(found, key=lambda ticket: ticket.made)

    def _of_creator(self, container: str, marker: Marker, login: str) -> Iterator[Ticket]:
        query = {"creator": login, "state": "all", "sort": "created", "direction": "desc", "per_page": str(PAGE)}
        if marker.earliest:
            query["since"] = moment_of(marker.earliest)
        for page in range(1, PAGES + 1):
            raws, _ = self.rest.page(f"/repos/{container}/issues", **query, page=str(page))
            tickets = self._tickets(raws, container)
            yield from _marked(tickets, marker)
            if len(raws) < PAGE or (tickets and tickets[-1].made < marker.earliest):
                return
        words = f'"{marker.text}" repo:{container} is:issue author:{login} in:body'
        with self.rest.reading():
            answer = self.rest.one("GET", "/search/issues", q=words, per_page=str(PAGE))
            older = self._tickets(answer["items"], container)
        if answer.get("incomplete_results"):
            raise Refused(Retry("GitHub's search did not finish", "not_yet", patience.LOOK_EVERY))
        yield from _marked(older, marker)

    @property
    def search_lag(self) -> float:
        return self._settings.search_lag

    def comments(self, key: str, since: float) -> Iterator[Comment]:
        """GitHub sorts them by age, oldest first: so the last page comes first."""
        query = {"per_page": str(PAGE), **({"since": moment_of(since)} if since else {})}
        for raws in self.rest.newest_first(f"{_path(key)}/comments", COMMENT_PAGES, **query):
            with self.rest.reading():
                yield from [Comment(raw["body"] or "", _account(raw["user"]), _made(raw)) for raw in raws]

    def add_comment(self, key: str, body: str) -> None:
        self.rest.one("POST", f"{_path(key)}/comments", {"body": body})

    def move(self, ticket: Ticket, target: str, fence: Fence) -> Moved:
        state, _, reason = target.partition(":")
        here, _, why_closed = ticket.status.partition(":")
        if ticket.status in (target, "closed:duplicate") and here == state:
            return Moved(ticket.status)  # a person's `duplicate` says more than any status of ours
        if here == state and why_closed != reason:
            fence()  # GitHub changes the reason together with the state only
            self.rest.one("PATCH", _path(ticket.key), {"state": "open"})
        fence()
        change = {"state": state, **({"state_reason": reason or "completed"} if state == "closed" else {})}
        with self.rest.reading():
            return Moved(_status(self.rest.one("PATCH", _path(ticket.key), change)), before=ticket.status)

    def is_ours(self, author: Account) -> bool:
        return author.id == self.myself().id or author.login in self._settings.former_accounts

    def url_of(self, key: str) -> str:
        return url_of(self._settings.api_url, key)

    def why_hidden(self, container: str) -> str:
        try:
            if self.rest.one("GET", f"/repos/{container}").get("has_issues") is not False:
                return ""
            return f"issues are switched off in the repository {container}; switch them on in its settings"
        except Refused as refusal:
            if not refusal.gone:
                raise
        return f"{self._settings.variable('token')} gives no access to the repository {container} any more"

    def myself(self) -> Account:
        """Asks GitHub once."""
        if self._myself is None:
            with self.rest.reading():
                self._myself = _account(self.rest.one("GET", "/user"))
        return self._myself

    def check(self) -> Iterator[Check]:
        return checks.check(self._settings, self.rest)

    def _tickets(self, raws: list[Any], container: str) -> list[Ticket]:
        with self.rest.reading():
            return [self._ticket(raw, container) for raw in raws if "pull_request" not in raw]

    def _ticket(self, raw: dict[str, Any], asked: str) -> Ticket:
        """`asked`: the repository that was asked; a transferred issue is shown with another one."""
        repo = "/".join(str(raw["repository_url"]).rsplit("/", 2)[1:]) if "repository_url" in raw else asked
        key = f"{asked if repo.casefold() == asked.casefold() else repo}#{raw['number']}"
        if not NAMES.key.fullmatch(key):
            raise ValueError("no name of an issue")
        markers = MARKDOWN.markers_in(raw["body"] or "")
        return Ticket(key, key, _status(raw), markers, _account(raw["user"]), _made(raw))


def _marked(tickets: list[Ticket], marker: Marker) -> list[Ticket]:
    return [ticket for ticket in tickets if any(marker.is_text(text, ticket.made) for text in ticket.markers)]


def _path(key: str) -> str:
    return f"/repos/{NAMES.container_of(key)}/issues/{NAMES.number_of(key)}"


def _status(raw: Mapping[str, Any]) -> str:
    """As GITHUB_STATUS_MAP names it; `closed:duplicate` besides."""
    state, reason = raw["state"], raw.get("state_reason")
    if state not in ("open", "closed"):
        raise ValueError("no state of an issue")
    return f"closed:{reason}" if state == "closed" and reason in ("not_planned", "duplicate") else str(state)


def _made(raw: Mapping[str, Any]) -> float:
    return seconds_of(raw["created_at"]) or 0.0


def _account(raw: Any) -> Account:
    """Nobody, for what a deleted account wrote."""
    return Account(int(raw["id"]), str(raw["login"])) if raw else Account(0, "")
