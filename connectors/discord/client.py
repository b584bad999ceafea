"""Posting to a webhook of Discord, and what its answers mean.

https://docs.discord.com/developers/resources/webhook#execute-webhook
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bridge.http import Answer, send
from connectors.alerts.contents import Content
from connectors.alerts.poster import Refused
from connectors.alerts.webhook import DEFECT, WebhookPoster, mapping, seconds_of
from connectors.base import Retry
from connectors.discord.render import render

_NEW = "make a new one in the channel's settings (Integrations, Webhooks) and set {webhook_url}"
NUMBER = re.compile(r"[0-9]{1,20}")
BLOCKED_SECONDS = 3600.0
"""After 10,000 refusals in ten minutes our address is blocked, and gets a page instead of JSON. For a page that states
no time."""


class Discord(WebhookPoster):
    system = "Discord"
    gone = f"the webhook was deleted, or its address is wrong: {_NEW}"
    refusals = {  # noqa: RUF012
        "10015": ("auth", f"the webhook was deleted: {_NEW}"),
        "50027": ("auth", f"the token in the address is wrong: {_NEW}"),
        "50035": ("client_error", f"it can't read the message: {DEFECT}"),
        "50006": ("client_error", f"the message is empty: {DEFECT}"),
        "220001": ("config", "a forum accepts only threads: add ?thread_id=… to the address in {webhook_url}"),
    }
    query = {"wait": "true"}  # noqa: RUF012  else a message that is not kept is answered with a success
    shows_itself = True

    def body(self, content: Content) -> dict[str, Any]:
        return render(content)

    def is_taken(self, answer: Answer) -> bool:
        return bool(self.result(answer))

    def result(self, answer: Answer) -> dict[str, str]:
        number = str(mapping(answer).get("id"))
        return {"message": number} if NUMBER.fullmatch(number) else {}

    def address_of(self, channel: str, result: Mapping[str, Any]) -> str:
        """In the thread that the address names, or in the webhook's channel."""
        address = self._addresses[channel]
        answer = send(self._session, "GET", address)
        thread = parse_qs(urlsplit(address).query).get("thread_id", [""])[0]
        there = mapping(answer)
        numbers = [str(there.get("guild_id")), thread or str(there.get("channel_id")), str(result.get("message"))]
        known = answer.ok and all(NUMBER.fullmatch(number) for number in numbers)
        return f"https://discord.com/channels/{'/'.join(numbers)}" if known else ""

    def refusal(self, answer: Answer) -> Refused | None:
        if answer.status == 204 and not answer.body:
            return None  # Discord's success without `wait`, which a server in between may leave out
        if answer.status != 429:
            return super().refusal(answer)
        if found := mapping(answer):
            return self.too_many(seconds_of(found.get("retry_after")) or answer.retry_after)
        why = "Discord blocks this server for a while, after too many refusals"
        return Refused(Retry(why, "rate_limited", answer.retry_after or BLOCKED_SECONDS))
