"""Slack: a message in a channel when the status of an issue changes."""

from __future__ import annotations

from connectors.base import Connector, Spec, Tools
from connectors.slack.settings import SlackSettings


def build(settings: SlackSettings, tools: Tools) -> Connector:
    # Only here: the web process never needs Slack's library.
    from connectors.slack.client import Bot, Way, Webhook
    from connectors.slack.connector import SlackConnector

    way: Way
    if settings.slack_bot_token:
        way = Bot(settings.slack_bot_token, settings.slack_api_url, pool=tools.concurrency)
    else:
        assert settings.slack_webhook_url  # the settings demand one of the two
        way = Webhook(settings.slack_webhook_url, pool=tools.concurrency)
    return SlackConnector(settings, tools, way)


SPEC = Spec(kind="slack", settings=SlackSettings, default_events=("ISSUE_STATUS_CHANGE",), build=build)
