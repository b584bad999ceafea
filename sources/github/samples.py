"""Sample events in the shape in which GitHub sends them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sources.base import Sample
from sources.github.events import DELIVERY_HEADER, EVENT_HEADER, NAME


def sample(name: str) -> Sample:
    """The event (`github.issues.closed`) as it would be sent now."""
    kind, _, action = name.removeprefix(f"{NAME}.").partition(".")
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    url = "https://github.com/acme/app"
    issue: dict[str, Any] = {
        "id": 1007,
        "number": 7,
        "title": "Sample issue",
        "state": "closed" if action == "closed" else "open",
        "state_reason": "completed" if action == "closed" else None,
        "html_url": f"{url}/issues/7",
        "user": {"login": "sample", "id": 1},
        "created_at": now,
        "updated_at": now,
    }
    body: dict[str, Any] = {"action": action, "issue": issue}
    if kind == "issue_comment":
        body["comment"] = {"id": 1, "body": "Sample comment", "html_url": f"{url}/issues/7#1", "updated_at": now}
    body |= {
        "repository": {"id": 1, "full_name": "acme/app", "html_url": url},
        "sender": {"login": "sample", "id": 1, "type": "User"},
    }
    return Sample.of(body, {EVENT_HEADER: kind, DELIVERY_HEADER: "00000000-0000-4000-8000-000000000000"})
