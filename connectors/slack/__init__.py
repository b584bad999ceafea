"""Slack: a message in a channel when the status of an issue changes."""

from __future__ import annotations

from connectors.alerts.poster import Poster
from connectors.base import Connector, Spec, Tools
from connectors.slack.settings import SlackSettings


def build(settings: SlackSettings, tools: Tools) -> Connector:
    # Only here: the web process never needs Slack's library.
    from connectors.alerts.flow import AlertConnector
    from connectors.slack.client import Bot, Webhook

    poster: Poster
    if settings.bot_token:
        poster = Bot(settings, settings.bot_token, pool=tools.concurrency)
    else:
        assert settings.webhook_url  # the settings demand one of the two
        poster = Webhook(settings, settings.webhook_url, pool=tools.concurrency)
    return AlertConnector(settings, tools, poster, threads=settings.threads)


SPEC = Spec(
    kind="slack",
    settings=SlackSettings,
    default_events=("ISSUE_STATUS_CHANGE",),
    build=build,
    locates=frozenset({"channel", "ts"}),
)
