"""What a filter sees of an event. Apart from jobs/filters.py, whose engine takes half a second to import."""

from __future__ import annotations

from typing import Any

from sources.base import Event

NAMES = frozenset({"event", "project", "channel", "feedback", "issue", "addedIssue", "previousStatus"})
"""What a filter may speak of. What an event does not have is null."""


def facts_of(event: Event) -> dict[str, Any]:
    """What a filter sees: the names of the payload; `issue` is the added issue where one was added."""
    data = event.body.get("data")
    given = data if isinstance(data, dict) else {}
    facts = dict.fromkeys(NAMES) | {name: value for name, value in given.items() if name in NAMES}
    facts["event"] = event.name
    facts["issue"] = facts["issue"] or facts["addedIssue"]
    return facts
