"""Where a person finds what an event page is about: the event at its source, and the ticket of a delivery.

Addresses come from users and other systems: only http and https become a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import sources
from connectors import find
from connectors.base import Locating
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


def is_located(runtime: Runtime, row: Mapping[str, Any]) -> bool:
    """Whether the connector of a delivery can be asked where people see what it made."""
    if row["state"] != "done" or row["connector"] not in runtime.configuration.connectors:
        return False
    keys = find(row["connector"]).locates
    return bool(keys) and isinstance(row["result"], dict) and keys <= row["result"].keys()


def located(runtime: Runtime, event: Event | None, row: Mapping[str, Any]) -> str:
    """Where people see what a delivery made, asked at its third party; "" where that is not known."""
    if event is None or not is_located(runtime, row):
        return ""
    connector = runtime.connectors[row["connector"]]
    address = connector.address_of(event, row["result"]) if isinstance(connector, Locating) else ""
    return web_link(address) if address.startswith("https://") else ""


def web_link(address: str) -> str:
    """`address` where it is one of the web; else ""."""
    if len(address) > LONGEST or not address.isprintable() or " " in address:
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in ("http", "https") and parts.hostname else ""
