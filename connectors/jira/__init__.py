"""Jira (Cloud and Data Center): one ticket per ABC issue, its status carried, feedbacks added as comments."""

from __future__ import annotations

from connectors.base import Connector, Tools
from connectors.jira.settings import Settings
from settings import ConfigError

__all__ = ["DEFAULT_EVENTS", "NEEDS_ABC", "Settings", "build"]

DEFAULT_EVENTS = ("ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION")
NEEDS_ABC = True


def build(settings: Settings, tools: Tools) -> Connector:
    """The connector; talks to nobody yet. Raises ConfigError when there is no ABC User Feedback to read from."""
    if tools.abc is None:
        raise ConfigError(["ABC_API_URL: required by the connector jira, which reads issues and stores ticket numbers"])
    # Only here: the jira library takes a while to import, and the web process never needs it.
    from connectors.jira.connector import JiraConnector
    from connectors.jira.port import JiraPort

    return JiraConnector(settings, tools, tools.abc, JiraPort(settings, tools.concurrency))
