"""The data of ABC User Feedback's stand-in: projects, channels, issues, feedbacks, and the author of each write.

Ids are global, not per project, and the API does not check them against the project: this is measured, not a mistake.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from tools.sandbox.times import stamp

STATUSES = ("INIT", "ON_REVIEW", "IN_PROGRESS", "RESOLVED", "PENDING")
DEMO_KEY = "DEMOKEYDEMOKEY000001"
Property = Literal["READ_ONLY", "EDITABLE"]


def now(*, whole_seconds: bool = False) -> str:
    """The time as ABC writes it: UTC, milliseconds, `Z`; some endpoints write whole seconds (measured)."""
    moment = datetime.now(UTC)
    return stamp(moment.replace(microsecond=0) if whole_seconds else moment)


@dataclass
class FieldSpec:
    id: int
    key: str
    format: str
    property: Property = "EDITABLE"
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"
    name: str = ""
    options: list[str] = field(default_factory=list)


@dataclass
class ProjectRow:
    id: int
    name: str
    key: str
    createdAt: str = field(default_factory=now)
    updatedAt: str = field(default_factory=now)


@dataclass
class ChannelRow:
    id: int
    project: int
    name: str
    fields: dict[str, FieldSpec] = field(default_factory=dict)
    search_max_days: int = -1
    """The channel's feedbackSearchMaxDays; -1 means no limit."""
    createdAt: str = field(default_factory=now)


@dataclass
class IssueRow:
    id: int
    project: int
    createdAt: str
    updatedAt: str
    name: str
    description: str | None = None
    status: str = "INIT"
    externalIssueId: str | None = None
    feedbackCount: int = 0

    def as_event(self) -> dict[str, Any]:
        """The issue as in a webhook, with its keys in the same order."""
        values = asdict(self)
        del values["project"]
        return values

    def as_answer(self) -> dict[str, Any]:
        keys = ("id", "name", "description", "status", "externalIssueId", "feedbackCount", "createdAt", "updatedAt")
        return {key: getattr(self, key) for key in keys}

    def inside_feedback(self) -> dict[str, Any]:
        values = self.as_event()
        head = {key: values.pop(key) for key in ("id", "createdAt", "updatedAt")}
        return {**head, "deletedAt": None, **values}


@dataclass
class FeedbackRow:
    id: int
    channel: int
    createdAt: str
    updatedAt: str
    data: dict[str, Any]
    issues: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Write:
    """One change of stored data: author, action, entity, and the values that were sent or set."""

    at: str
    by: str
    what: str
    entity: int
    values: Mapping[str, Any]


DEMO_FIELDS: tuple[tuple[str, str, Property, tuple[str, ...]], ...] = (
    ("message", "text", "READ_ONLY", ()),
    ("note", "text", "EDITABLE", ()),
    ("userEmail", "keyword", "READ_ONLY", ()),
    ("rating", "number", "EDITABLE", ()),
    ("tags", "multiSelect", "EDITABLE", ("bug", "payment", "ui", "한국어")),
    ("device", "select", "EDITABLE", ("ios", "android")),
    ("occurredAt", "date", "EDITABLE", ()),
    ("screenshots", "images", "EDITABLE", ()),
    ("translatedMessage", "text", "EDITABLE", ()),
    ("translatedLang", "keyword", "EDITABLE", ()),
    ("message_en", "text", "EDITABLE", ()),
    ("message_ja", "text", "EDITABLE", ()),
    ("importedText", "text", "READ_ONLY", ()),
    ("retiredText", "text", "EDITABLE", ()),
)


class AbcStore:
    """All data, protected by one lock; methods without `_` may be called from any thread."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.projects: dict[int, ProjectRow] = {}
        self.channels: dict[int, ChannelRow] = {}
        self.issues: dict[int, IssueRow] = {}
        self.feedbacks: dict[int, FeedbackRow] = {}
        self.writes: list[Write] = []
        self._last: dict[str, int] = {}
        self._uncommitted_names: set[tuple[int, str]] = set()
        self._seed()

    def _seed(self) -> None:
        project = self.create_project("Demo project", DEMO_KEY)
        channel = self.create_channel(project.id, "App reviews")
        channel.fields["retiredText"].status = "INACTIVE"

    def next_id(self, kind: str) -> int:
        with self.lock:
            self._last[kind] = self._last.get(kind, 0) + 1
            return self._last[kind]

    def record(self, by: str, what: str, entity: int, values: Mapping[str, Any]) -> None:
        with self.lock:
            self.writes.append(Write(now(), by, what, entity, dict(values)))

    def create_project(self, name: str, key: str) -> ProjectRow:
        """`key`: its API key, 20 characters."""
        project = ProjectRow(self.next_id("project"), name, key)
        with self.lock:
            self.projects[project.id] = project
        return project

    def create_channel(self, project: int, name: str) -> ChannelRow:
        """A channel with the demo's fields; change `fields` of the result for other fields."""
        channel = ChannelRow(self.next_id("channel"), project, name)
        for key, kind, label in (
            ("id", "number", "ID"),
            ("createdAt", "date", "Created"),
            ("updatedAt", "date", "Updated"),
        ):
            self.add_field(channel, key, kind, "READ_ONLY", name=label)
        self.add_field(channel, "issues", "multiSelect", name="Issue")
        for key, kind, rights, options in DEMO_FIELDS:
            self.add_field(channel, key, kind, rights, options=options)
        with self.lock:
            self.channels[channel.id] = channel
        return channel

    def add_field(
        self,
        channel: ChannelRow,
        key: str,
        kind: str,
        rights: Property = "EDITABLE",
        *,
        name: str = "",
        options: tuple[str, ...] = (),
    ) -> FieldSpec:
        spec = FieldSpec(self.next_id("field"), key, kind, rights, name=name or key, options=list(options))
        channel.fields[key] = spec
        return spec

    def insert_issue(self, issue: IssueRow, by: str) -> IssueRow:
        with self.lock:
            self.issues[issue.id] = issue
            self.record(by, "issue.create", issue.id, issue.as_answer())
        return issue

    def insert_feedback(self, feedback: FeedbackRow, by: str) -> FeedbackRow:
        with self.lock:
            self.feedbacks[feedback.id] = feedback
            self.record(by, "feedback.create", feedback.id, feedback.data)
        return feedback

    def delete_issue(self, issue: int) -> None:
        with self.lock:
            self.issues.pop(issue, None)
            for feedback in self.feedbacks.values():
                feedback.issues = [other for other in feedback.issues if other != issue]

    def delete_feedback(self, feedback: int) -> None:
        with self.lock:
            self.feedbacks.pop(feedback, None)

    def delete_channel(self, channel: int) -> None:
        with self.lock:
            del self.channels[channel]
            self.feedbacks = {number: row for number, row in self.feedbacks.items() if row.channel != channel}

    def delete_project(self, project: int) -> None:
        """Deletes a project; its key is no longer accepted."""
        with self.lock:
            for channel in [row.id for row in self.channels.values() if row.project == project]:
                self.delete_channel(channel)
            self.issues = {number: row for number, row in self.issues.items() if row.project != project}
            del self.projects[project]

    def feedback_answer(self, row: FeedbackRow) -> dict[str, Any]:
        """A feedback as GET and search return it: its own fields first."""
        with self.lock:
            issues = [self.issues[number].inside_feedback() for number in row.issues if number in self.issues]
            head = {"id": row.id, "createdAt": row.createdAt, "updatedAt": row.updatedAt}
            return {**row.data, **head, "issues": issues}

    def feedback_event(self, row: FeedbackRow) -> dict[str, Any]:
        """A feedback as in a webhook: its own fields between the time stamps and the issues."""
        with self.lock:
            issues = [self.issues[number].as_event() for number in row.issues if number in self.issues]
            head = {"id": row.id, "createdAt": row.createdAt, "updatedAt": row.updatedAt}
            data = {key: value for key, value in row.data.items() if key != "issues"}
            return {**head, **data, "issues": issues}

    def issue_named(self, name: str, project: int | None = None) -> IssueRow | None:
        with self.lock:
            for issue in self.issues.values():
                if issue.name == name and project in (None, issue.project):
                    return issue
        return None

    @contextmanager
    def reserved_names(self, project: int, names: list[str]) -> Iterator[bool]:
        """Reserves names for a running transaction. The value is False if another transaction is creating one of
        them."""
        claims = {(project, name) for name in names}
        with self.lock:
            free = not claims & self._uncommitted_names
            if free:
                self._uncommitted_names |= claims
        try:
            yield free
        finally:
            if free:
                with self.lock:
                    self._uncommitted_names -= claims
