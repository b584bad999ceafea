"""Where events come from. A source is a folder that declares one `SOURCE` (`sources.base.Source`), and a line here."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bridge.settings import ServiceSettings
from sources import abc, logto
from sources.base import Api, Event, Request, Source

REGISTRY: Mapping[str, Source] = {source.name: source for source in (abc.SOURCE, logto.SOURCE)}
EVENTS = tuple(name for source in REGISTRY.values() for name in source.events)
"""Every known name of an event."""


def configured_apis(service: ServiceSettings) -> dict[str, Api]:
    """The API of each source that can be asked with these settings."""
    return {name: api for name, source in REGISTRY.items() if (api := source.api) and api.is_configured(service)}


def spelled(entity: str) -> str:
    """A subject as a person may write it, as the ledger spells it: without a source, it is one of ABC."""
    return f"abc:{entity}" if entity and entity.partition(":")[0] not in REGISTRY else entity


def restore(stored: Mapping[str, str], instance: str) -> Event | None:
    """The event as the ledger keeps it (`source`, `body`, `headers`); None when this version can't read it."""
    source = REGISTRY.get(stored.get("source", ""))
    if source is None:
        return None
    try:
        body, headers = json.loads(stored["body"]), json.loads(stored.get("headers", "{}"))
    except (KeyError, ValueError):
        return None
    event = source.parse(Request(instance, body, stored["body"].encode("utf-8", "replace"), headers))
    return event if isinstance(event, Event) else None


def implied(event: Event, instance: str) -> list[tuple[Event, bytes]]:
    """What happened with this event and is not sent as an event of its own, each with the body to be stored."""
    source = REGISTRY.get(event.source)
    return source.implied(event, instance) if source else []
