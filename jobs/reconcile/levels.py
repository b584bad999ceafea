"""Decides whether a level changed without an event, from the source's data and the announced events. Pure."""

from __future__ import annotations

from jobs.ledger.ledger import CLOCKS_APART
from sources.base import Level
from sources.sweep import Seen

CLOCK_SECONDS = 600.0
"""Seconds by which the source's clock may be ahead of Redis's. A later time is wrong."""


def changed_at(seen: Seen, now: float) -> float | None:
    """When the entity was last changed, never later than now; None if the source's time can't be correct."""
    changed, created = seen.changed, seen.created
    if changed is None or changed > now + CLOCK_SECONDS or (created is not None and changed < int(created)):
        return None
    return min(changed, now)


def is_untouched(seen: Seen) -> bool:
    """Whether nobody has saved the entity since its creation. Some sources give the time of a change only in whole
    seconds."""
    return seen.changed is None or seen.created is None or seen.changed <= seen.created


def is_newer(known: Level | None, changed: float | None, asked: float, now: float) -> bool:
    """Whether an event that is later than the entity's last change arrived while the entity was being read (`asked` to
    `now`). A much earlier event does not count: then the source went back (a restored backup). A much later event does
    not count either: its time is wrong."""
    if known is None or changed is None or int(known.at) <= int(changed):
        return False
    return asked - CLOCK_SECONDS <= known.at <= now + CLOCK_SECONDS


def previous_of(
    seen: Seen, known: Level | None, changed: float | None, born: float, first_level: str
) -> tuple[str, str]:
    """(the level before the change, "" if unknown; why no alert is sent, "" if alerts are sent). `born`: when the
    ledger was created; `first_level`: the usual level of a new entity."""
    if known:
        # The level was stored again after a wipe, and the change after it may have been announced before the wipe.
        wiped = max(known.at, changed or 0.0) <= born
        return known.value, "it may have been announced before Redis was wiped" if wiped else ""
    if (seen.created or 0.0) < born + CLOCKS_APART:
        return "", "the previous status is not known"
    # Created after the ledger was, and no event arrived. An entity may be created with any level: if nobody has saved
    # it since, its level is the first one, and not a change.
    return (seen.level or "", "") if is_untouched(seen) or seen.level == first_level else ("", "")
