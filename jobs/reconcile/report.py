"""What a run of reconcile found, for logs and for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from jobs.delivery.schedule import DOWN


@dataclass(frozen=True, slots=True)
class Finding:
    """Something at the source that has no event or no effect yet, and what is done about it."""

    event_id: str
    name: str
    entity: str
    action: str


@dataclass
class Report:
    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    """Positions that are left out from now on, with why; each is reported by one run only."""
    looked_at: int = 0
    younger: int = 0
    """Changes of a level whose event may still arrive; a run `wait` seconds later knows."""
    wait: float = 0.0
    capped: bool = False
    answered: bool = False
    """Whether some position was compared whole."""
    refusals: set[str] = field(default_factory=set)
    """What the source answered where it did not."""

    @property
    def source_state(self) -> str:
        """In which state the source was seen: ok, refused (no credential fits), down, or "" where that is not clear:
        what does not exist refuses a credential as well."""
        if self.answered:
            return "" if "auth" in self.refusals else "ok"
        if "auth" in self.refusals:
            return "refused"
        return "down" if self.refusals & DOWN else ""

    def then(self, later: Report) -> Report:
        """This run and a later one as one report. A dry run finds the same things again."""
        return Report(
            list(dict.fromkeys([*self.findings, *later.findings])),
            list(dict.fromkeys([*self.errors, *later.errors])),
            list(dict.fromkeys([*self.forgotten, *later.forgotten])),
            max(self.looked_at, later.looked_at),
            later.younger,
            later.wait,
            later.capped,
            later.answered,
            later.refusals,
        )

    def changes(self, patience: float) -> str:
        """The changes that are too young, as a text for people."""
        return f"{self.younger} {'change' if self.younger == 1 else 'changes'} younger than {patience:.0f} s"

    def summary(self, patience: float, dry_run: bool) -> Iterator[str]:
        """`patience`: how old a change must be."""
        yield f"{self.looked_at} looked at, {len(self.findings)} {'would be ' if dry_run else ''}recovered"
        if self.capped:
            yield "one run recovers no more than that; run it again for the rest"
        if self.younger:
            it = "it" if self.younger == 1 else "them"
            yield f"{self.changes(patience)}: the next run looks at {it} (--wait does so in the same command)"

    def problems(self) -> Iterator[str]:
        for error in self.errors:
            yield f"could not compare {error}"
        for position in self.forgotten:
            yield f"no longer compared, and tried again once a day: {position}"
