"""Sample events for `flask send-test`, in the shape in which ABC User Feedback sends them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from bridge.times import iso

DATA: dict[str, tuple[str, ...]] = {
    "FEEDBACK_CREATION": ("feedback", "channel", "project"),
    "ISSUE_CREATION": ("issue", "project"),
    "ISSUE_STATUS_CHANGE": ("issue", "project", "previousStatus"),
    "ISSUE_ADDITION": ("feedback", "channel", "project", "addedIssue"),
}
"""Which parts each event has, in the order in which they are sent."""


def body(
    name: str, *, project: int, channel: int, issue: int, feedback: int, created: Mapping[str, str] | None = None
) -> bytes:
    """The event as it would be sent now, about the given ids. `created`: `createdAt` of an `issue` or a `feedback` that
    exists (the id alone does not identify it); now where there is none."""
    now = iso(time.time() * 1000)
    times = {kind: {"createdAt": (created or {}).get(kind, now), "updatedAt": now} for kind in ("issue", "feedback")}
    sample_issue = {
        "id": issue,
        **times["issue"],
        "name": "Sample issue",
        "description": "Sent by flask send-test",
        "status": "IN_PROGRESS" if name == "ISSUE_STATUS_CHANGE" else "INIT",
        "externalIssueId": "",
        "feedbackCount": 0,
    }
    parts: dict[str, Any] = {
        "feedback": {"id": feedback, **times["feedback"], "message": "테스트 피드백입니다", "issues": [sample_issue]},
        "issue": sample_issue,
        "addedIssue": sample_issue,
        "channel": {"id": channel, "name": "Sample channel"},
        "project": {"id": project, "name": "Sample project"},
        "previousStatus": "INIT",
    }
    event = {"event": name, "data": {part: parts[part] for part in DATA[name]}}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
