"""What a filter sees of an event. Apart from jobs/filters.py, whose engine takes half a second to import."""

from __future__ import annotations

from typing import Any

import sources
from sources.base import Event

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
