"""One flow for every ticket system: one ticket per ABC issue, its status carried, feedbacks added as comments.

deliver ─▶ connector.TicketConnector      what each event does
             ├▶ tickets.Tickets           looks for the ticket, makes it if there is none, writes its number into ABC
             ├▶ comments.comment_once     a comment that appears once
             ├▶ checks.check              what `flask check` reports
             └▶ base.TicketApi            the verbs of one ticket system: all that differs between them
                  └ issues.IssueTracker    most of them, where tickets are the issues of a repository

`docs/adding-a-ticket-system.md` builds one.
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
    """What a ticket system declares. `api`: (settings, connections) -> the adapter; it imports the adapter's module
    only when it is called, because the web process reads the settings and nothing else. `burst`: as TicketConnector;
    `source`: the one whose events show changes of its tickets, "" for none."""

    def build(values: TicketSettings, tools: Tools) -> Connector:
        from connectors.tickets.connector import TicketConnector

        return TicketConnector(values, tools, api(values, tools.concurrency), burst)

    return Spec(kind, settings, DEFAULT_EVENTS, build, frozenset({"abc"}), ticket_kind(names, url_of, source))


def ticket_kind(names: Names, url_of: Callable[[Any, str], str], source: str = "") -> TicketKind:
    """For Spec.tickets. `url_of`: (settings, a ticket's key) -> where a person finds the ticket, "" where that takes a
    question to the ticket system. `source`: as for ticket_spec."""

    def address(settings: TicketSettings, project: int, external_id: str) -> str:
        container = settings.containers.get(project)
        key = names.key_of(external_id, container) if container else None
        return url_of(settings, key) if key else ""

    def back(settings: TicketSettings) -> tuple[str, str]:
        return (source, settings.variable("status_back")) if source and back_of(settings) else ("", "")

    return TicketKind(address, _projects, back)


def _projects(settings: TicketSettings) -> tuple[str, dict[str, str]]:
    return settings.variable(settings.CONTAINER), dict(settings.containers.items())
