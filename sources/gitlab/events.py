"""From GitLab's webhook to an event: pure.

Facts: https://docs.gitlab.com/user/project/integrations/webhook_events/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sources.base import Event, Request, Subject, Summary, Unread, event_id
from sources.reading import digest, first, moment, part, plain, text
from sources.tickets import Actor, Ticket, TicketEvent, summary

NAME = "gitlab"
ID_HEADERS = ("idempotency-key", "webhook-id")
"""The id of a delivery: the same in both, where both are sent."""
ACTIONS: Mapping[str, str] = {"open": "created", "close": "closed", "reopen": "reopened", "update": "updated"}
COMMENTS: Mapping[str, str] = {"create": "commented", "update": "comment_updated"}
NAMES = (
    *(f"{NAME}.{kind}.{action}" for kind in ("issue", "confidential_issue") for action in ACTIONS),
    *(f"{NAME}.{kind}.{action}" for kind in ("note", "confidential_note") for action in COMMENTS),
)
STATES: Mapping[str, str] = {"1": "opened", "2": "closed"}
"""By `state_id`."""


def parse(request: Request) -> Event | Unread:
    """Never raises. An event is named by `event_type`, which names confidential ones apart, and its action."""
    body, what = request.body, part(request.body, "object_attributes")
    by_body = event_id(request.instance, NAME, "body", digest(request.raw))
    kind = first(plain(body.get("event_type")), plain(body.get("object_kind")), plain(body.get("event_name")))
    if not kind:
        return Unread(by_body, "unreadable", "there is neither event_type nor object_kind", NAME)
    action = plain(what.get("action"))
    name = f"{NAME}.{kind}.{action}" if action else f"{NAME}.{kind}"
    if what.get("system") is True:
        return Unread(by_body, "ignored", "a note that GitLab itself wrote", name)
    actor = _actor(body)
    if ticket := _ticket(body):
        state, note = part(body, "changes", "state_id"), body.get("object_kind") == "note"
        return TicketEvent(
            NAME,
            # The body holds what changed and when: a second webhook, or a resend under another id, is the same event.
            by_body,
            name,
            Subject(NAME, "issue", *ticket.id.split(":", 1)),
            moment(what, "updated_at") or moment(what, "created_at"),
            body,
            ticket,
            actor,
            STATES.get(text(state, "previous"), ""),
            comment=text(what, "note") if note and action in ("create", "") else None,
            moves=not note and (bool(state) or action in ("close", "reopen")),
            # What GitLab's button "Test" sends has no action.
            summary=summary(ticket, actor, (COMMENTS if note else ACTIONS).get(action, "" if action else "test")),
        )
    delivery = first(*(request.header(header) for header in ID_HEADERS))
    id_ = event_id(request.instance, NAME, "delivery", delivery) if delivery else by_body
    return Event(NAME, id_, name, _subject(body, id_), moment(what, "updated_at"), body, summary=_summary(body, actor))


def _ticket(body: Mapping[str, Any]) -> Ticket | None:
    """The issue that changed, or that a note is about."""
    what, project = part(body, "object_attributes"), part(body, "project")
    kind = body.get("object_kind")
    is_issue = kind == "issue" or (kind == "work_item" and what.get("type") == "Issue")
    issue = what if is_issue else part(body, "issue") if kind == "note" else {}
    number = text(issue, "iid")
    place, path = first(text(project, "id"), text(project, "path_with_namespace")), text(project, "path_with_namespace")
    if not (number and place):
        return None
    state = first(text(issue, "state"), STATES.get(text(issue, "state_id"), ""))
    url = text(what, "url") or text(issue, "url")
    return Ticket(f"{place}:{number}", f"{path or place}#{number}", text(issue, "title"), state, url)


def _actor(body: Mapping[str, Any]) -> Actor:
    """Events of repositories have their user flat."""
    user = part(body, "user")
    name = first(text(user, "name"), text(user, "username"), text(body, "user_name"), text(body, "user_username"))
    return Actor(first(text(user, "id"), text(body, "user_id")), name)


def _subject(body: Mapping[str, Any], id_: str) -> Subject:
    """A merge request is one; an event that names neither is a subject of its own."""
    what, project = part(body, "object_attributes"), text(part(body, "project"), "id")
    is_request = body.get("object_kind") == "merge_request"
    number = text(what if is_request else part(body, "merge_request"), "iid")
    return Subject(NAME, "merge_request", project, number) if number and project else Subject(NAME, "event", "", id_)


def _summary(body: Mapping[str, Any], actor: Actor) -> Summary:
    what, project = part(body, "object_attributes"), part(body, "project")
    title = first(text(what, "title"), text(what, "name"), text(what, "ref"), text(body, "ref"))
    link = first(text(what, "url"), text(project, "web_url"))
    return Summary(title, who=actor.name, link=link, about=text(project, "path_with_namespace"))
