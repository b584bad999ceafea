"""What filters see of an event of ABC User Feedback: the parts of its `data`, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sources.base import Event

NAMES = frozenset({"project", "channel", "feedback", "issue", "addedIssue", "previousStatus"})


def facts_of(event: Event) -> Mapping[str, Any]:
    """`issue` is the added issue where one was added."""
    data = event.body.get("data")
    given = data if isinstance(data, dict) else {}
    facts = {name: given.get(name) for name in NAMES}
    return {**facts, "issue": facts["issue"] or facts["addedIssue"], "data": data}
