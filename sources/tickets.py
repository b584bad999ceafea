"""What the sources that are ticket systems have in common: an event knows its ticket, and who changed it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sources.base import Event, Request, Subject, Summary, event_id
from sources.reading import part, text

FOUND = "found"
"""Of an event that reconcile made: its name behind the source, and the header that is stored with it."""
COMMENT = "comment"
"""Behind the source: the name of a new comment at every ticket system, besides the system's own."""
OURS = re.compile(r"\babc-(?:feedback|status)-")
TAIL = 1000
"""Characters at the end of a comment that are looked at."""
NAMES = frozenset({"ticket", "actor"})
"""What filters may use of their events."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as an event shows it. Texts as the system has them.

    `id` never changes; `key` is what people write (`acme/app#7`, `FB-7`) and what the connector of that system keeps;
    `status`: as `<TICKETS>_STATUS_MAP` spells it, "" where the event does not show it; `url`: for people.
    """

    id: str
    key: str
    title: str = ""
    status: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changed it, as the system knows its accounts; both "" where the event does not show it."""

    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class TicketEvent(Event):
    """An event about a ticket. `occurred` is when the ticket was changed; `previous_status`: "" where the status did
    not change, or the event does not show the one before."""

    ticket: Ticket
    actor: Actor = Actor()
    previous_status: str = ""
    moves: bool = False
    """Whether the event is about the status: it may have changed."""
    comment: str | None = None
    """The text of a new comment, as the system has it; None where the event is about something else."""

    @property
    def aliases(self) -> tuple[str, ...]:
        return () if self.comment is None else (f"{self.source}.{COMMENT}",)

    @property
    def is_our_comment(self) -> bool:
        """Whether a bridge wrote the comment: then it ends with a marker (connectors/tickets/markers.py)."""
        return self.comment is not None and OURS.search(self.comment[-TAIL:]) is not None


def summary(ticket: Ticket, actor: Actor, what: str, **values: str) -> Summary:
    """For an alert. The ticket itself is shown as one, with its address."""
    return Summary(ticket.title, who=actor.name, what=what, about=ticket.key, values=values)


def facts_of(event: Event) -> Mapping[str, Any]:
    """What filters and templates see; what the event does not show is null."""
    if not isinstance(event, TicketEvent):
        return {}
    ticket = {name: value or None for name, value in asdict(event.ticket).items()}
    actor = {name: value or None for name, value in asdict(event.actor).items()}
    return {"ticket": {**ticket, "previousStatus": event.previous_status or None}, "actor": actor}


def found(
    instance: str, source: str, ticket: Ticket, subject: Subject, at: float, known: str
) -> tuple[TicketEvent, bytes, Mapping[str, str]]:
    """An event about a change of status that no webhook announced, with the body and the headers to store. Implied: it
    is for the connector of the tickets, and no alert. `known`: what was known of the ticket before; with the status it
    identifies the change."""
    where = {"kind": subject.kind, "project": str(subject.project), "id": str(subject.id)}
    shown = {"source": source, "ticket": asdict(ticket), "subject": where, "at": at, "known": known}
    body = json.dumps(shown, ensure_ascii=False).encode("utf-8", "replace")
    event = found_again(Request(instance, json.loads(body), body, {}))
    return event, body, {FOUND: "1"}


def found_again(request: Request) -> TicketEvent:
    """The event as it was stored. Only reconcile stores the header by which it is known."""
    body, ticket, where = request.body, part(request.body, "ticket"), part(request.body, "subject")
    source, at = text(body, "source"), body.get("at")
    about = Ticket(**{name: text(ticket, name) for name in ("id", "key", "title", "status", "url")})
    id_ = event_id(request.instance, source, FOUND, about.id, about.status, text(body, "known"))
    subject = Subject(source, text(where, "kind"), text(where, "project"), text(where, "id"))
    occurred = float(at) if isinstance(at, int | float) else 0.0
    return TicketEvent(source, id_, f"{source}.{FOUND}", subject, occurred, body, about, moves=True, implied=True)
