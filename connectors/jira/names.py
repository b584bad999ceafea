"""What an externalIssueId names, and where a person finds it. Pure, without the `jira` library."""

from __future__ import annotations

from connectors.jira.settings import Settings
from connectors.jira.shapes import KEY
from connectors.tickets.names import Names

NAMES = Names(KEY, "-")
GATEWAY = "//api.atlassian.com/ex/jira/"
"""In the address for API tokens with scopes, where no person finds anything."""


def url_of(settings: Settings, key: str) -> str:
    """Where a person finds a ticket; "" where that takes a question to Jira."""
    return "" if GATEWAY in settings.url else f"{settings.url}/browse/{key}"
