"""Discord: a message in a channel when the status of an issue changes."""

from __future__ import annotations

from connectors.alerts.flow import AlertConnector
from connectors.base import Connector, Spec, Tools
from connectors.discord.settings import DiscordSettings


def build(settings: DiscordSettings, tools: Tools) -> Connector:
    from connectors.discord.client import Discord

    return AlertConnector(settings, tools, Discord(settings, tools.concurrency))


SPEC = Spec(kind="discord", settings=DiscordSettings, default_events=("ISSUE_STATUS_CHANGE",), build=build)
