"""Where events come from: each source turns its requests into events (`sources.base.Event`)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sources.abc import events as abc_events
from sources.abc.models import AbcEvent
from sources.base import Event

PARSERS = {"abc": abc_events.parse}
"""How each source's stored bodies are read."""


def restore(stored: Mapping[str, str], instance: str) -> Event | None:
    """The event as the ledger keeps it (`source` and `body`); None when this version can't read it."""
    parse = PARSERS.get(stored.get("source", ""))
    try:
        return parse(json.loads(stored["body"]), instance) if parse else None
    except (abc_events.Unknown, abc_events.Unreadable, KeyError, ValueError):
        return None


def implied(event: Event, instance: str) -> list[tuple[Event, bytes]]:
    """What happened with this event and is not sent as an event of its own, each with the body to be stored."""
    return [*abc_events.implied(event, instance)] if isinstance(event, AbcEvent) else []
