"""What an operator sets for Mattermost: docs/connectors/mattermost.md."""

from __future__ import annotations

import re

from connectors.alerts.webhook import WebhookSettings


class MattermostSettings(WebhookSettings):
    """A server has no limits unless its operator sets some; 10 requests a second are the default then."""

    PREFIX = "mattermost"
    BURST = 5
    HOST = re.compile(r".+")  # everyone has a server of their own, so no host is the vendor's
    PATH = re.compile(r"/+[^/?].*")  # whatever a proxy in front of it serves, but not the server's root
    EXAMPLE = "https://mattermost.example.com/hooks/…"
