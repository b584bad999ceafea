"""The report of a run of reconcile, for logs and for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from jobs.delivery.schedule import DOWN


@dataclass(frozen=True, slots=True)
class Finding:
    """A change at the source without an event or without its effect, and the action for it."""

    event_id: str
    name: str
    entity: str
    action: str


@dataclass
class Report:
    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    """Positions that are left out from now on, with the reason. Only one run reports each."""
    looked_at: int = 0
    younger: int = 0
    """How many changes of a level are so new that their event may still arrive. A run `wait` seconds later decides."""
    wait: float = 0.0
    capped: bool = False
    answered: bool = False
    """Whether at least one position was compared completely."""
    refusals: set[str] = field(default_factory=set)
    """The reasons of the source's errors."""

    @property
    def source_state(self) -> str:
        """The state in which the source was seen: ok, refused (it accepts no credential), down, or "" if unclear. It is
        unclear if only some credentials are refused: a project that does not exist also refuses its credential."""
        if self.answered:
            return "" if "auth" in self.refusals else "ok"
        if "auth" in self.refusals:
            return "refused"
        return "down" if self.refusals & DOWN else ""

    def then(self, later: Report) -> Report:
        """This run and a later one as one report, without duplicates: a second dry run finds the same again."""
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
        """The number of changes that are too new, as a text for people."""
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
