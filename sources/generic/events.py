"""From a request of a generic source to an event: pure.

Name and id are looked up by the configured paths when the request arrives, and stored: the event stays what it was when
the configuration changes, or the source is switched off, before it is delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sources.base import LONGEST_KEPT, Event, Request, Subject, Unread, event_id
from sources.generic.settings import GenericSettings
from sources.reading import digest, plain, text

UNNAMED = "event"
"""The name of each event of a source for which no path to the name is configured."""
EVENT, ID = "event", "id"
"""What is stored with an event."""


def kept(settings: GenericSettings, request: Request) -> Mapping[str, str]:
    """Name and id, where the request has them; a long id by its digest."""
    found = {EVENT: plain(_at(settings.event, request)) if settings.event else UNNAMED}
    id_ = _at(settings.id, request) if settings.id else ""
    found[ID] = id_ if len(id_) <= LONGEST_KEPT else digest(id_.encode("utf-8", "replace"))
    return {name: value for name, value in found.items() if value}


def parse(name: str, settings: GenericSettings, request: Request) -> Event | Unread:
    """The event of a request that has just arrived."""
    found = kept(settings, request)
    if EVENT not in found:
        ascii_only = " (only ASCII can be read in a header)" if str(settings.event).startswith("header.") else ""
        why = f"{settings.variable('event')}: there is no text at {settings.event}{ascii_only}"
        return Unread(_id(name, request, found), "unreadable", why, name)
    return again(name, Request(request.instance, request.body, request.raw, found))


def again(name: str, request: Request) -> Event | Unread:
    """The event that was stored, whatever the configuration is now. `request.headers`: what `kept` returned."""
    id_ = _id(name, request, request.headers)
    if EVENT not in request.headers:
        return Unread(id_, "unreadable", "it is no event of a generic source", name)
    # Nothing shows what it is about: it waits for no other event.
    subject = Subject(name, "event", "", id_)
    return Event(name, id_, f"{name}.{request.headers[EVENT]}", subject, 0.0, request.body)


def _id(name: str, request: Request, found: Mapping[str, str]) -> str:
    # With the name: a sender may send several events about one thing under that thing's id.
    identity = ("id", found[ID], found.get(EVENT)) if ID in found else ("body", digest(request.raw))
    return event_id(request.instance, name, *identity)


def _at(path: str, request: Request) -> str:
    """The text or whole number at `body.a.b` or `header.name`, "" where there is none."""
    start, _, rest = path.partition(".")
    if start == "header":
        return request.headers.get(rest, "")
    *keys, last = rest.split(".")
    found: Any = request.body
    for key in keys:
        found = _in(found, key)
    value = _in(found, last)
    return text({"value": value}, "value")


def _in(value: Any, key: str) -> Any:
    if isinstance(value, list) and key.isascii() and key.isdecimal() and len(key) < 6:
        return value[int(key)] if int(key) < len(value) else None
    return value.get(key) if isinstance(value, dict) else None
