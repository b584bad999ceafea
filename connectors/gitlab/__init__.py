"""GitLab Issues (GitLab.com and self-managed): one issue there per ABC issue."""

from __future__ import annotations

from connectors.gitlab.settings import NAMES, Settings, url_of
from connectors.tickets import ticket_spec
from connectors.tickets.base import TicketApi


def _api(settings: Settings, pool: int) -> TicketApi:
    from connectors.gitlab.api import GitLabApi

    return GitLabApi(settings, pool)


SPEC = ticket_spec("gitlab", Settings, _api, NAMES, url_of, source="gitlab")
