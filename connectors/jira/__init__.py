"""Jira (Cloud and Data Center): one ticket per ABC issue, its status carried, feedbacks added as comments."""

from __future__ import annotations

from connectors.base import Connector, Spec, TicketKind, Tools
from connectors.jira.names import address_of
from connectors.jira.settings import Settings


def build(settings: Settings, tools: Tools) -> Connector:
    assert tools.abc is not None, "needs"
    # Only here: the jira library takes a while to import, and the web process never needs it.
    from connectors.jira.connector import JiraConnector
    from connectors.jira.port import JiraPort

    return JiraConnector(settings, tools, tools.abc, JiraPort(settings, tools.concurrency))


SPEC = Spec(
    kind="jira",
    settings=Settings,
    default_events=("ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION"),
    build=build,
    needs=frozenset({"abc"}),
    tickets=TicketKind(
        address_of, lambda settings: (settings.variable("jira_project"), dict(settings.jira_project.items()))
    ),
)
