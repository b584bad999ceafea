"""The meaning of a receiver's answer to a webhook: https://www.standardwebhooks.com (deliverability). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.http import Answer
from connectors.answers import code_of, refused_answer
from connectors.base import Done, Failed, Reason, Retry

Advice = Mapping[int, tuple[Reason, str]]
"""By HTTP status: the reason and what to do, for refusals after which a person must act."""


def outcome_of(who: str, answer: Answer, advice: Advice, address: str) -> Done | Retry | Failed:
    """The outcome of an attempt with this answer. `address`: the variable of the address."""
    if answer.ok:
        return Done({"status": answer.status})
    if 300 <= answer.status < 400:
        why = f"{who} answered {answer.status}: redirects are not followed; set {address} to the target of the redirect"
        return Failed(why, "config")
    code = _code(answer)
    if answer.status in advice:
        reason, what = advice[answer.status]
        return Failed(f"{who} answered {answer.status}{f' ({code})' if code else ''}: {what}", reason)
    return refused_answer(who, answer, code)


def _code(answer: Answer) -> str:
    """The error code in an answer: `{"code": …}`, `{"error": …}` or `{"errors": [{"code": …}]}`."""
    body = answer.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        body = errors[0]
    return code_of(body.get("code") or body.get("error"), [answer.request]) if isinstance(body, dict) else ""
