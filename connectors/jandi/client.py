"""Posting to an incoming webhook of JANDI, and what its answers mean.

An answer has no id, and there is nothing to look a message up with. https://support.jandi.com (Incoming Webhook)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bridge.http import SMALL_ANSWER_BYTES, Answer, new_session, send
from connectors.alerts import webhook
from connectors.alerts.contents import Content
from connectors.alerts.poster import Marker, Posted, Refused, Target, may_be_done
from connectors.answers import code_of, refused
from connectors.base import Check, Failed, Reason, Retry
from connectors.jandi.render import render
from connectors.jandi.settings import JandiSettings

SYSTEM = "JANDI"
ACCEPT = "application/vnd.tosslab.jandi-v2+json"
INVALID, TOO_MANY = "40000", "42900"
MINUTE = 60.0
"""JANDI names no time after which it takes messages again; its shorter limit is by the minute."""

_NEW = "make a new incoming webhook in JANDI Connect and set {webhook_url}"
_TOKEN = f"the address is not that of a webhook: {_NEW}"
_INACTIVE = f"the webhook was switched off or deleted: switch it on in JANDI Connect, or {_NEW}"
_FORMAT = "it can't read the message: this is a defect of Feedback Bridge, please report it"
CAUSES: tuple[tuple[str, Reason, str], ...] = (
    ("inactive|disabled|deleted|deactivated|not found|유효하지|비활성|삭제", "auth", _INACTIVE),
    ("token|토큰", "auth", _TOKEN),
    ("format|body|data|형식|데이터", "client_error", _FORMAT),
)
"""Three refusals share the code 40000: a word of the message is all that sets them apart. JANDI's page has the messages
in Korean; the English ones are a guess."""
ANY_CAUSE = f"the webhook was switched off or deleted, or its address is wrong: {_NEW}"
GONE = (401, 403, 404, 410)


class Jandi:
    system = SYSTEM

    def __init__(self, settings: JandiSettings, pool: int) -> None:
        self._settings = settings
        self._addresses = settings.addresses()
        self._session = new_session(pool, answer_bytes=SMALL_ANSWER_BYTES)

    def post(self, content: Content, target: Target, marker: Marker) -> Posted:  # noqa: ARG002
        address, headers = self._addresses[target.channel], {"Accept": ACCEPT}
        answer = send(self._session, "POST", address, headers=headers, json_body=render(content))
        if problem := refusal(answer, self._settings.variable):
            raise problem
        return Posted()

    def check(self) -> Iterator[Check]:
        return webhook.check(SYSTEM, self._settings, self._session)


def refusal(answer: Answer, variable: Callable[[str], str]) -> Refused | None:
    """None for a success. An answer may have the status 200 and the code of an error."""
    body = answer.json()
    body = body if isinstance(body, dict) else {}
    code = str(body.get("code", ""))
    if answer.status == 429 or code == TOO_MANY:
        return Refused(Retry(f"{SYSTEM} refused: too many messages", "rate_limited", answer.retry_after or MINUTE))
    if code == INVALID:
        reason, advice = _cause(body)
    elif answer.ok:
        return None
    elif answer.status in GONE:
        reason, advice = "auth", ANY_CAUSE
    else:
        # Never the body: what stands in between may repeat the address, which is the secret.
        outcome = refused(SYSTEM, answer.status, code_of(body.get("code"), [answer.request]), answer.retry_after)
        return Refused(outcome, maybe_done=may_be_done(answer.status))
    code = code if code == INVALID else str(answer.status)
    return Refused(Failed(f"{SYSTEM} refused ({code}): {advice.format(webhook_url=variable('webhook_url'))}", reason))


def _cause(body: dict[str, object]) -> tuple[Reason, str]:
    message = " ".join(str(body[name])[:500] for name in ("message", "msg") if name in body)
    for words, reason, advice in CAUSES:
        if re.search(words, message, re.IGNORECASE):
            return reason, advice
    return "auth", ANY_CAUSE
