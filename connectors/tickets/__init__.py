"""One flow for every ticket system: one ticket per ABC issue, its status carried, feedbacks added as comments.

deliver ─▶ connector.TicketConnector      what each event does
             ├▶ tickets.Tickets           looks for the ticket, makes it if there is none, writes its number into ABC
             ├▶ comments.comment_once     a comment that appears once
             ├▶ checks.check              what `flask check` reports
             └▶ base.TicketApi            the verbs of one ticket system: all that differs between them

`docs/adding-a-ticket-system.md` builds one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.base import TicketKind
from connectors.tickets.names import Names
from connectors.tickets.settings import TicketSettings

DEFAULT_EVENTS = ("ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION")


def ticket_kind(names: Names, url_of: Callable[[Any, str], str]) -> TicketKind:
    """For Spec.tickets. `url_of`: (settings, a ticket's key) -> where a person finds the ticket, "" where that takes a
    question to the ticket system."""

    def address(settings: TicketSettings, project: int, external_id: str) -> str:
        container = settings.containers.get(project)
        key = names.key_of(external_id, container) if container else None
        return url_of(settings, key) if key else ""

    return TicketKind(address, _projects)


def _projects(settings: TicketSettings) -> tuple[str, dict[str, str]]:
    return settings.variable(settings.CONTAINER), dict(settings.containers.items())
