"""From Jira's webhook to an event: pure.

Facts: https://developer.atlassian.com/cloud/jira/platform/webhooks/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sources.base import Event, Request, Subject, Summary, Unread, event_id
from sources.reading import digest, first, moment, part, plain, text
from sources.tickets import Actor, Ticket, TicketEvent, summary

NAME = "jira"
KINDS: Mapping[str, str] = {
    "issue_created": "created",
    "issue_updated": "updated",
    "issue_deleted": "deleted",
    "comment_created": "commented",
    "comment_updated": "comment_updated",
    "comment_deleted": "comment_deleted",
}
"""Of Jira's names without `jira:`, and what each means."""
NAMES = tuple(f"{NAME}.{kind}" for kind in KINDS)
LATEST = 2.0**33
"""Seconds since 1970, in the year 2242: a time behind it is none."""


def parse(request: Request) -> Event | Unread:
    """Never raises."""
    body = request.body
    kind = plain(body.get("webhookEvent")).removeprefix("jira:")
    if not kind:
        return Unread(
            event_id(request.instance, NAME, digest(request.raw)), "unreadable", "there is no webhookEvent", NAME
        )
    name, id_ = f"{NAME}.{kind}", event_id(request.instance, NAME, *_identity(request, kind))
    occurred, actor = _occurred(body), _actor(body)
    if ticket := _ticket(body):
        change = _status_change(body)
        what = KINDS.get(kind, "")
        if change and what == "updated":
            what, values = "status", {"previous": text(change, "fromString"), "status": text(change, "toString")}
        elif text(body, "issue_event_type_name") == "issue_commented":  # Data Center reports a comment so, too
            what, values = "commented", {}
        else:
            values = {}
        return TicketEvent(
            NAME,
            id_,
            name,
            Subject(NAME, "issue", "", ticket.id),
            occurred,
            body,
            ticket,
            actor,
            text(change, "fromString"),
            moves=bool(change),
            comment=text(part(body, "comment"), "body") if kind == "comment_created" else None,
            summary=summary(ticket, actor, what, **values),
        )
    return Event(NAME, id_, name, Subject(NAME, "event", "", id_), occurred, body, summary=Summary("", who=actor.name))


def _identity(request: Request, kind: str) -> tuple[object, ...]:
    """What happened, to which issue, in which change or comment, and when: the same in a repeat, and for a second
    webhook. Without a time or an issue, the body."""
    body = request.body
    at, issue = text(body, "timestamp"), text(part(body, "issue"), "id")
    if not (at and issue):
        return ("body", digest(request.raw))
    comment = part(body, "comment")
    return (kind, issue, text(part(body, "changelog"), "id"), text(comment, "id"), text(comment, "updated"), at)


def _occurred(body: Mapping[str, Any]) -> float:
    at = body.get("timestamp")
    if isinstance(at, int | float) and not isinstance(at, bool) and 0 < at < LATEST * 1000:
        return at / 1000
    return moment(part(body, "comment"), "updated") or moment(part(body, "issue", "fields"), "updated")


def _ticket(body: Mapping[str, Any]) -> Ticket | None:
    issue, fields = part(body, "issue"), part(body, "issue", "fields")
    key = text(issue, "key")
    if not key:
        return None
    status = first(text(_status_change(body), "toString"), text(part(fields, "status"), "name"))
    site, rest, _ = text(issue, "self").partition("/rest/")
    url = f"{site}/browse/{key}" if rest else ""
    return Ticket(first(text(issue, "id"), key), key, text(fields, "summary"), status, url)


def _status_change(body: Mapping[str, Any]) -> Mapping[str, Any]:
    items = part(body, "changelog").get("items")
    found = (item for item in (items if isinstance(items, list) else []) if isinstance(item, dict))
    return next((item for item in found if item.get("field") == "status"), {})


def _actor(body: Mapping[str, Any]) -> Actor:
    """A comment may have no `user` beside it. Data Center's accounts have no `accountId`."""
    comment = part(body, "comment")
    user = part(body, "user") or part(comment, "updateAuthor") or part(comment, "author")
    id_ = first(text(user, "accountId"), text(user, "key"), text(user, "name"))
    return Actor(id_, first(text(user, "displayName"), text(user, "name")))
