"""JANDI: a message in a topic when the status of an issue changes."""

from __future__ import annotations

from connectors.alerts.webhook import webhook_spec
from connectors.jandi.client import Jandi
from connectors.jandi.settings import JandiSettings

SPEC = webhook_spec(JandiSettings, Jandi)
