"""What an externalIssueId names, and where a person finds it. Pure, without the `jira` library."""

from __future__ import annotations

from connectors.jira.settings import Settings
from connectors.jira.shapes import KEY

GATEWAY = "//api.atlassian.com/ex/jira/"
"""In the address for API tokens with scopes, where no person finds anything."""


def key_of(external_id: str, jira_project: str) -> str | None:
    """The ticket that an externalIssueId names: a number of `jira_project`, or a whole key. None: no ticket's name."""
    if KEY.fullmatch(key := f"{jira_project}-{external_id}"):
        return key
    return external_id if KEY.fullmatch(external_id) else None


def address_of(settings: Settings, project: int, external_id: str) -> str:
    """Where a person finds the ticket of an ABC project; "" where that takes a question to Jira."""
    jira_project = settings.jira_project.get(project)
    key = key_of(external_id, jira_project) if jira_project else None
    return f"{settings.jira_url}/browse/{key}" if key and GATEWAY not in settings.jira_url else ""
