"""From the body of NocoBase's HTTP request node, whose shape is ours, to an event: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sources.base import Event, Request, Subject, Summary, Unread, event_id
from sources.reading import digest, first, moment, part, plain, text

NAME = "nocobase"
KINDS: Mapping[str, str] = {
    "record.created": "created",
    "record.updated": "updated",
    "record.deleted": "deleted",
}
"""Names that the page suggests; a workflow may send any."""
NAMES = tuple(f"{NAME}.{kind}" for kind in KINDS)


def parse(request: Request) -> Event | Unread:
    """Never raises. `{"event", "id", "title", "url", "who", "collection", "data"}`; all but `event` may be missing."""
    body, kind, given = request.body, plain(request.body.get("event")), text(request.body, "id")
    # With the name: the id of a record is no id of an event, and people will use it.
    identity = ("id", kind, digest(given.encode("utf-8", "replace"))) if given else ("body", digest(request.raw))
    id_ = event_id(request.instance, NAME, *identity)
    if not kind:
        return Unread(id_, "unreadable", "there is no event name", NAME)
    data = part(body, "data")
    title = first(text(body, "title"), text(data, "title"), text(data, "name"))
    return Event(
        NAME,
        id_,
        f"{NAME}.{kind}",
        _subject(body, data, id_),
        moment(data, "updatedAt") or moment(data, "createdAt"),
        body,
        summary=Summary(
            title,
            who=text(body, "who"),
            link=text(body, "url"),
            what=KINDS.get(kind, ""),
            about=text(body, "collection"),
        ),
    )


def _subject(body: Mapping[str, Any], data: Mapping[str, Any], id_: str) -> Subject:
    """The record, where the body names it and its collection: ids are numbered by collection."""
    collection, record = text(body, "collection"), text(data, "id")
    return Subject(NAME, "record", collection, record) if collection and record else Subject(NAME, "event", "", id_)
