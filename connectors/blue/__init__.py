"""Blue (blue.cc): one record in a list per ABC issue."""

from __future__ import annotations

from connectors.blue.settings import NAMES, Settings, url_of
from connectors.tickets import ticket_spec
from connectors.tickets.base import TicketApi


def _api(settings: Settings, pool: int) -> TicketApi:
    from connectors.blue.api import BlueApi

    return BlueApi(settings, pool)


SPEC = ticket_spec("blue", Settings, _api, NAMES, url_of, source="blue")
