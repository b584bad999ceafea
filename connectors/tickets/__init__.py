"""The shared flow of ticket systems: one ticket for each ABC issue, with the issue's status, and feedbacks as comments.

deliver ─▶ connector.TicketConnector      what each event does
             ├▶ tickets.Tickets           looks for the ticket, makes it if there is none, writes its number into ABC
             ├▶ comments.comment_once     adds a comment that must not appear twice
             ├▶ checks.check              the lines of `flask check`
             └▶ base.TicketApi            the verbs of one ticket system: everything that differs between systems
                  └ issues.IssueTracker    most of these verbs, for systems whose tickets are issues of a repository

`docs/adding-a-ticket-system.md` shows how to add one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.base import Connector, Spec, TicketKind, Tools
from connectors.tickets.base import TicketApi
from connectors.tickets.names import Names
from connectors.tickets.settings import TicketSettings, back_of

DEFAULT_EVENTS = ("ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION")


def ticket_spec(
    kind: str,
    settings: type[TicketSettings],
    api: Callable[[Any, int], TicketApi],
    names: Names,
    url_of: Callable[[Any, str], str],
    burst: int = 10,
    source: str = "",
) -> Spec:
    """The declaration of a ticket system. `api`: (settings, connections) -> the adapter; it imports the adapter's
    module only when it is called, because the web process needs only the settings. `burst`: as in TicketConnector;
    `source`: the source whose events announce changes of its tickets, "" for none."""

    def build(values: TicketSettings, tools: Tools) -> Connector:
        from connectors.tickets.connector import TicketConnector

        return TicketConnector(values, tools, api(values, tools.concurrency), burst)

    kinds = ticket_kind(names, url_of, source)
    return Spec(kind, settings, DEFAULT_EVENTS, build, frozenset({"abc"}), kinds, acts=frozenset(DEFAULT_EVENTS))


def ticket_kind(names: Names, url_of: Callable[[Any, str], str], source: str = "") -> TicketKind:
    """For Spec.tickets. `url_of`: (settings, a ticket's key) -> the ticket's address for people, "" if only the ticket
    system knows it. `source`: as in ticket_spec."""

    def address(settings: TicketSettings, project: int, external_id: str) -> str:
        container = settings.containers.get(project)
        key = names.key_of(external_id, container) if container else None
        return url_of(settings, key) if key else ""

    def back(settings: TicketSettings) -> tuple[str, str]:
        return (source, settings.variable("status_back")) if source and back_of(settings) else ("", "")

    return TicketKind(address, _projects, back)


def _projects(settings: TicketSettings) -> tuple[str, dict[str, str]]:
    return settings.variable(settings.CONTAINER), dict(settings.containers.items())
