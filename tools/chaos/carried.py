"""Counts the statuses that are carried between an issue and its ticket: each person's change once, in both directions.
Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

from tools.chaos.facts import Facts, Row
from tools.chaos.statuses import SYSTEMS, THERE

Side = Literal["issue", "ticket"]
OTHER: Mapping[Side, Side] = {"issue": "ticket", "ticket": "issue"}
PERSON = "python"
"""The author of a change through `/control/move` at the stand-in of ABC."""
TOGETHER_SECONDS = 3.0
"""The most seconds between a read and the write after it, with the slow answers of an attack."""


UNDONE_SECONDS = 20.0
"""Until a delivery goes on whose worker was killed: its lease, and the tick after it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of status at `at` (seconds since 1970), by the service or by a person. `restored`: the service saved the
    ticket's number, and so restored the status from before a person's save at the same moment."""

    at: float
    side: Side
    status: str
    ours: bool
    restored: bool = False


def changes(facts: Facts, issue: Mapping[str, Any]) -> list[Change]:
    """The changes of an issue and of its ticket, in order of time."""
    return sorted((*_of_issue(facts, issue), *_of_ticket(facts, issue)), key=lambda change: change.at)


def _of_issue(facts: Facts, issue: Mapping[str, Any]) -> Iterator[Change]:
    saves = [it for it in facts.state["abc"]["writes"] if it["entity"] == issue["id"] and it["what"][:6] == "issue."]
    number = None
    for before, after in pairwise(saves):
        values, ours = after["values"], after["by"] != PERSON
        named, number = number, values.get("externalIssueId") or number
        if values["status"] != before["values"]["status"]:
            at = datetime.fromisoformat(after["at"]).timestamp()
            yield Change(at, "issue", values["status"], ours, restored=ours and number != named)


def _of_ticket(facts: Facts, issue: Mapping[str, Any]) -> Iterator[Change]:
    system = SYSTEMS[issue["project"]]
    keys = {ticket["key"] for ticket in facts.state[system]["tickets"] if ticket["summary"] == issue["name"]}
    moves = [move for move in facts.state["moves"] if move["system"] == system and move["key"] in keys]
    for move, after in pairwise([*moves, None]):
        # GitHub changes the reason only together with the state, so the service opens the issue first.
        is_a_half = system == "github" and move["ours"] and after and after["ours"] and move["status"] == "open"
        if not is_a_half:
            yield Change(move["at"], "ticket", move["status"], move["ours"])


def carried(facts: Facts) -> list[Row]:
    """Each ticket that a person moved matches its issue at the end, by the last change; and the service made no more
    writes than people made changes."""
    back, writes = Row("statuses carried back"), Row("writes no more than changes")
    for issue in facts.state["abc"]["issues"]:
        its = changes(facts, issue)
        _count_writes(writes, issue, its)
        if any(change.side == "ticket" and not change.ours for change in its):
            _count_carried(back, issue, its, facts)
    return [back, writes]


def _count_writes(row: Row, issue: Mapping[str, Any], its: Iterable[Change]) -> None:
    """Counts the writes. A status that a save of ours restored is a limit; it is announced like any change."""
    its = list(its)
    row.limits += [f"issue {issue['id']}: {change.status} restored" for change in its if change.restored]
    made = sum(not change.ours or change.restored for change in its)
    written = sum(change.ours and not change.restored for change in its)
    row.expected += made
    row.repeated += [f"issue {issue['id']}: {written} writes for {made} changes"] * (written - made)


def _count_carried(row: Row, issue: Mapping[str, Any], its: Iterable[Change], facts: Facts) -> None:
    """Counts the lost changes. The service compares statuses: it can't see a change that was undone before the
    comparison, nor any change from before a wipe of Redis. Changes that are lost in this way are a limit."""
    system, name = SYSTEMS[issue["project"]], f"issue {issue['id']}"
    now: dict[Side, str] = {"issue": "INIT", "ticket": THERE[system]["INIT"]}
    by_people: dict[Side, float] = {}  # when each side was changed, since the service's last write
    matched, written = dict(now), 0.0
    left = dict(now)  # as the service's last write left them; it may have seen none of the matches since
    ours: dict[Side, tuple[float, str]] = {}  # the service's last write of each side, and what it replaced
    for change in its:
        row.expected += change.side == "ticket" and not change.ours
        before = now[change.side]
        now[change.side] = change.status
        if not change.ours or change.restored:
            by_people[change.side] = change.at
            matched = dict(now) if _match(system, now) else matched
            continue
        lost, won = by_people.get(change.side), by_people.get(OTHER[change.side])
        if lost is not None and (won is None or won < lost):
            has_no_base = bool(facts.lost_before) and written < facts.born <= change.at
            at, replaced = ours.get(change.side, (0.0, ""))
            # Blue has no history, which would show that the write had happened before its worker was killed.
            undone = system == "blue" and before == replaced and lost - at < UNDONE_SECONDS
            unseen = before in (matched[change.side], left[change.side]) or undone
            is_limit = has_no_base or unseen or _may_lose(system, lost, won, change.at)
            (row.limits if is_limit else row.wrong).append(f"{name}: a person's change of the {change.side} is lost")
        by_people.clear()
        matched, left, written = dict(now), dict(now), change.at
        ours[change.side] = change.at, before
    if not _match(system, now):
        row.wrong.append(f"{name} is {now['issue']}, its ticket {now['ticket']}")


def _match(system: str, now: Mapping[Side, str]) -> bool:
    return THERE[system][now["issue"]] == now["ticket"]


def _may_lose(system: str, lost: float, won: float | None, written: float) -> bool:
    """Whether the earlier change may win: the write was already under way, or both sides were changed at the same
    moment or in a system without a history."""
    if written - lost < TOGETHER_SECONDS:
        return True
    return won is not None and (system == "blue" or lost - won < TOGETHER_SECONDS)
