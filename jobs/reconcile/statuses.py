"""Whether an issue's status changed without an event: pure decisions about what the source shows and what was heard."""

from __future__ import annotations

from jobs.ledger.ledger import CLOCKS_APART
from sources.abc.models import Issue
from sources.base import Level, seconds_of

FIRST_STATUS = "INIT"
"""That of an issue of ABC User Feedback unless its creator chose another one (docs/sources/abc.md)."""
CLOCK_SECONDS = 600.0
"""How far the source's clock may be ahead of Redis's. A later time is wrong."""


def changed_at(issue: Issue, now: float) -> float | None:
    """When the issue was last changed, never later than now; None when the source's time can't be true."""
    changed, created = seconds_of(issue.updatedAt), seconds_of(issue.createdAt)
    if changed is None or changed > now + CLOCK_SECONDS or (created is not None and changed < int(created)):
        return None
    return min(changed, now)


def is_untouched(issue: Issue) -> bool:
    """Whether nobody has saved the issue since its creation. Some paths of ABC cut `updatedAt` to whole seconds."""
    changed, created = seconds_of(issue.updatedAt), seconds_of(issue.createdAt)
    return changed is None or created is None or changed <= created


def is_newer(heard: Level | None, changed: float | None, asked: float, now: float) -> bool:
    """Whether a later event than the issue's last change was heard while the issue was being read (`asked` to `now`).
    One from well before is no reason to wait: the source went back then (a restored backup). One from well after that
    has a wrong time."""
    if heard is None or changed is None or int(heard.at) <= int(changed):
        return False
    return asked - CLOCK_SECONDS <= heard.at <= now + CLOCK_SECONDS


def previous_of(issue: Issue, heard: Level | None, changed: float | None, born: float) -> tuple[str, str]:
    """The status before the change ("" when unknown), and why alerts are not to be sent ("" when they are). `born`:
    when the ledger was created."""
    if heard:
        # Level again after a wipe, and the change that followed may have been announced before it.
        wiped = max(heard.at, changed or 0.0) <= born
        return heard.value, "it may have been announced before Redis was wiped" if wiped else ""
    if (seconds_of(issue.createdAt) or 0.0) < born + CLOCKS_APART:
        return "", "what it was before is not known"
    # Created since the ledger remembers, and no event arrived. An issue may be created with any status: where nobody
    # saved it since, that is its first one and no change.
    return (issue.status, "") if is_untouched(issue) or issue.status == FIRST_STATUS else ("", "")
