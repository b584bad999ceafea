"""Whether a level changed without an event: pure decisions about what the source shows and what events announced."""

from __future__ import annotations

from jobs.ledger.ledger import CLOCKS_APART
from sources.base import Level
from sources.sweep import Seen

CLOCK_SECONDS = 600.0
"""How far the source's clock may be ahead of Redis's. A later time is wrong."""


def changed_at(seen: Seen, now: float) -> float | None:
    """When the entity was last changed, never later than now; None when the source's time can't be true."""
    changed, created = seen.changed, seen.created
    if changed is None or changed > now + CLOCK_SECONDS or (created is not None and changed < int(created)):
        return None
    return min(changed, now)


def is_untouched(seen: Seen) -> bool:
    """Whether nobody has saved the entity since its creation. Some sources cut the time of a change to seconds."""
    return seen.changed is None or seen.created is None or seen.changed <= seen.created


def is_newer(known: Level | None, changed: float | None, asked: float, now: float) -> bool:
    """Whether a later event than the entity's last change arrived while it was being read (`asked` to `now`).
    One from well before is no reason to wait: the source went back then (a restored backup). One from well after that
    has a wrong time."""
    if known is None or changed is None or int(known.at) <= int(changed):
        return False
    return asked - CLOCK_SECONDS <= known.at <= now + CLOCK_SECONDS


def previous_of(
    seen: Seen, known: Level | None, changed: float | None, born: float, first_level: str
) -> tuple[str, str]:
    """The level before the change ("" when unknown), and why alerts are not to be sent ("" when they are). `born`:
    when the ledger was created; `first_level`: the usual one of a new entity."""
    if known:
        # Known again after a wipe, and the change that followed may have been announced before it.
        wiped = max(known.at, changed or 0.0) <= born
        return known.value, "it may have been announced before Redis was wiped" if wiped else ""
    if (seen.created or 0.0) < born + CLOCKS_APART:
        return "", "the previous status is not known"
    # Created since the ledger remembers, and no event arrived. An entity may be created with any level: where nobody
    # saved it since, that is its first one and no change.
    return (seen.level or "", "") if is_untouched(seen) or seen.level == first_level else ("", "")
