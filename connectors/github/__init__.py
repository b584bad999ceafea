"""GitHub Issues (github.com and Enterprise Server): one issue there per ABC issue."""

from __future__ import annotations

from connectors.base import Connector, Spec, Tools
from connectors.github.settings import NAMES, Settings, url_of
from connectors.tickets import DEFAULT_EVENTS, ticket_kind


def build(settings: Settings, tools: Tools) -> Connector:
    # Only here: the web process reads the settings, and nothing else.
    from connectors.github.api import GitHubApi
    from connectors.tickets.connector import TicketConnector

    return TicketConnector(settings, tools, GitHubApi(settings, tools.concurrency), burst=15)


SPEC = Spec(
    kind="github",
    settings=Settings,
    default_events=DEFAULT_EVENTS,
    build=build,
    needs=frozenset({"abc"}),
    tickets=ticket_kind(NAMES, url_of),
)
