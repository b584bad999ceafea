"""Discord: a message in a channel when the status of an issue changes."""

from __future__ import annotations

from connectors.alerts.webhook import webhook_spec
from connectors.discord.client import Discord
from connectors.discord.settings import DiscordSettings

SPEC = webhook_spec(DiscordSettings, Discord, "message")
