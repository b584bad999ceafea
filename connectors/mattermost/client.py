"""Posting to an incoming webhook of Mattermost, and what its answers mean.

https://developers.mattermost.com/integrate/webhooks/incoming/
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from bridge.http import Answer
from connectors.alerts.contents import Content
from connectors.alerts.webhook import DEFECT, WebhookPoster, mapping
from connectors.mattermost.render import render

_NEW = "make a new one (Integrations, Incoming Webhooks) and set {webhook_url}"
USUAL_PATH = re.compile(r".*/hooks/[a-z0-9]{26,}")
"""Of an address as Mattermost shows it. A proxy may serve the webhook at another path."""


class Mattermost(WebhookPoster):
    system = "Mattermost"
    gone = f"the webhook was deleted, or its address is wrong: {_NEW}"
    refusals = {  # noqa: RUF012
        "invalid": ("auth", f"there is no such webhook: {_NEW}"),
        "user": ("auth", f"the person who made the webhook no longer has an account: {_NEW}"),
        "permissions": ("auth", f"the person who made the webhook may no longer post in its channel: {_NEW}"),
        "existing": ("config", f"the webhook's channel was deleted: {_NEW}"),
        "disabled": (
            "config",
            "the server accepts no webhooks: System Console, Integrations, Enable Incoming Webhooks",
        ),
        "parse": ("client_error", f"it can't read the message: {DEFECT}"),
        "decode": ("client_error", f"it can't read the message: {DEFECT}"),
        "text": ("client_error", f"the message is empty: {DEFECT}"),
        "split_props_length": ("client_error", f"the message is too long: {DEFECT}"),
    }

    def body(self, content: Content) -> dict[str, Any]:
        return render(content)

    def code(self, answer: Answer) -> object:
        """`invalid` of `web.incoming_webhook.invalid.app_error`. A 500 is no refusal: the server could not look
        something up, or broke off after it had stored a part."""
        name = str(mapping(answer).get("id"))
        is_known = name.startswith(("web.incoming_webhook.", "app.channel.get.")) and answer.status != 500
        return name.removesuffix(".app_error").rpartition(".")[2] if is_known else None

    def doubt(self, address: str) -> str:
        is_usual = USUAL_PATH.fullmatch(urlsplit(address).path)
        return "" if is_usual else "Mattermost shows an address that ends in /hooks/ and 26 letters and digits"

    def is_taken(self, answer: Answer) -> bool:
        return answer.text.strip() == "ok"
