"""What the sources that are ticket systems have in common: an event knows its ticket, and who changed it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sources.base import Event, Summary

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
