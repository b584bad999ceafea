"""What a refusal by ABC User Feedback means for a delivery: one table for every connector."""

from __future__ import annotations

from connectors.base import Context, Failed, Reason, Retry, Skipped
from sources.abc.client import AbcError, AbcReason

NOT_YET_SECONDS = 120.0
"""How long after the event a not-found means "not committed yet". Measured: visible after 60 ms in the median, 150 ms
at most (docs/sources/abc.md); a creation with many issues, a slow database or a lagging search index takes longer."""

WHAT_IT_IS: dict[AbcReason, Reason] = {
    "auth": "auth",
    "not_found": "not_found",
    "invalid": "client_error",
    "unwritable": "config",
    "timeout": "timeout",
    "network": "network",
    "server_error": "server_error",
    "client_error": "client_error",
    "rate_limited": "rate_limited",
}


def outcome_of(error: AbcError, context: Context) -> Retry | Failed | Skipped:
    """The outcome of an attempt that `error` ended."""
    if error.reason == "not_found":
        return not_found(str(error), "it was deleted, or its creation was undone", context)
    reason = WHAT_IT_IS[error.reason]
    if error.again:
        return Retry(str(error), reason, error.retry_after, at_source=True)
    return Failed(str(error), reason, at_source=True)


def not_found(what: str, meaning: str, context: Context) -> Retry | Skipped:
    """The outcome where ABC does not show something: soon after the event that may mean "not yet"; later, `meaning`.
    People delete feedback and issues every day: nobody has to act on that."""
    if context.age < NOT_YET_SECONDS:
        # 1, 2, 4 ... 64 s: nearly always the first one is enough, and all eight attempts span NOT_YET_SECONDS.
        after = min(2.0 ** (context.attempt - 1), 64.0)
        return Retry(f"{what}: announced, but not readable yet", "not_yet", after, at_source=True)
    return Skipped(f"{what}: {meaning}")
