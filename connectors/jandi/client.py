"""Posting to an incoming webhook of JANDI, and what its answers mean.

An answer has no id, and there is nothing to look a message up with. https://support.jandi.com (Incoming Webhook)
"""

from __future__ import annotations

import re
from typing import Any

from bridge.http import Answer
from connectors.alerts.contents import Content
from connectors.alerts.poster import Refused
from connectors.alerts.webhook import DEFECT, WebhookPoster, mapping
from connectors.base import Reason
from connectors.jandi.render import render

ACCEPT = "application/vnd.tosslab.jandi-v2+json"
INVALID, TOO_MANY = "40000", "42900"
MINUTE = 60.0
"""JANDI names no time after which it takes messages again; its shorter limit is by the minute."""

_NEW = "make a new incoming webhook in JANDI Connect and set {webhook_url}"
_TOKEN = f"the address is not that of a webhook: {_NEW}"
_INACTIVE = f"the webhook was switched off or deleted: switch it on in JANDI Connect, or {_NEW}"
_FORMAT = f"it can't read the message: {DEFECT}"
CAUSES: tuple[tuple[str, Reason, str], ...] = (
    ("inactive|disabled|deleted|deactivated|not found|유효하지|비활성|삭제", "auth", _INACTIVE),
    ("token|토큰", "auth", _TOKEN),
    ("format|body|data|형식|데이터", "client_error", _FORMAT),
)
"""Three refusals share the code 40000: a word of the message is all that sets them apart. JANDI's page has the messages
in Korean; the English ones are a guess."""
ANY_CAUSE = f"the webhook was switched off or deleted, or its address is wrong: {_NEW}"


class Jandi(WebhookPoster):
    system = "JANDI"
    gone = ANY_CAUSE
    headers = {"Accept": ACCEPT}  # noqa: RUF012

    def body(self, content: Content) -> dict[str, Any]:
        return render(content)

    def refusal(self, answer: Answer) -> Refused | None:
        """An answer may have the status 200 and the code of an error."""
        code = str(self.code(answer))
        if answer.status == 429 or code == TOO_MANY:
            return self.too_many(answer.retry_after or MINUTE)
        if code == INVALID:
            return self.failed(code, *_cause(mapping(answer)))
        return super().refusal(answer)


def _cause(body: dict[str, object]) -> tuple[Reason, str]:
    message = " ".join(str(body[name])[:500] for name in ("message", "msg") if name in body)
    for words, reason, advice in CAUSES:
        if re.search(words, message, re.IGNORECASE):
            return reason, advice
    return "auth", ANY_CAUSE
