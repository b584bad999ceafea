"""One table for all HTTP answers: which are worth another try, and what they mean.

https://www.rfc-editor.org/rfc/rfc9110#section-15
"""

from __future__ import annotations

from bridge.http import Answer, NoAnswer
from bridge.refusals import Messages, code_of
from connectors.base import Failed, Reason, Retry

__all__ = ["Messages", "code_of", "no_answer", "reason_of", "refused", "refused_answer"]

WORTH_ANOTHER_TRY: dict[int, Reason] = {
    407: "network",  # a proxy's: bridge.http.adapter raises NoAnswer for it
    408: "timeout",
    409: "server_error",  # a conflict passes: two writers met
    423: "server_error",  # locked
    425: "server_error",  # too early
    429: "rate_limited",
}
FINAL: dict[int, Reason] = {401: "auth", 402: "quota", 403: "auth", 404: "not_found", 410: "not_found"}


def reason_of(status: int) -> tuple[Reason, bool]:
    """What a status that is no success means, and whether another try may help."""
    if status in WORTH_ANOTHER_TRY:
        return WORTH_ANOTHER_TRY[status], True
    if status >= 500:
        return "server_error", status not in (501, 505)
    return FINAL.get(status, "client_error"), False


def refused(who: str, status: int, detail: str, retry_after: float | None = None) -> Retry | Failed:
    """The outcome of an answer that is no success.

    `said`: what may be passed on of the answer: an error code (`code_of`), a message of a known form (`Messages`).
    Never free text, which may repeat a feedback or a part of a key; and not cut: the job layer cuts what it stores,
    after it has masked secrets.
    """
    reason, again = reason_of(status)
    why = f"{who} answered {status}" + (f": {detail}" if detail else "")
    return Retry(why, reason, retry_after) if again else Failed(why, reason)


def refused_answer(who: str, answer: Answer, detail: str = "") -> Retry | Failed:
    return refused(who, answer.status, detail, answer.retry_after)


def no_answer(who: str, error: NoAnswer) -> Retry:
    """The outcome where nothing came back and the request may be sent again without harm."""
    return Retry(f"{who}: {error}", error.reason)
