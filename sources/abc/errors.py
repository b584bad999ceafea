"""What a refusal of ABC User Feedback means (docs/sources/abc.md has the table). Pure."""

from __future__ import annotations

from typing import Any, Literal

from bridge.refusals import Messages, code_of
from sources.sweep import SourceError

AbcReason = Literal[
    "auth", "not_found", "invalid", "unwritable", "timeout", "network", "server_error", "client_error", "rate_limited"
]
KNOWN = Messages(
    "unknown id",
    "invalid channel",
    "invalid channel id",
    "invalid field name",
    "this field is read-only",
    "this field is disabled",
    "reserved field key is unavailable: {}",
    "invalid field key: {}",
    "invalid value: (value: {...}, type: {}, fieldKey: {})",
    "{}: invalid value (value: {...}, format: {})",
    "{} must be a string",
    "{} must be an object",
    "{} must be shorter than or equal to {} characters",
    "{} must be longer than or equal to {} characters",
    "{} must be one of the following values: {...}",
    "property {} should not exist",
    "issue is not found",
    "channel is not found",
    "Duplicated name",
    "Body is not valid JSON",
    "Validation failed (numeric string is expected)",
    "Forbidden resource",
    "Internal server error",
    "Request body is too large",
    "Invalid jwt",
    "Password is not matched",
    "User is not found",
    "url must be a URL address",
    "invalid webhook event and channels",
    "Webhook already exists",
    "Token must be at least {} characters long and contain only {...}",
    "Cannot GET {...}",
    "Cannot POST {...}",
    "Cannot PUT {...}",
)
"""Its messages, as measured (docs/sources/abc.md); what a person wrote stands where {...} is."""


class AbcError(SourceError):
    """ABC User Feedback refused or did not answer. `again`: whether the same call may succeed later; `absent`: ABC
    itself answers that this does not exist, or not for this key (a proxy's 403 is no such answer)."""

    def __init__(
        self, reason: AbcReason, what: str, *, again: bool, retry_after: float | None = None, absent: bool = False
    ) -> None:
        super().__init__(reason, what, again=again, absent=absent)
        self.reason: AbcReason = reason
        self.retry_after = retry_after


def refusal(status: int, body: Any, retry_after: float | None = None, request: str = "") -> AbcError:
    """The error that an answer without success stands for. `body`: its JSON, None when it has none; `request`: what was
    sent, of which nothing is repeated."""
    answered = f"ABC User Feedback answered {status}" + (f": {words}" if (words := words_of(body, request)) else "")
    if status in (401, 403) and _is_own_403(body):
        advice = "ABC_API_KEY must have a key of this project, and the project must still exist"
        return AbcError("auth", f"{answered}. {advice}", again=False, absent=True)
    if status in (401, 403):
        advice = "that is not ABC's own answer: look at ABC_API_URL, and at a proxy before ABC"
        return AbcError("auth", f"{answered}. {advice}", again=False)
    if status == 400 and _is_not_found(body):
        return AbcError("not_found", answered, again=False, absent=True)
    if status in (400, 413, 415, 422):
        return AbcError("invalid", answered, again=False)
    if status == 429:
        return AbcError("rate_limited", answered, again=True, retry_after=retry_after)
    if status >= 500 or status in (408, 409, 423, 425):
        # Some of its 500s are a client's mistakes and stay: whoever tries again must not do so for ever.
        return AbcError("timeout" if status == 408 else "server_error", answered, again=True, retry_after=retry_after)
    if status == 404 or 300 <= status < 400:
        return AbcError("client_error", f"{answered}. Is ABC_API_URL the address of its API?", again=False)
    return AbcError("client_error", answered, again=False)


def words_of(body: Any, request: str = "") -> str:
    """ABC's error code and those of its messages that hold nothing that a person wrote; "" when it has none."""
    if not isinstance(body, dict):
        return ""
    message = KNOWN(body.get("message", body.get("response", "")))
    return ", ".join(part for part in (code_of(body.get("code"), [request]), message) if part)


NOT_FOUND = ("unknown id", "invalid channel", "invalid channel id")
"""Messages of a missing feedback, of a search in a deleted channel (measured), and of a creation there."""


def _is_not_found(body: Any) -> bool:
    if not isinstance(body, dict):
        return False
    return str(body.get("code", "")).endswith("NotFound") or str(body.get("message", "")).lower() in NOT_FOUND


def _is_own_403(body: Any) -> bool:
    """ABC answers this to a missing or wrong key, and to every key of a deleted project."""
    return isinstance(body, dict) and body.get("message") == "Forbidden resource"


class NotUnderstood(AbcError):
    """ABC answered with success, and with something else than what it was asked for."""


def not_understood(expected: str) -> NotUnderstood:
    what = f"ABC User Feedback answered 200, but not with {expected}: is ABC_API_URL its API, and no proxy in between?"
    return NotUnderstood("server_error", what, again=True)
