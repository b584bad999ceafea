"""Sample events in the shape in which GitLab sends them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sources.base import Sample
from sources.gitlab.events import NAME


def sample(name: str) -> Sample:
    """The event (`gitlab.issue.close`) as it would be sent now."""
    kind, _, action = name.removeprefix(f"{NAME}.").partition(".")
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    url = "https://gitlab.example.com/acme/app"
    closed = action == "close"
    issue: dict[str, Any] = {
        "id": 301,
        "iid": 23,
        "project_id": 5,
        "title": "Sample issue",
        "state": "closed" if closed else "opened",
        "state_id": 2 if closed else 1,
        "confidential": kind.startswith("confidential"),
        "url": f"{url}/-/issues/23",
        "created_at": now,
        "updated_at": now,
    }
    body: dict[str, Any] = {
        "object_kind": kind.removeprefix("confidential_"),
        "event_type": kind,
        "user": {"id": 42, "name": "Sample", "username": "sample", "email": "[REDACTED]"},
        "project": {"id": 5, "name": "App", "path_with_namespace": "acme/app", "web_url": url},
    }
    if body["object_kind"] == "note":
        note = {"id": 9, "note": "Sample comment", "noteable_type": "Issue", "system": False, "updated_at": now}
        body |= {"object_attributes": {**note, "action": action, "url": f"{url}/-/issues/23#note_9"}, "issue": issue}
    else:
        changes = {"state_id": {"previous": 1, "current": 2}} if closed else {}
        body |= {"object_attributes": {**issue, "action": action}, "changes": changes}
    return Sample.of(body)
