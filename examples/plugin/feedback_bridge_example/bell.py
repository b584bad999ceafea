"""Bell, a made-up chat: `POST <secret address>` with `{"text": …}` of at most 500 characters."""

from __future__ import annotations

from typing import Any

from bridge.text import cut
from connectors.alerts.contents import Content, Digest
from connectors.alerts.webhook import WebhookPoster, WebhookSettings, webhook_spec

SHOWN = 500


class BellSettings(WebhookSettings):
    """BELL_WEBHOOK_URL, and what every connector of alerts has: BELL_RATE, BELL_WHEN_UNSURE, BELL_TEMPLATE …"""

    PREFIX = "bell"
    BURST = 5


class Bell(WebhookPoster):
    system = "Bell"
    gone = "the address was deleted: make a new one and set {webhook_url}"

    def body(self, content: Content) -> dict[str, Any]:
        return {"text": render(content)}


def render(content: Content) -> str:
    """Plain text: this chat has no markup to escape."""
    if isinstance(content, Digest):
        return content.text(SHOWN, len)
    return cut("\n".join(filter(None, [content.sentence, content.quotation])), SHOWN)


SPEC = webhook_spec(BellSettings, Bell)
