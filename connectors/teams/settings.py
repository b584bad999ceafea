"""What an operator sets for Microsoft Teams: docs/connectors/teams.md."""

from __future__ import annotations

import re

from connectors.alerts.webhook import WebhookSettings


class TeamsSettings(WebhookSettings):
    """`rate` and BURST keep the limit of about 4 messages in a second."""

    PREFIX = "teams"
    BURST = 3
    HOST = re.compile(r".+\.(logic\.azure|api\.powerplatform|webhook\.office(365)?)\.com")
    PATH = re.compile(r"/[^?]*/triggers/manual/paths/invoke\?([^&]*&)*sig=.+")
    EXAMPLE = "https://….api.powerplatform.com/…/invoke?…&sig=… (of a workflow: Office 365 connectors have ended)"
