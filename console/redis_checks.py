"""`flask check`: what of Redis's clock and persistence a person should know. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.base import Check, note

NOTED_SECONDS = 5.0
WRONG_SECONDS = 60.0
"""A difference from which signatures with a time and sign-ins of the console begin to fail: they allow for minutes."""


def clock_check(here: float, there: float, took: float) -> Check:
    """The difference between this machine's clock and Redis's, in seconds since 1970; `took`: the time of the request,
    in seconds, by which the difference is uncertain."""
    apart = abs(here - there)
    what = f"redis: its clock and that of this machine are {apart:.0f} s apart"
    if apart <= NOTED_SECONDS + took:
        return Check(True, "redis: its clock agrees with that of this machine")
    if apart <= WRONG_SECONDS + took:
        return note(f"{what}; times in the log and in the console differ by that: synchronise both (NTP)")
    return Check(False, f"{what}: signatures with a time and sign-ins fail. Synchronise both (NTP)")


def persistence_checks(found: Mapping[str, Any] | None) -> Iterator[Check]:
    """Whether what was answered with 200 outlives Redis. `found`: that part of its INFO; None: not allowed."""
    if found is None:
        yield note("redis: this user may not use INFO, so persistence is not checked")
        return
    failed = [name for name in ("aof_last_write_status", "rdb_last_bgsave_status") if found.get(name, "ok") != "ok"]
    if failed:
        yield Check(
            False, f"redis: it could not write to its disk ({', '.join(failed)}): look at its log and at the disk"
        )
    if found.get("aof_enabled"):
        yield Check(True, "redis: writes each event to disk (appendonly)")
    else:
        yield note(
            "redis: appendonly is off: when it ends, events since its last snapshot are lost, if it makes any. "
            "Set appendonly yes; reconcile finds what ABC still has"
        )
