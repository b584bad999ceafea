"""What a delivery would do in a ticket system, as far as that is known without asking anybody. Pure."""

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
    """Of an event about an issue. Raises Halt."""
    if event.project is None or event.issue is None:
        return Skipped("the event names no issue")
    container = tickets.container_of(event.project)
    key = links.get(str(event.subject), event.creation).get("key", "") or short(event.issue.external_id)
    content: dict[str, Any] = {}
    if key:
        where = f"{tools.name} {container}, ticket {key}"
        notes = ["the issue has a ticket, so none is made"]
    else:
        where = f"{tools.name} {container}"
        draft = tickets.draft(container, event.project, event.issue)
        content["ticket"] = (
            api.new_ticket(draft) if isinstance(api, Showing) else {"title": draft.title, "text": draft.text}
        )
        notes = ["the ticket is made only where the issue has none yet: ABC and the ticket system are asked"]
    if status := settings.status_map.get(event.issue.status):
        content["status"] = status
        notes.append("the status is the one that the issue has when it is carried")
    if event.name == "ISSUE_ADDITION" and event.feedback and event.channel:
        body, _ = writer.comment(
            tools.scope, event.project, event.issue, event.channel, event.feedback, event.feedback.fields
        )
        content["comment"] = api.new_comment(body) if isinstance(api, Showing) else {"text": body}
        notes.append(
            "ABC is asked for the feedback, and which of its fields are of the format text: only these are sent"
        )
    return Preview(where, content, tuple(notes)) if content else Skipped(f"nothing is to be done; {notes[0]}")


def preview_back(event: TicketEvent, settings: TicketSettings) -> Preview:
    """Of a change of a ticket whose status is carried back: the event only hints at it."""
    carried: Mapping[str, Any] = {"ticket": short(event.ticket.key), "statuses": dict(back_of(settings))}
    variable = settings.variable("status_back")
    note = f"both statuses are read first; where the ticket's is one of {variable}, the issue gets the one beside it"
    return Preview("the issue of the ticket in ABC User Feedback", carried, (note,))
