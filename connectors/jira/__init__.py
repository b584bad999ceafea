"""Jira (Cloud and Data Center): one ticket per ABC issue, its status carried, feedbacks added as comments."""

from __future__ import annotations

from connectors.base import Connector, Tools
from connectors.jira.names import address_of as ticket_address
from connectors.jira.settings import Settings

__all__ = ["DEFAULT_EVENTS", "NEEDS_ABC", "TICKETS", "Settings", "build", "ticket_address"]

DEFAULT_EVENTS = ("ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION")
NEEDS_ABC = True
TICKETS = True


def build(settings: Settings, tools: Tools) -> Connector:
    """The connector; talks to nobody yet."""
    assert tools.abc is not None, "NEEDS_ABC"
    # Only here: the jira library takes a while to import, and the web process never needs it.
    from connectors.jira.connector import JiraConnector
    from connectors.jira.port import JiraPort

    return JiraConnector(settings, tools, tools.abc, JiraPort(settings, tools.concurrency))
