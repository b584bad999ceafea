"""GitHub Issues as a ticket system.

https://docs.github.com/en/rest/issues. A ticket's marker is a comment in its text, not a label: GitHub drops labels
without a word where the token may not set them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from bridge.http import Answer
from connectors import patience
from connectors.base import Check, Failed, Retry
from connectors.github.errors import ADVICE
from connectors.github.settings import NAMES, Settings, url_of
from connectors.tickets.base import Draft, Fence, Moved, Refused, Ticket
from connectors.tickets.issues import COMMENT_PAGES, PAGE, IssueTracker, made
from connectors.tickets.markup import MARKDOWN
from connectors.tickets.rest import moment_of

EXPIRATION = "github-authentication-token-expiration"


class GitHubApi(IssueTracker[Settings]):
    container = "repository"
    names = NAMES
    markup = MARKDOWN
    full_name = "full_name"
    issues_off = ("has_issues", False)
    labelling = "Triage or Write"
    advice = ADVICE
    headers: ClassVar = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}

    @property
    def search_lag(self) -> float:
        return self._settings.search_lag

    def path_of(self, container: str) -> str:
        return f"/repos/{container}"

    def new_ticket(self, draft: Draft) -> dict[str, Any]:
        return {"title": draft.title, "body": draft.text, "labels": list(self._settings.labels)}

    def read(self, id_or_key: str) -> Ticket:
        with self._rest.reading():
            raw = self._rest.one("GET", self.path(id_or_key))
            if not self.is_issue(raw):
                raise Refused(Failed(f"{id_or_key} is a pull request, and no issue", "not_found"), gone=True)
            return self.ticket_of(raw, NAMES.container_of(id_or_key))

    def is_issue(self, raw: Mapping[str, Any]) -> bool:
        return "pull_request" not in raw

    def newest(self, login: str, since: str) -> dict[str, str]:
        return {"creator": login, "since": since, "state": "all", "sort": "created", "direction": "desc"}

    def changed(self, since: str) -> dict[str, str]:
        return {"since": since, "state": "all", "sort": "updated", "direction": "asc"}

    def search(self, container: str, login: str, text: str) -> Iterator[Any]:
        query = f'"{text}" repo:{container} is:issue author:{login} in:body'
        answer = self._rest.one("GET", "/search/issues", q=query, per_page=str(PAGE))
        yield from answer["items"]
        if answer.get("incomplete_results"):
            raise Refused(Retry("GitHub's search did not finish", "not_yet", patience.LOOK_EVERY))

    def comment_pages(self, path: str, since: float) -> Iterator[list[Any]]:
        """GitHub sorts them by age, oldest first: so the last page comes first."""
        return self._rest.newest_first(path, PAGE, COMMENT_PAGES, since=moment_of(since))

    def move(self, ticket: Ticket, target: str, fence: Fence) -> Moved:
        state, _, reason = target.partition(":")
        here, _, why_closed = ticket.status.partition(":")
        if ticket.status in (target, "closed:duplicate") and here == state:
            return Moved(ticket.status)  # a person's `duplicate` is more exact than any status of ours
        if here == state and why_closed != reason:
            fence(halfway="open")  # GitHub changes the reason together with the state only
            self._rest.one("PATCH", self.path(ticket.key), {"state": "open"})
        fence()
        change = {"state": state, **({"state_reason": reason or "completed"} if state == "closed" else {})}
        with self._rest.reading():
            now = self.status_of(self._rest.one("PATCH", self.path(ticket.key), change))
        return Moved(now, before=ticket.status)

    def moved_at(self, ticket: Ticket) -> float:
        """The history is sorted by age, oldest first."""
        for raws in self._rest.newest_first(f"{self.path(ticket.key)}/events", PAGE, COMMENT_PAGES):
            with self._rest.reading():
                for raw in raws:
                    if raw["event"] in ("closed", "reopened"):
                        return made(raw)
        return 0.0

    def url_of(self, key: str) -> str:
        return url_of(self._settings, key)

    def about_token(self, answer: Answer) -> Iterator[Check]:
        return self.expires(answer.headers.get(EXPIRATION))

    def drops_labels(self, repository: Mapping[str, Any]) -> bool:
        permissions = repository.get("permissions")
        return isinstance(permissions, dict) and not (permissions.get("push") or permissions.get("triage"))

    def key_of(self, raw: Mapping[str, Any], asked: str) -> str:
        """A transferred issue is shown with another repository."""
        repo = "/".join(str(raw["repository_url"]).rsplit("/", 2)[1:]) if "repository_url" in raw else asked
        return f"{asked if repo.casefold() == asked.casefold() else repo}#{raw['number']}"

    def status_of(self, raw: Mapping[str, Any]) -> str:
        """As the status map names it; `closed:duplicate` besides."""
        state, reason = super().status_of(raw), raw.get("state_reason")
        return f"closed:{reason}" if state == "closed" and reason in ("not_planned", "duplicate") else state
