"""From Blue's webhook to an event: pure.

Facts: https://blue.cc/api (webhooks). Blue renamed its todos to records in 2026; whether its events are renamed as well
is not documented, so both prefixes are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sources.base import Event, Request, Subject, Summary, Unread, event_id
from sources.reading import digest, first, moment, part, plain, text
from sources.tickets import Actor, Ticket, TicketEvent, summary

NAME = "blue"
HEALTH_CHECK = "WEBHOOK_HEALTH_CHECK"
RECORD_PREFIXES = ("TODO_", "RECORD_")
NOT_RECORDS = ("LIST_", "CHECKLIST_")
"""Behind the prefix: events about other things than the record itself."""
CHANGES: Mapping[str, str] = {
    "CREATED": "created",
    "DELETED": "deleted",
    "MOVED": "moved",
    "NAME_CHANGED": "renamed",
    "DONE_STATUS_UPDATED": "done",
    "DUE_DATE_ADDED": "updated",
    "DUE_DATE_UPDATED": "updated",
    "DUE_DATE_REMOVED": "updated",
    "ASSIGNEE_ADDED": "assigned",
    "ASSIGNEE_REMOVED": "unassigned",
    "TAG_ADDED": "labeled",
    "TAG_REMOVED": "unlabeled",
    "CUSTOM_FIELD_UPDATED": "updated",
}
"""Of a record, and what each means."""
STATUS_CHANGES = ("MOVED", "DONE_STATUS_UPDATED")
OTHERS: Mapping[str, str] = {
    "COMMENT_CREATED": "commented",
    "COMMENT_UPDATED": "comment_updated",
    "COMMENT_DELETED": "comment_deleted",
    "TODO_LIST_CREATED": "created",
    "TODO_LIST_NAME_CHANGED": "renamed",
    "TODO_LIST_DELETED": "deleted",
}
NAMES = (*(f"{NAME}.TODO_{change}" for change in CHANGES), *(f"{NAME}.{other}" for other in OTHERS))


def parse(request: Request) -> Event | Unread:
    """Never raises. Blue sends neither an id, nor a time, nor who did it."""
    body, kind = request.body, plain(request.body.get("event"))
    id_ = event_id(request.instance, NAME, *_identity(request, kind))
    if not kind:
        return Unread(id_, "unreadable", "there is no event name", NAME)
    name = f"{NAME}.{kind}"
    if kind == HEALTH_CHECK:
        return Unread(id_, "ignored", "Blue tests the webhook", name)
    now, before = part(body, "currentValue"), part(body, "previousValue")
    change = next((kind.removeprefix(start) for start in RECORD_PREFIXES if kind.startswith(start)), "")
    occurred = moment(now, "updatedAt")
    if change and not change.startswith(NOT_RECORDS) and (ticket := _ticket(now or before)):
        what = CHANGES.get(change, "")
        if what == "done" and now.get("done") is False:
            what = "reopened"
        values = {"status": ticket.status} if what == "moved" and ticket.status else {}
        about = summary(ticket, Actor(), "moved_to" if values else what, **values)
        subject, moves = Subject(NAME, "record", "", ticket.id), change in STATUS_CHANGES
        previous = _status(before) if moves else ""
        return TicketEvent(
            NAME, id_, name, subject, occurred, body, ticket, previous_status=previous, moves=moves, summary=about
        )
    if kind == "COMMENT_CREATED" and (record := _record_of(now)):
        ticket, subject = Ticket(record, record, text(part(now, "todo"), "title")), Subject(NAME, "record", "", record)
        about, written = summary(ticket, Actor(), OTHERS[kind]), first(text(now, "text"), text(now, "html"))
        return TicketEvent(NAME, id_, name, subject, occurred, body, ticket, comment=written, summary=about)
    title = first(*(text(value, key) for value in (now, before) for key in ("title", "name", "text")))
    return Event(
        NAME,
        id_,
        name,
        _subject(kind, now or before, id_),
        occurred,
        body,
        summary=Summary(title, what=OTHERS.get(kind, "")),
    )


def _identity(request: Request, kind: str) -> tuple[object, ...]:
    """What happened, and the values before and after it. The part `webhook` is left out: it is about the webhook, and
    differs between two of them."""
    values = [request.body.get(key) for key in ("previousValue", "currentValue")]
    if not any(isinstance(value, dict) for value in values):
        return ("body", digest(request.raw))
    written = json.dumps(values, sort_keys=True, ensure_ascii=True)
    return (kind, digest(written.encode()))


def _ticket(value: Mapping[str, Any]) -> Ticket | None:
    id_ = text(value, "id")
    return Ticket(id_, id_, text(value, "title"), _status(value)) if id_ else None


def _status(value: Mapping[str, Any]) -> str:
    """As BLUE_STATUS_MAP: `done`, else the title of the list."""
    return "done" if value.get("done") is True else text(part(value, "todoList"), "title")


def _record_of(comment: Mapping[str, Any]) -> str:
    """The id of the record that a comment is about, "" where it shows none."""
    return first(text(part(comment, "todo"), "id"), text(comment, "categoryId"))


def _subject(kind: str, value: Mapping[str, Any], id_: str) -> Subject:
    """A comment belongs to its record; what names nothing is a subject of its own."""
    record = _record_of(value)
    if kind.startswith("COMMENT_") and record:
        return Subject(NAME, "record", "", record)
    about = text(value, "id")
    return (
        Subject(NAME, kind.rpartition("_")[0].lower() or "event", "", about)
        if about
        else Subject(NAME, "event", "", id_)
    )
