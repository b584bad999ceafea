"""What a filter sees of an event. Apart from jobs/filters.py, whose engine takes half a second to import."""

from __future__ import annotations

from functools import cache
from typing import Any

import sources
from sources.base import Event

COMMON = frozenset({"event", "source", "data"})
"""What a filter may use of every event."""
NAMES = COMMON.union(*(source.facts for source in sources.REGISTRY.values()))
"""What a filter may use. What an event does not have is null."""
OPEN = frozenset({"data", "feedback"})
"""Names whose values a sample can't show: any system may send any body, and each channel has fields of its own."""
FULLEST = "ISSUE_ADDITION"


def facts_of(event: Event) -> dict[str, Any]:
    """Every name of NAMES with its value."""
    source = sources.find(event.source)
    own = source.facts_of(event) if source else {}
    common = {"event": event.name, "source": event.source}
    return {**dict.fromkeys(NAMES), "data": event.body, **own, **common}


@cache
def sample_facts() -> tuple[dict[str, Any], ...]:
    """Those of a sample of each event, to try a template with. First the event that has most of them."""
    each = [(source, name) for source in sources.REGISTRY.values() for name in source.events]
    each.sort(key=lambda pair: pair[1] != FULLEST)
    events = [source.parse(source.samples(name).request("sample")) for source, name in each]
    return tuple(facts_of(event) for event in events if isinstance(event, Event))
