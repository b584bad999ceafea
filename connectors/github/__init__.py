"""GitHub Issues (github.com and Enterprise Server): one issue there per ABC issue."""

from __future__ import annotations

from connectors.github.settings import NAMES, Settings, url_of
from connectors.tickets import ticket_spec
from connectors.tickets.base import TicketApi


def _api(settings: Settings, pool: int) -> TicketApi:
    from connectors.github.api import GitHubApi

    return GitHubApi(settings, pool)


SPEC = ticket_spec("github", Settings, _api, NAMES, url_of, burst=15, source="github")
