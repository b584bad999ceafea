"""The stand-in for GitLab Issues: projects, issues, notes, and the accounts that write them.

https://docs.gitlab.com/api/issues/. It refuses requests as GitLab does: see gitlab_routes.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.sandbox.changes import TicketSystem
from tools.sandbox.times import now
from tools.sandbox.web import Refusal
from tools.sandbox.windows import Window

TOKEN = "gitlab-demo-token"
PROJECT, OTHER = "acme/app", "acme/mobile/web"
ME: Mapping[str, Any] = {"id": 101, "username": "project_5_bot", "name": "Feedback Bridge"}
PERSON: Mapping[str, Any] = {"id": 42, "username": "mina", "name": "Mina"}
TITLE_LIMIT, TEXT_LIMIT = 255, 1_048_576
GUEST, PLANNER, REPORTER = 10, 15, 20
COMMAND = re.compile(
    r"^/(close|reopen|label|assign|confidential|title|move|due)(?: ([^\n]*))?(?:\s*\n|$)", re.MULTILINE
)


class GitLabRefusal(Refusal):
    """`body`: an object, or text."""


def refusal(status: int, message: Any) -> GitLabRefusal:
    return GitLabRefusal(status, {"message": message})


@dataclass
class GitLabIssue:
    id: int
    iid: int
    title: str
    description: str
    author: Mapping[str, Any]
    created_at: str
    labels: list[str] = field(default_factory=list)
    state: str = "opened"
    updated_at: str = ""
    notes: list[dict[str, Any]] = field(default_factory=list)
    moved_to_id: int | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    """Its history: when it was closed and reopened."""
    frozen: bool = False
    """Whether a change of the state is ignored, as for an account that may change the issue but not close it."""


@dataclass
class Project:
    """`level`: the role of the token's account; None: it can't see the project; 0: it can see it because it is
    public."""

    id: int
    path: str
    level: int | None = REPORTER
    archived: bool = False
    issues_on: bool = True
    issues: dict[int, GitLabIssue] = field(default_factory=dict)
    last_iid: int = 0


@dataclass
class GitLab(TicketSystem):
    """The data of GitLab. `remaining`: requests until the limit of the server; `new_notes`: the limit of notes."""

    token: str = TOKEN
    scopes: tuple[str, ...] = ("api",)
    expires: str | None = None
    expired: bool = False
    new_notes: Window = field(default_factory=lambda: Window(300))
    remaining: int = 2000
    executed: list[str] = field(default_factory=list)
    """Quick actions that were carried out."""
    projects: dict[int, Project] = field(default_factory=lambda: {5: Project(5, PROJECT), 6: Project(6, OTHER)})
    renamed: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._last_id = 300

    def project(self, name: str) -> Project:
        """The project, by id or path."""
        for found in self.projects.values():
            if name in (str(found.id), found.path) or name.casefold() == found.path.casefold():
                if found.level is not None:
                    return found
                break
        raise refusal(404, "404 Project Not Found")

    def at(self, path: str) -> Project:
        return next(project for project in self.projects.values() if project.path == path)

    def issue(self, project: Project, iid: int) -> GitLabIssue:
        if iid not in project.issues or not project.issues_on:
            raise refusal(404, "404 Not found")
        return project.issues[iid]

    def may_create(self, project: Project) -> None:
        if project.archived or not project.issues_on or (project.level or 0) < GUEST:
            raise refusal(403, "403 Forbidden")

    def create(self, project: Project, body: Mapping[str, Any], by: Mapping[str, Any] = PERSON) -> GitLabIssue:
        title, text = str(body["title"]), str(body.get("description") or "")
        problems: dict[str, list[str]] = {}
        if not title.strip():
            problems["title"] = ["can't be blank"]
        elif len(title) > TITLE_LIMIT:
            problems["title"] = [f"is too long (maximum is {TITLE_LIMIT} characters)"]
        if len(text) > TEXT_LIMIT:
            problems["description"] = [f"is too long (maximum is {TEXT_LIMIT} characters)"]
        if problems:
            raise refusal(400, problems)
        labels = [label.strip() for label in str(body.get("labels") or "").split(",") if label.strip()]
        with self.lock:
            issue = self._new(project, title, text, by, now())
            issue.labels = labels if (project.level or 0) >= PLANNER else []  # ignored without an error
            issue.description = self._carry_out(issue, text)
            self.created_count += 1
        return issue

    def _new(self, project: Project, title: str, text: str, by: Mapping[str, Any], moment: str) -> GitLabIssue:
        project.last_iid += 1
        self._last_id += 1
        issue = GitLabIssue(self._last_id, project.last_iid, title, text, by, moment, updated_at=moment)
        project.issues[issue.iid] = issue
        return issue

    def _carry_out(self, issue: GitLabIssue, text: str) -> str:
        """Executes quick actions: a line such as `/close` is executed, and not shown."""
        for command, _ in COMMAND.findall(text.replace("\r", "")):
            self.executed.append(command)
            if command in ("close", "reopen"):
                issue.state = "closed" if command == "close" else "opened"
        return COMMAND.sub("", text.replace("\r", "")).rstrip()

    def note(self, issue: GitLabIssue, text: Any, by: Mapping[str, Any] = PERSON) -> dict[str, Any]:
        if not isinstance(text, str):
            raise GitLabRefusal(400, {"error": "body is missing"})
        with self.lock:
            shown = self._carry_out(issue, text)
            if not shown.strip():
                raise refusal(400, {"note": ["can't be blank"]})
            if len(shown) > TEXT_LIMIT:
                raise refusal(400, {"note": [f"is too long (maximum is {TEXT_LIMIT} characters)"]})
            self._last_id += 1
            moment = now()
            note = {"id": self._last_id, "body": shown, "author": by, "system": False, "created_at": moment}
            issue.notes.append(note)
            issue.updated_at = moment
        return note

    def count_note(self) -> None:
        """Counts a note for the application's own limit, whose answer names no time to wait."""
        if not self.new_notes.take():
            raise GitLabRefusal(429, {"message": {"error": "This endpoint has been requested too many times."}})

    def change(
        self, project: Project, issue: GitLabIssue, body: Mapping[str, Any], by: Mapping[str, Any] = PERSON
    ) -> None:
        event = body.get("state_event")
        if event not in ("close", "reopen", None):
            raise GitLabRefusal(400, {"error": "state_event does not have a valid value"})
        if not body.keys() & {"state_event", "title", "description", "labels"}:
            raise GitLabRefusal(400, {"error": "title, description, labels, state_event are missing, at least one"})
        mine = issue.author["id"] == ME["id"]
        if project.archived or not ((project.level or 0) >= PLANNER or (mine and project.level)):
            raise refusal(403, "403 Forbidden")
        with self.lock:
            issue.updated_at = now()
            state = {"close": "closed", "reopen": "opened", None: issue.state}[event]
            if state != issue.state and not issue.frozen:
                issue.state = state
                shown = {"state": "closed" if state == "closed" else "reopened", "created_at": issue.updated_at}
                issue.events.append({**shown, "user": by, "resource_type": "Issue", "resource_id": issue.id})
                self.changed({"issue": issue, "project": project, "by": by})

    # What people do.

    def delete(self, path: str, iid: int) -> None:
        del self.at(path).issues[iid]

    def move(self, path: str, iid: int, to: str) -> GitLabIssue:
        """A person moves an issue: the original is closed; the copy has its author, times and notes."""
        issue = self.at(path).issues[iid]
        copy = self._new(self.at(to), issue.title, issue.description, issue.author, issue.created_at)
        copy.notes = [dict(note) for note in issue.notes]
        issue.state, issue.moved_to_id = "closed", copy.id
        return copy

    def rename(self, path: str, to: str) -> None:
        project = self.at(path)
        self.renamed[path.casefold()] = project.id
        project.path = to
