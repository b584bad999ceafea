"""Personal data in the body of an event: hidden until an operator asks for it. Pure.

What is shown without asking is a closed list: what a sender adds tomorrow is hidden.
"""

from __future__ import annotations

import re
from typing import Any

SHOWN = frozenset(
    {
        *("event", "type", "action", "kind", "object_kind", "event_type", "event_name", "webhookEvent"),
        *("status", "previousStatus", "state", "version", "source", "timestamp"),
        *("createdAt", "updatedAt", "created_at", "updated_at", "deletedAt", "closed_at", "date"),
        *("format", "property", "priority", "key", "number", "iid"),
    }
)
"""Keys whose texts and numbers describe the event, and no person."""
IDS = re.compile(r"(?:.*[a-z_])?(?:id|Id|Ids|Count|_count)", re.ASCII)
"""Keys of numbers that are ids or counts. The ids of people are found by a key that names people."""
PEOPLE = re.compile(r"(?i)user|author|actor|sender|owner|assignee|reporter|customer|creator|member|person|mail|phone")
DEEPEST = 64


def masked(value: Any, key: str = "", hidden: bool = False, depth: int = 0) -> Any:
    """The same shape; each text that may be about a person is replaced by its length, each such number by •."""
    hidden = hidden or bool(PEOPLE.search(key))
    if depth > DEEPEST:
        return "•••"
    if isinstance(value, dict):
        return {str(name): masked(item, str(name), hidden, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item, key, hidden, depth + 1) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if not hidden and (key in SHOWN or (isinstance(value, int) and IDS.fullmatch(key))):
        return value
    return f"••• ({len(value)})" if isinstance(value, str) and value else "•••" if value != "" else ""
