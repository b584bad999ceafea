"""The preview of a delivery in a ticket system, as far as it is known without a request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.base import Links, Preview, Skipped, Tools
from connectors.tickets.base import Showing, TicketApi
from connectors.tickets.case import short
from connectors.tickets.render import Writer
from connectors.tickets.settings import TicketSettings, back_of
from connectors.tickets.tickets import Tickets
from sources.abc.models import AbcEvent
from sources.tickets import TicketEvent


def preview(
    event: AbcEvent,
    links: Links,
    tools: Tools,
    settings: TicketSettings,
    api: TicketApi,
    tickets: Tickets,
    writer: Writer,
) -> Preview | Skipped:
    """The preview for an event about an issue. Raises Halt."""
    if event.project is None or event.issue is None:
        return Skipped("the event names no issue")
    container = tickets.container_of(event.project)
    key = links.get(str(event.subject), event.creation).get("key", "") or short(event.issue.external_id)
    content: dict[str, Any] = {}
    if key:
        where = f"{tools.name} {container}, ticket {key}"
        notes = ["the issue already has a ticket, so no ticket is made"]
    else:
        where = f"{tools.name} {container}"
        draft = tickets.draft(container, event.project, event.issue)
        content["ticket"] = (
            api.new_ticket(draft) if isinstance(api, Showing) else {"title": draft.title, "text": draft.text}
        )
        notes = ["ABC and the ticket system are asked first: the ticket is made only if the issue has none"]
    if status := settings.status_map.get(event.issue.status):
        content["status"] = status
        notes.append("the ticket gets the status that the issue has at the time of the delivery")
    if event.name == "ISSUE_ADDITION" and event.feedback and event.channel:
        body, _ = writer.comment(
            tools.scope, event.project, event.issue, event.channel, event.feedback, event.feedback.fields
        )
        content["comment"] = api.new_comment(body) if isinstance(api, Showing) else {"text": body}
        notes.append(
            "the feedback, and the format of its fields, are read from ABC: only fields of the format text are sent"
        )
    return Preview(where, content, tuple(notes)) if content else Skipped(f"there is nothing to do; {notes[0]}")


def preview_back(event: TicketEvent, settings: TicketSettings) -> Preview:
    """The preview for a change of a ticket whose status is carried back."""
    carried: Mapping[str, Any] = {"ticket": short(event.ticket.key), "statuses": dict(back_of(settings))}
    variable = settings.variable("status_back")
    note = f"both statuses are read first; if {variable} lists the ticket's status, the issue gets the status beside it"
    return Preview("the issue of the ticket in ABC User Feedback", carried, (note,))
