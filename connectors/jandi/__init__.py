"""JANDI: a message in a topic when the status of an issue changes."""

from __future__ import annotations

from connectors.alerts.flow import AlertConnector
from connectors.base import Connector, Spec, Tools
from connectors.jandi.settings import JandiSettings


def build(settings: JandiSettings, tools: Tools) -> Connector:
    from connectors.jandi.client import Jandi

    return AlertConnector(settings, tools, Jandi(settings, tools.concurrency))


SPEC = Spec(kind="jandi", settings=JandiSettings, default_events=("ISSUE_STATUS_CHANGE",), build=build)
