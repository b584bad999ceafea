"""What an externalIssueId names, and where a person finds it. Pure, without the `jira` library."""

from __future__ import annotations

from connectors.jira.settings import Settings
from connectors.jira.shapes import KEY
from connectors.tickets.names import Names

NAMES = Names(KEY, "-")
GATEWAY = "//api.atlassian.com/ex/jira/"
"""In the address for API tokens with scopes, where no person finds anything."""


def address_of(settings: Settings, project: int, external_id: str) -> str:
    """Where a person finds the ticket of an ABC project; "" where that takes a question to Jira."""
    jira_project = settings.project.get(project)
    key = NAMES.key_of(external_id, jira_project) if jira_project else None
    return f"{settings.url}/browse/{key}" if key and GATEWAY not in settings.url else ""
