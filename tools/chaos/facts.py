"""What the counting goes by, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.chaos.post import Received


@dataclass(frozen=True, slots=True)
class Facts:
    """`state`: that of the stand-ins; `received`: every webhook that was passed on; `statuses`: the last status that a
    person gave to each issue in ABC, by its name; `repairs`: whether reconcile runs, so that what no webhook announced
    counts, too; `lost_before`: the numbers of webhooks that came before Redis was wiped, whose messages nobody can
    promise; `records`: the service's own of its deliveries, of which only one thing is believed: that it was `unsure`;
    `born`: since when its ledger exists, in seconds since 1970."""

    state: Mapping[str, Any]
    received: Sequence[Received]
    statuses: Mapping[str, str]
    repairs: bool = True
    lost_before: int = 0
    records: Sequence[Mapping[str, Any]] = ()
    born: float = 0.0


@dataclass
class Row:
    """One kind of effect; the lists name the entities, once for each. `limits`: what docs/reliability.md lists as
    limits; reported, and no failure."""

    effect: str
    expected: int = 0
    missing: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)

    def count(self, what: str, times: int) -> None:
        """Of something that is expected once."""
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
    """The newest status of each issue that an accepted webhook announced (one about something else that shows it did
    not announce the change), with all of the same second: ABC cuts some times. `since`: not of the first so many."""
    newest: dict[int, tuple[str, set[str]]] = {}
    for event in ("ISSUE_CREATION", "ISSUE_STATUS_CHANGE"):
        for data in accepted(facts, event, since):
            issue = data["issue"]
            second = str(issue["updatedAt"])[:19]
            known, statuses = newest.get(issue["id"], ("", set()))
            if second >= known:
                newest[issue["id"]] = (second, {issue["status"], *(statuses if second == known else ())})
    return {number: statuses for number, (_, statuses) in newest.items()}
