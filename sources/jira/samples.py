"""Sample events in the shape in which Jira Cloud sends them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from sources.base import Sample
from sources.jira.events import NAME


def sample(name: str) -> Sample:
    """The event (`jira.issue_updated`) as it would be sent now."""
    kind = name.removeprefix(f"{NAME}.")
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
    user = {"accountId": "5b10a2844c20165700ede21g", "accountType": "atlassian", "displayName": "Sample"}
    status = {"id": "10001", "name": "Done", "statusCategory": {"id": 3, "key": "done"}}
    issue = {
        "id": "10002",
        "self": "https://example.atlassian.net/rest/api/2/10002",
        "key": "FB-7",
        "fields": {
            "summary": "Sample issue",
            "status": status,
            "project": {"id": "10000", "key": "FB"},
            "updated": now,
        },
    }
    sent = kind if kind.startswith("comment_") else f"jira:{kind}"
    body: dict[str, Any] = {"timestamp": int(time.time() * 1000), "webhookEvent": sent}
    if kind.startswith("comment_"):
        body["comment"] = {"id": "1", "author": user, "body": "Sample comment", "created": now, "updated": now}
    else:
        body |= {"issue_event_type_name": "issue_generic", "user": user}
    body["issue"] = issue
    if kind == "issue_updated":
        change = {"field": "status", "fieldtype": "jira", "fieldId": "status", "from": "10000", "fromString": "To Do"}
        body["changelog"] = {"id": "10124", "items": [{**change, "to": "10001", "toString": "Done"}]}
    return Sample.of(body)
