"""Mattermost: a message in a channel when the status of an issue changes."""

from __future__ import annotations

from connectors.alerts.webhook import webhook_spec
from connectors.mattermost.client import Mattermost
from connectors.mattermost.settings import MattermostSettings

SPEC = webhook_spec(MattermostSettings, Mattermost)
