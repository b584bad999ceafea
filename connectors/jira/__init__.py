"""Jira (Cloud and Data Center): one ticket per ABC issue, its status carried, feedbacks added as comments."""

from __future__ import annotations

from connectors.jira.names import NAMES, url_of
from connectors.jira.settings import Settings
from connectors.tickets import ticket_spec
from connectors.tickets.base import TicketApi


def _api(settings: Settings, pool: int) -> TicketApi:
    from connectors.jira.api import JiraApi

    return JiraApi(settings, pool)


SPEC = ticket_spec("jira", Settings, _api, NAMES, url_of, source="jira")
