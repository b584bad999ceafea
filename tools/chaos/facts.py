"""The input of the count, and its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.chaos.post import Received


@dataclass(frozen=True, slots=True)
class Facts:
    """`state`: the data of the stand-ins; `received`: every webhook that was passed on; `statuses`: the last status
    that a person gave to each issue in ABC, by the issue's name; `repairs`: whether reconcile runs, so that changes
    without a webhook count, too; `lost_before`: how many webhooks arrived before Redis was wiped (their messages may be
    missing); `records`: the service's records of its deliveries, of which the count believes only `unsure`; `born`:
    when the ledger was created, in seconds since 1970."""

    state: Mapping[str, Any]
    received: Sequence[Received]
    statuses: Mapping[str, str]
    repairs: bool = True
    lost_before: int = 0
    records: Sequence[Mapping[str, Any]] = ()
    born: float = 0.0


@dataclass
class Row:
    """The count of one kind of effect. The lists name the entities, once for each case. `limits`: cases that
    docs/reliability.md lists as limits; they are reported, but are no failure."""

    effect: str
    expected: int = 0
    missing: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)

    def count(self, what: str, times: int) -> None:
        """Counts an effect that is expected exactly once."""
        self.expected += 1
        if times == 0:
            self.missing.append(what)
        self.repeated += [what] * (times - 1)

    @property
    def holds(self) -> bool:
        return not (self.missing or self.repeated or self.wrong)


def accepted(facts: Facts, event: str, since: int = 0) -> list[dict[str, Any]]:
    return [received.data for received in facts.received[since:] if received.accepted and received.event == event]


def last_received(facts: Facts, since: int = 0) -> dict[int, set[str]]:
    """The newest status of each issue, by the accepted webhooks of its creation and changes of status. If several of
    them have the same second, all their statuses: ABC gives some times only in seconds. `since`: how many webhooks at
    the start are ignored."""
    newest: dict[int, tuple[str, set[str]]] = {}
    for event in ("ISSUE_CREATION", "ISSUE_STATUS_CHANGE"):
        for data in accepted(facts, event, since):
            issue = data["issue"]
            second = str(issue["updatedAt"])[:19]
            known, statuses = newest.get(issue["id"], ("", set()))
            if second >= known:
                newest[issue["id"]] = (second, {issue["status"], *(statuses if second == known else ())})
    return {number: statuses for number, (_, statuses) in newest.items()}
