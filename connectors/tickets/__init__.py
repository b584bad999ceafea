"""One flow for every ticket system: one ticket per ABC issue, its status carried, feedbacks added as comments.

deliver ─▶ connector.TicketConnector      what each event does
             ├▶ tickets.Tickets           looks for the ticket, makes it if there is none, writes its number into ABC
             ├▶ comments.comment_once     a comment that appears once
             └▶ base.TicketApi            the verbs of one ticket system: all that differs between them

`docs/adding-a-ticket-system.md` builds one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.base import TicketKind
from connectors.tickets.settings import TicketSettings

DEFAULT_EVENTS = ("ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION")


def ticket_kind(address: Callable[[Any, int, str], str]) -> TicketKind:
    """For Spec.tickets. `address`: see TicketKind."""
    return TicketKind(address, _projects)


def _projects(settings: TicketSettings) -> tuple[str, dict[str, str]]:
    return settings.variable(settings.CONTAINER), dict(settings.containers.items())
