"""What a filter sees of an event. Apart from jobs/filters.py, whose engine takes half a second to import."""

from __future__ import annotations

from functools import cache
from typing import Any

import sources
from sources.base import Event, Unread

COMMON = frozenset({"event", "source", "data"})
"""What a filter may use of every event."""
NAMES = COMMON.union(*(source.facts for source in sources.REGISTRY.values()))
"""What a filter may use. What an event does not have is null."""


def facts_of(event: Event) -> dict[str, Any]:
    """Every name of NAMES with its value."""
    source = sources.find(event.source)
    own = source.facts_of(event) if source else {}
    common = {"event": event.name, "source": event.source}
    return {**dict.fromkeys(NAMES), "data": event.body, **own, **common}


@cache
def sample_facts() -> dict[str, Any]:
    """Those of a sample of the event that has most of them, to try a template with."""
    source = sources.REGISTRY["abc"]
    event = source.parse(source.samples("ISSUE_ADDITION").request("sample"))
    assert not isinstance(event, Unread), event
    return facts_of(event)
