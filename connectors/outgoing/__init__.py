"""Webhooks to an address of the operator's choice: one request for each event, signed."""

from __future__ import annotations

from connectors.base import Connector, Spec, Tools
from connectors.outgoing.settings import OutgoingSettings
from connectors.webhooks.body import DEFAULT_EVENTS


def build(settings: OutgoingSettings, tools: Tools) -> Connector:
    from connectors.outgoing.connector import Outgoing

    return Outgoing(settings, tools)


SPEC = Spec(kind="outgoing", settings=OutgoingSettings, default_events=DEFAULT_EVENTS, build=build)
