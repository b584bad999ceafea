"""Where events come from: the registry of sources.

A source is a folder that declares one `SOURCE` (`sources/source.py`), and a line here; or a package of somebody else
with an entry point in the group `feedback_bridge.sources`, whose name is that of the source and which names such an
object. Any other name is a generic source (`sources/generic/`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bridge.plug_ins import BadPlugIn, PlugIns
from bridge.settings import Settings
from sources import abc, blue, bridge, github, gitlab, jira, logto, nocobase, tickets
from sources.base import Event, Request, Unread
from sources.generic import events as generic
from sources.source import VERSION, Source
from sources.sweep import Api

BUILT_IN = (
    abc.SOURCE,
    jira.SOURCE,
    github.SOURCE,
    gitlab.SOURCE,
    blue.SOURCE,
    logto.SOURCE,
    nocobase.SOURCE,
    bridge.SOURCE,
)
OWN = bridge.SOURCE.name
"""The service itself: nobody sends its events, and they are not listed in SOURCES."""
REGISTRY: Mapping[str, Source] = {source.name: source for source in BUILT_IN}
PLUG_INS = PlugIns("feedback_bridge.sources", Source, VERSION, REGISTRY)
EVENTS = tuple(name for source in REGISTRY.values() for name in source.events)
"""Every name of an event that a source of ours has."""
ABC_KINDS = ("issue", "feedback", "event")
"""Of subjects of ABC, which people may write without their source."""


def find(name: str) -> Source | None:
    """The source of that name, ours or that of an installed plug-in; None for a generic source, and for a plug-in that
    can't be used (`PLUG_INS.check` names what is wrong with it)."""
    try:
        return REGISTRY.get(name) or PLUG_INS.load(name)
    except (KeyError, BadPlugIn):
        return None


def title_of(name: str) -> str:
    """The source of that name as people call it."""
    source = find(name)
    return source.title if source else name


def events_of(names: Iterable[str]) -> tuple[str, ...]:
    """Every known name of an event of these sources."""
    return tuple(event for name in names if (source := find(name)) for event in source.events)


KNOWN = frozenset(EVENTS)


def counted_as(event: str, source: str) -> str:
    """The name of an event as a label of the metrics: senders choose names, and each would be a series for good."""
    return event if event in KNOWN else f"{source}.*"


APIS: Mapping[str, Api] = {name: source.api for name, source in REGISTRY.items() if source.api}
"""Of each source that can be asked, by the source's name."""


def configured_apis(settings: Mapping[str, Settings]) -> dict[str, Api]:
    """Those that can be asked with these settings, each of an Api by the source's name."""
    return {name: api for name, api in APIS.items() if api.is_configured(settings[name])}


def spelled(entity: str) -> str:
    """A subject as a person may write it, as the ledger spells it: without a source, it is one of ABC."""
    return f"abc:{entity}" if entity.partition(":")[0] in ABC_KINDS else entity


def restore(stored: Mapping[str, str], instance: str) -> Event | None:
    """The event as the ledger keeps it (`source`, `body`, `headers`, `received`); None when this version can't read it.
    One that has no time of its own happened when it was received."""
    try:
        body, headers = json.loads(stored["body"]), json.loads(stored.get("headers", "{}"))
    except (KeyError, ValueError):
        return None
    name = stored.get("source", "")
    request = Request(instance, body, stored["body"].encode("utf-8", "replace"), headers)
    source = find(name)
    if tickets.FOUND in headers:
        event: Event | Unread = tickets.found_again(request)
    else:
        event = source.parse(request) if source else generic.again(name, request)
    if not isinstance(event, Event):
        return None
    return event if event.occurred else replace(event, occurred=int(stored.get("received", 0)) / 1000)


def implied(event: Event, instance: str) -> list[tuple[Event, bytes]]:
    """What happened with this event and is not sent as an event of its own, each with the body to be stored."""
    source = find(event.source)
    return source.implied(event, instance) if source else []
