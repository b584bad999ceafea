"""Decides which status is carried: the issue's, the ticket's, or none. A three-way merge. Pure.

The base is the last pair of statuses that was read when both sides agreed, or that one of our writes made. If a side
differs from it, a person changed that side, or we did, and then both sides agree. The author is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["agree", "issue", "ticket", "nothing"]
"""agree: both sides fit, nothing is written. issue, ticket: that side's status is carried to the other side.
nothing: the changed status has no counterpart."""


SAME_MOMENT = 1.0
"""Seconds. Two times of the same change may differ by less: some times have only whole seconds, and the entry in a
history is written a little after the change."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The status of an issue in ABC and that of its ticket, as each side spells it."""

    issue: str
    ticket: str

    def written(self, ticket_id: str, at: float) -> str:
        """The value in a link, for the ticket with this id; `at`: when it was stored."""
        return json.dumps([ticket_id, self.issue, self.ticket, round(at, 3)], ensure_ascii=False)


def read_pair(written: str, ticket_id: str) -> Pair | None:
    """The opposite of `written`; None if there is no pair, or if it belongs to another ticket."""
    if not written:
        return None
    owner, issue, ticket, _ = json.loads(written)
    return Pair(issue, ticket) if owner == ticket_id else None


def of_ticket(written: str, ticket_id: str) -> str:
    """The base with the ticket's id, if it was written before the ticket had an id; else unchanged."""
    pair = read_pair(written, "")
    return json.dumps([ticket_id, *json.loads(written)[1:]], ensure_ascii=False) if pair else written


@dataclass(frozen=True, slots=True)
class Write:
    """A write of a status to one side, noted before it is made. `pair`: both statuses after it; `before`: the side's
    status before it; `seen`: when the side was changed last before it, in seconds since 1970 by its own clock."""

    pair: Pair
    before: str
    seen: float

    def written(self, ticket_id: str) -> str:
        """The value in a link, as `Pair.written`."""
        return json.dumps([ticket_id, self.pair.issue, self.pair.ticket, self.before, self.seen], ensure_ascii=False)

    def happened(self, now: str, changed_at: Callable[[], float]) -> bool:
        """Whether the write was made, although its result was not recorded. `now`: the side's present status;
        `changed_at`: when the side got it. If a person has undone the write, the status is `before`, but newer."""
        return now != self.before or changed_at() > self.seen + SAME_MOMENT


def read_write(written: str, ticket_id: str) -> Write | None:
    """The opposite of `Write.written`; None if there is no write, or if it belongs to another ticket."""
    if not written:
        return None
    owner, issue, ticket, before, seen = json.loads(written)
    return Write(Pair(issue, ticket), before, seen) if owner == ticket_id else None


@dataclass(frozen=True, slots=True)
class Maps:
    """`there`: <TICKETS>_STATUS_MAP; `back`: <TICKETS>_STATUS_BACK."""

    there: Mapping[str, str]
    back: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """All ticket statuses in both maps."""
        return tuple(dict.fromkeys((*self.back, *self.there.values())))

    def to_issue(self, called: Collection[str]) -> str:
        """The ABC status for a ticket whose status has these names; "" if there is none."""
        return next((self.back[name] for name in called if name in self.back), "")

    def agree(self, issue: str, called: Collection[str]) -> bool:
        """Whether both sides fit. Several ABC statuses may fit one ticket status, and the other way round."""
        return self.there.get(issue) in called or self.to_issue(called) == issue


def verdict(
    maps: Maps, base: Pair | None, now: Pair, called: Collection[str], ticket_is_later: Callable[[], bool]
) -> Verdict:
    """`called`: the members of `maps.names` that mean the ticket's status. `ticket_is_later`: whether the ticket's
    change is certainly later than the issue's; called only if both were changed. Without a base both count as
    changed."""
    if maps.agree(now.issue, called):
        return "agree"
    issue = now.issue in maps.there and (base is None or base.issue != now.issue)
    ticket = maps.to_issue(called) != "" and (base is None or base.ticket != now.ticket)
    if issue and ticket:
        return "ticket" if ticket_is_later() else "issue"
    return "issue" if issue else "ticket" if ticket else "nothing"
