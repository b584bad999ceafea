"""What an operator sets for Discord: docs/connectors/discord.md."""

from __future__ import annotations

import re

from bridge.settings import Rate
from connectors.alerts.webhook import WebhookSettings


class DiscordSettings(WebhookSettings):
    """`rate` and BURST keep the limit that Discord's answers report for a webhook, 5 messages in 2 s."""

    PREFIX = "discord"
    BURST = 4
    HOST = re.compile(r"(.+\.)?discord(app)?\.com")
    PATH = re.compile(r"/api(/v\d+)?/webhooks/\d+/[\w-]+(\?.*)?")
    EXAMPLE = "https://discord.com/api/webhooks/…/…"

    rate: Rate = 0.5
