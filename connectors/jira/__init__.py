"""Jira (Cloud and Data Center): one ticket per ABC issue, its status carried, feedbacks added as comments."""

from __future__ import annotations

from connectors.base import Connector, Spec, Tools
from connectors.jira.names import NAMES, url_of
from connectors.jira.settings import Settings
from connectors.tickets import DEFAULT_EVENTS, ticket_kind


def build(settings: Settings, tools: Tools) -> Connector:
    # Only here: the jira library takes a while to import, and the web process never needs it.
    from connectors.jira.api import JiraApi
    from connectors.tickets.connector import TicketConnector

    return TicketConnector(settings, tools, JiraApi(settings, tools.concurrency))


SPEC = Spec(
    kind="jira",
    settings=Settings,
    default_events=DEFAULT_EVENTS,
    build=build,
    needs=frozenset({"abc"}),
    tickets=ticket_kind(NAMES, url_of),
)
