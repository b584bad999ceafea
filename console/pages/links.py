"""Where a person finds what an event page is about: the event at its source, and the ticket of a delivery.

Addresses come from users and other systems: only http and https become a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import sources
from connectors import find
from jobs.ledger.links import RedisLinks
from jobs.runtime import Runtime
from sources.base import Event
from sources.source import address_in_event

LONGEST = 2_000
"""Characters of an address."""


def restored(runtime: Runtime, event_id: str) -> Event | None:
    """None where the event is gone or unreadable. Raises RedisError."""
    stored = runtime.records.stored(event_id)
    return sources.restore(stored, runtime.instance) if stored else None


def source_link(runtime: Runtime, event: Event | None) -> str:
    """Where the source shows what the event is about; "" where that is not known."""
    if event is None:
        return ""
    sources = runtime.configuration.sources
    source = sources.used.get(event.source)
    if source is None:  # SOURCES does not name it any more
        return web_link(address_in_event(event))
    return web_link(source.address_of(sources.chosen[event.source], event))


def ticket_link(runtime: Runtime, event: Event | None, row: Mapping[str, Any]) -> str:
    """Of the ticket of a delivery: as recorded when it was made, else by the settings; "" where neither is known.
    Raises RedisError."""
    settings = runtime.configuration.connectors.get(row["connector"])
    result = row["result"] if isinstance(row["result"], dict) else {}
    kind = find(row["connector"]).tickets if settings is not None else None
    source, _, rest = row["entity"].partition(":")
    parts = rest.split(":")
    external = result.get("external_id")
    if kind is None or source != "abc" or len(parts) != 3 or not isinstance(external, str):
        return ""
    known = RedisLinks(runtime.ledger, row["connector"]).get(row["entity"], event.creation if event else "")
    key = known.get("key", "")
    if external in (key, key.rpartition("-")[2]) and (link := web_link(known.get("url", ""))):
        return link
    return web_link(kind.address(settings, int(parts[1]) if parts[1].isdigit() else 0, external))


def web_link(address: str) -> str:
    """`address` where it is one of the web; else ""."""
    if len(address) > LONGEST or not address.isprintable() or " " in address:
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in ("http", "https") and parts.hostname else ""
