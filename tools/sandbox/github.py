"""The stand-in for GitHub Issues: repositories, issues, comments, and the accounts that write them.

https://docs.github.com/en/rest/issues. It refuses requests as GitHub does: see github_routes.py.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.sandbox.changes import TicketSystem
from tools.sandbox.times import now
from tools.sandbox.windows import Window

TOKEN = "github-demo-token"
REPO = "acme/app"
ME: Mapping[str, Any] = {"login": "feedback-bridge", "id": 101, "type": "User"}
PERSON: Mapping[str, Any] = {"login": "mina", "id": 42, "type": "User"}
TITLE_LIMIT, TEXT_LIMIT, LABEL_LIMIT = 256, 65_536, 50
REASONS = ("completed", "not_planned", "duplicate")


class GitHubRefusal(Exception):
    """`{"message": …, "errors": […]}` with a status and headers."""

    def __init__(
        self, status: int, message: str, *errors: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.message, self.errors, self.headers = status, message, list(errors), headers
        super().__init__(f"{status} {message}")


def invalid(field_name: str, code: str, message: str = "") -> GitHubRefusal:
    error = {"resource": "Issue", "field": field_name, "code": code, **({"message": message} if message else {})}
    return GitHubRefusal(422, "Validation Failed", error)


@dataclass
class GitHubIssue:
    number: int
    title: str
    body: str
    user: Mapping[str, Any]
    created_at: str
    visible_at: float
    """The time from which the search finds it (seconds of the monotonic clock)."""
    labels: list[str] = field(default_factory=list)
    state: str = "open"
    state_reason: str | None = None
    updated_at: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    pull_request: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    """Its history: when it was closed and reopened."""

    @property
    def status(self) -> str:
        return self.state if self.state_reason != "not_planned" else f"{self.state}:not_planned"


@dataclass
class Repository:
    """`access`: the token's access: `none` (then a private repository seems not to exist), `read` or `write`; `push`:
    whether the account may set labels."""

    id: int
    name: str
    access: str = "write"
    push: bool = True
    archived: bool = False
    has_issues: bool = True
    issues: dict[int, GitHubIssue] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    transferred: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Number here -> (the new repository, the number there)."""
    last_number: int = 0


@dataclass
class GitHub(TicketSystem):
    """The data of GitHub. `search_lag`: seconds until the search finds a new issue; lists show it at once."""

    token: str = TOKEN
    expires: str = ""
    search_lag: float = 10.0
    writes: Window = field(default_factory=lambda: Window(80))
    remaining: int = 5000
    repositories: dict[str, Repository] = field(
        default_factory=lambda: {name: Repository(id, name) for id, name in ((1001, REPO), (1002, "acme/web"))}
    )
    renamed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._last_comment = 0

    def repository(self, name: str) -> Repository:
        found = {key.casefold(): value for key, value in self.repositories.items()}.get(name.casefold())
        if found is None or found.access == "none":
            raise GitHubRefusal(404, "Not Found")
        return found

    def by_id(self, number: int) -> Repository:
        name = next((name for name, found in self.repositories.items() if found.id == number), "")
        return self.repository(name)

    def may_write(self, repository: Repository) -> None:
        if repository.archived:
            raise GitHubRefusal(403, "Repository was archived so is read-only.")
        if repository.access != "write":
            headers = {"X-Accepted-GitHub-Permissions": "issues=write"}
            raise GitHubRefusal(403, "Resource not accessible by personal access token", headers=headers)
        if not repository.has_issues:
            raise GitHubRefusal(410, "Issues has been disabled in this repository.")

    def count_write(self) -> None:
        """Counts a write for the secondary rate limit."""
        if not self.writes.take():
            words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            raise GitHubRefusal(403, words, headers={"Retry-After": "60"})

    def issue(self, repository: Repository, number: int) -> GitHubIssue:
        if not repository.has_issues:
            raise GitHubRefusal(410, "Issues has been disabled in this repository.")
        if number in repository.deleted:
            raise GitHubRefusal(410, "This issue was deleted")
        if number not in repository.issues:
            raise GitHubRefusal(404, "Not Found")
        return repository.issues[number]

    def create(self, repository: Repository, body: Mapping[str, Any], by: Mapping[str, Any] = PERSON) -> GitHubIssue:
        title, text = body.get("title"), body.get("body") or ""
        if title is None or not str(title).strip():
            raise invalid("title", "missing_field")
        if not isinstance(title, str) or not isinstance(text, str):
            raise GitHubRefusal(422, "Invalid request.\n\nFor 'properties/title', is not a string.")
        if len(title) > TITLE_LIMIT:
            raise invalid("title", "custom", f"title is too long (maximum is {TITLE_LIMIT} characters)")
        check_text(text)
        labels = [str(label) for label in body.get("labels") or []]
        if any(len(label) > LABEL_LIMIT for label in labels):
            raise GitHubRefusal(422, "Validation Failed", {"resource": "Label", "field": "name", "code": "invalid"})
        with self.lock:
            repository.last_number += 1
            number, moment = repository.last_number, now("seconds")
            visible = time.monotonic() + self.search_lag
            issue = GitHubIssue(number, title, text, by, moment, visible, updated_at=moment)
            issue.labels = labels if repository.push else []  # dropped without an error
            repository.issues[number] = issue
            self.created_count += 1
        return issue

    def comment(self, issue: GitHubIssue, text: Any, by: Mapping[str, Any] = PERSON) -> dict[str, Any]:
        if not isinstance(text, str) or not text.strip():
            raise GitHubRefusal(
                422, "Validation Failed", {"resource": "IssueComment", "code": "missing_field", "field": "body"}
            )
        check_text(text)
        with self.lock:
            self._last_comment += 1
            moment = now("seconds")
            comment = {"id": self._last_comment, "body": text, "user": by, "created_at": moment, "updated_at": moment}
            issue.comments.append(comment)
            issue.updated_at = moment
        return comment

    def change(self, issue: GitHubIssue, body: Mapping[str, Any], by: Mapping[str, Any] = PERSON) -> None:
        state, reason = body.get("state", issue.state), body.get("state_reason")
        if state not in ("open", "closed") or reason not in (*REASONS, "reopened", None):
            raise invalid("state", "invalid")
        with self.lock:
            issue.title = body.get("title", issue.title)
            issue.body = body.get("body", issue.body)
            issue.updated_at = now("seconds")
            if state != issue.state:  # the reason is used only together with a change of the state
                issue.state = state
                issue.state_reason = (reason or "completed") if state == "closed" else "reopened"
                action = "closed" if state == "closed" else "reopened"
                issue.events.append({"event": action, "created_at": issue.updated_at, "actor": by})
                inside = next(it for it in self.repositories.values() if it.issues.get(issue.number) is issue)
                self.changed({"issue": issue, "repository": inside, "action": action, "by": by})

    def search(self, repository: Repository, text: str, author: str) -> list[GitHubIssue]:
        moment = time.monotonic()
        return [
            issue
            for issue in list(repository.issues.values())
            if issue.visible_at <= moment and text in issue.body and issue.user["login"] == author
        ]

    # What people do.

    def delete(self, repo: str, number: int) -> None:
        repository = self.repositories[repo]
        del repository.issues[number]
        repository.deleted.add(number)

    def transfer(self, repo: str, number: int, to: str) -> GitHubIssue:
        source, target = self.repositories[repo], self.repositories[to]
        issue = source.issues.pop(number)
        target.last_number += 1
        source.transferred[number] = (to, target.last_number)
        issue.number = target.last_number
        target.issues[issue.number] = issue
        return issue

    def rename(self, repo: str, to: str) -> None:
        repository = self.repositories.pop(repo)
        repository.name = to
        self.repositories[to] = repository
        self.renamed[repo.casefold()] = to


def check_text(text: str) -> None:
    if len(text) > TEXT_LIMIT:
        raise invalid("body", "custom", f"body is too long (maximum is {TEXT_LIMIT} characters)")
