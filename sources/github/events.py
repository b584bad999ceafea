"""From GitHub's webhook to an event: pure.

Facts: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sources.base import Event, Request, Subject, Summary, Unread, event_id
from sources.reading import digest, first, moment, part, plain, text
from sources.tickets import Actor, Ticket, TicketEvent, summary

NAME = "github"
EVENT_HEADER, DELIVERY_HEADER = "x-github-event", "x-github-delivery"
ACTIONS: Mapping[str, str] = {
    "opened": "created",
    "edited": "updated",
    "deleted": "deleted",
    "closed": "closed",
    "reopened": "reopened",
    "assigned": "assigned",
    "unassigned": "unassigned",
    "labeled": "labeled",
    "unlabeled": "unlabeled",
    "transferred": "moved",
}
"""Of an issue, and what each means."""
COMMENTS: Mapping[str, str] = {"created": "commented", "edited": "comment_updated", "deleted": "comment_deleted"}
PREVIOUS: Mapping[str, str] = {"closed": "open", "reopened": "closed"}
"""The status before an action."""
NAMES = (
    *(f"{NAME}.issues.{action}" for action in ACTIONS),
    *(f"{NAME}.issue_comment.{action}" for action in COMMENTS),
)


def parse(request: Request) -> Event | Unread:
    """Never raises. The name of the event is in a header only, which is not signed."""
    body, kind = request.body, plain(request.header(EVENT_HEADER))
    by_body = event_id(request.instance, NAME, "body", digest(request.raw))
    if not kind:
        return Unread(by_body, "unreadable", "there is no header X-GitHub-Event", NAME)
    if kind == "ping":
        return Unread(by_body, "ignored", "GitHub tests the webhook", f"{NAME}.ping")
    action = plain(body.get("action"))
    name = f"{NAME}.{kind}.{action}" if action else f"{NAME}.{kind}"
    actor = _actor(body)
    if kind in ("issues", "issue_comment") and (ticket := _ticket(body)):
        repository, _, number = ticket.key.rpartition("#")
        comment = part(body, "comment")
        what = COMMENTS.get(action, "") if kind == "issue_comment" else ACTIONS.get(action, "")
        return TicketEvent(
            NAME,
            # The body holds what changed and when: a second webhook, or a resend under another id, is the same event.
            by_body,
            name,
            Subject(NAME, "issue", repository, number),
            moment(comment, "updated_at") or moment(part(body, "issue"), "updated_at"),
            body,
            ticket,
            actor,
            PREVIOUS.get(action, "") if kind == "issues" else "",
            moves=kind == "issues" and action in PREVIOUS,
            comment=text(comment, "body") if kind == "issue_comment" and action == "created" else None,
            summary=summary(ticket, actor, what),
        )
    # Bodies of other events may be equal (workflow_dispatch): then the sender's id keeps them apart.
    delivery = request.header(DELIVERY_HEADER)
    id_ = event_id(request.instance, NAME, "delivery", delivery) if delivery else by_body
    return Event(NAME, id_, name, _subject(body, kind, id_), 0.0, body, summary=_summary(body, kind, actor))


def _ticket(body: Mapping[str, Any]) -> Ticket | None:
    """None for a pull request, which has comments as an issue has."""
    issue, repository = part(body, "issue"), text(part(body, "repository"), "full_name")
    number = text(issue, "number")
    if not (number and repository) or "pull_request" in issue:
        return None
    state, reason = text(issue, "state"), text(issue, "state_reason")
    # As GITHUB_STATUS_MAP: `closed` is completed.
    status = f"{state}:{reason}" if state == "closed" and reason not in ("", "completed") else state
    key = f"{repository}#{number}"
    return Ticket(text(issue, "id") or key, key, text(issue, "title"), status, text(issue, "html_url"))


def _actor(body: Mapping[str, Any]) -> Actor:
    sender = part(body, "sender")
    return Actor(text(sender, "id"), text(sender, "login"))


def _about(body: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """What the event is about: most bodies have it under the event's name."""
    return part(body, kind) or part(body, "pull_request") or part(body, "issue")


def _subject(body: Mapping[str, Any], kind: str, id_: str) -> Subject:
    about, repository = _about(body, kind), text(part(body, "repository"), "full_name")
    number = text(about, "number")
    if not (number and repository):
        return Subject(NAME, "event", "", id_)
    is_pull = "pull_request" in (kind, *body, *about)
    return Subject(NAME, "pull_request" if is_pull else kind, repository, number)


def _summary(body: Mapping[str, Any], kind: str, actor: Actor) -> Summary:
    about, repository = _about(body, kind), part(body, "repository")
    where, number = text(repository, "full_name"), text(about, "number")
    title = first(text(about, "title"), text(about, "name"), text(about, "tag_name"))
    link = first(text(about, "html_url"), text(repository, "html_url"))
    return Summary(title, who=actor.name, link=link, about=f"{where}#{number}" if where and number else where)
