"""The stand-in for ABC User Feedback (release 8.2617.111): the changes and events of its actions, with their traps as
measured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tools.sandbox.abc_rules import (
    Refusal,
    issue_values,
    new_feedback_problem,
    server_fault,
    set_feedback_values,
)
from tools.sandbox.abc_sender import Sender
from tools.sandbox.abc_store import AbcStore, ChannelRow, FeedbackRow, IssueRow, now

COMMIT_SECONDS = 0.06  # how long an issue made through issueNames can't be read yet (median; 0.15 at most)


class Abc(AbcStore):
    """The store with the API's actions. Each action changes the stored data, records the author, and sends an event."""

    def __init__(self, sender: Sender, commit_seconds: float = COMMIT_SECONDS) -> None:
        super().__init__()
        self.sender = sender
        self.commit_seconds = commit_seconds

    def create_issue(self, project: int, values: Mapping[str, Any], by: str = "python") -> IssueRow:
        checked = issue_values(values, creation=True)
        with self.lock:
            if self.issue_named(checked["name"], project):
                raise Refusal(400, {"code": "IssueNameDuplicated", "message": "issue name is duplicated"})
            moment = now()
            row = IssueRow(self.next_id("issue"), project, moment, moment, **checked)
            self.insert_issue(row, by)
        self._announce_issue(project, "ISSUE_CREATION", row.id)
        return row

    def update_issue(self, issue: int, values: Mapping[str, Any], by: str = "python") -> IssueRow:
        """A full replacement: a missing status becomes INIT; a missing externalIssueId is not changed."""
        checked = issue_values(values, creation=False)
        with self.lock:
            row = self.issue(issue)
            same = self.issue_named(checked["name"], row.project)
            if same is not None and same is not row:
                message = "Issue name is invalid: Duplicated name"
                raise Refusal(400, {"code": "IssueInvalidName", "message": message})
            previous = row.status
            changes = {key: value for key, value in checked.items() if getattr(row, key) != value}
            for key, value in changes.items():
                setattr(row, key, value)
            if changes:
                row.updatedAt = now()
            self.record(by, "issue.update", issue, values)
            project = row.project
        if previous != row.status:
            self._announce_issue(project, "ISSUE_STATUS_CHANGE", issue, previousStatus=previous)
        return row

    def set_status(self, issue: int, status: str, by: str = "python") -> IssueRow:
        """Changes only the status, as a person does in the web app."""
        row = self.issue(issue)
        # Without the length checks: long names exist (issueNames), and a test may change the status of such an issue.
        with self.lock:
            previous, row.status, row.updatedAt = row.status, status, now()
            self.record(by, "issue.update", issue, {"status": status})
        if previous != status:
            self._announce_issue(row.project, "ISSUE_STATUS_CHANGE", issue, previousStatus=previous)
        return row

    def create_feedback(self, channel: int, values: Mapping[str, Any], by: str = "python") -> FeedbackRow:
        """With `issueNames`: each new name is announced, the transaction takes a moment, then all can be read."""
        place = self.channels[channel]
        names = list(dict.fromkeys(values.get("issueNames") or []))
        data = {key: value for key, value in values.items() if key not in ("issueNames", "createdAt")}
        problem = new_feedback_problem(place, data)
        if problem:
            raise Refusal(400, problem)
        moment = now()
        row = FeedbackRow(self.next_id("feedback"), channel, str(values.get("createdAt") or moment), moment, data)
        new = [name for name in names if self.issue_named(name) is None]
        with self.reserved_names(place.project, new) as free:
            if not free:
                raise server_fault()
            created = [self._announce_uncommitted(place, name) for name in new]
            if created:
                time.sleep(self.commit_seconds)
            with self.lock:
                for fresh in created:
                    self.insert_issue(fresh, by)
                attached = [known for known in map(self.issue_named, names) if known is not None]
                row.issues = [known.id for known in attached]
                self.insert_feedback(row, by)
                for known in attached:
                    known.feedbackCount += 1
                    known.updatedAt = now(whole_seconds=True)
                if attached:
                    row.updatedAt = now(whole_seconds=True)
        self._announce_feedback(row, "FEEDBACK_CREATION")
        return row

    def update_feedback(self, channel: int, feedback: int, values: Any, by: str = "python") -> None:
        """Merges the values. No error if the feedback does not exist, or is in another channel."""
        with self.lock:
            set_feedback_values(self.channels.get(channel), values)
            row = self.feedbacks.get(feedback)
            if row is not None:
                row.data.update(values)
                row.updatedAt = now(whole_seconds=True)
                self.record(by, "feedback.update", feedback, values)

    def attach(self, feedback: int, issue: int, by: str = "python") -> None:
        """Counts and sends an event every time, also if the feedback was already attached."""
        with self.lock:
            if issue not in self.issues:
                raise Refusal(400, "unknown id")
            if feedback not in self.feedbacks:
                raise server_fault()
            row, added = self.feedbacks[feedback], self.issues[issue]
            if issue not in row.issues:
                row.issues.append(issue)
            added.feedbackCount += 1
            added.updatedAt = row.updatedAt = now(whole_seconds=True)
            self.record(by, "feedback.attach", feedback, {"issue": issue})
        self._announce_feedback(row, "ISSUE_ADDITION", issue)

    def issue(self, issue: int) -> IssueRow:
        """The issue. Raises Refusal as the API does."""
        with self.lock:
            if issue not in self.issues:
                raise Refusal(400, {"code": "IssueNotFound", "message": "issue is not found"})
            return self.issues[issue]

    def channel(self, channel: int) -> ChannelRow:
        if channel not in self.channels:
            raise Refusal(400, {"code": "ChannelNotFound", "message": "channel is not found"})
        return self.channels[channel]

    def _project(self, project: int) -> dict[str, Any]:
        return {"id": project, "name": self.projects[project].name}

    def _announce_issue(self, project: int, event: str, issue: int, **more: Any) -> None:
        def read() -> dict[str, Any] | None:
            with self.lock:
                row = self.issues.get(issue)
                return None if row is None else {"issue": row.as_event(), "project": self._project(project), **more}

        self.sender.emit(project, event, read)

    def _announce_uncommitted(self, place: ChannelRow, name: str) -> IssueRow:
        """Sends the event of an issue in a transaction that is not committed: the issue has no feedback yet, and nobody
        can read it."""
        moment = now()
        row = IssueRow(self.next_id("issue"), place.project, moment, moment, name, "", "INIT", "")
        data = {"issue": row.as_event(), "project": self._project(place.project)}
        self.sender.emit(place.project, "ISSUE_CREATION", lambda: data)
        return row

    def _announce_feedback(self, row: FeedbackRow, event: str, added: int | None = None) -> None:
        place = self.channels[row.channel]

        def read() -> dict[str, Any] | None:
            with self.lock:
                if row.id not in self.feedbacks:
                    return None
                data = {
                    "feedback": self.feedback_event(row),
                    "channel": {"id": place.id, "name": place.name},
                    "project": self._project(place.project),
                }
                if added in self.issues:
                    data["addedIssue"] = self.issues[added].as_event()
                return data

        self.sender.emit(place.project, event, read, place.id)
