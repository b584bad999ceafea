"""Where people see in ABC User Feedback's web app what an event is about. Pure.

The paths and the filter are those of the web app's own links (`apps/web`, release 8).
"""

from __future__ import annotations

import json
from urllib.parse import quote

from sources.abc.models import AbcEvent, Issue
from sources.abc.settings import AbcSettings
from sources.base import Event

LONGEST_NAME = 200
"""Characters of a name that goes into an address; nine bytes each at most make less than 2,000."""


def address_of(settings: AbcSettings, event: Event) -> str:
    """The project's issues with the name of this one, or the feedbacks of the channel; "" without ABC_WEB_URL."""
    if settings.abc_web_url is None or not isinstance(event, AbcEvent) or event.project is None:
        return ""
    project = f"{settings.abc_web_url}/main/project/{event.project.id}"
    if event.issue is not None:
        return f"{project}/issue{_named(event.issue)}"
    return f"{project}/feedback?channelId={event.channel.id}" if event.channel else f"{project}/feedback"


def _named(issue: Issue) -> str:
    if not issue.name or len(issue.name) > LONGEST_NAME:
        return ""
    queries = [{"key": "name", "value": issue.name, "condition": "IS"}]
    return f"?queries={quote(json.dumps(queries, ensure_ascii=False), safe='', errors='replace')}"
