"""Microsoft Teams: a card in a channel when the status of an issue changes."""

from __future__ import annotations

from connectors.alerts.webhook import webhook_spec
from connectors.teams.client import Teams
from connectors.teams.settings import TeamsSettings

SPEC = webhook_spec(TeamsSettings, Teams)
