"""What the ticket flow works on: an issue as it is now, and the ticket that was found or made for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridge.text import cut, inert
from connectors.base import Context
from connectors.tickets.base import Ticket
from connectors.tickets.markers import Marker
from connectors.tickets.names import Names
from sources.abc.models import Issue, Named


@dataclass(frozen=True, slots=True)
class Case:
    """An event about an issue, with what is true of the issue now."""

    context: Context
    entity: str
    project: Named
    container: str
    names: Names
    issue: Issue
    link: dict[str, str]
    marker: Marker

    @property
    def theirs(self) -> str:
        """The externalIssueId that a person, or an earlier life of the ledger, has put there; it wins. Empty where
        there is none, or where it names the ticket of our record: by its whole key, for tickets of two containers may
        have the same number."""
        external, key = self.issue.external_id, self.link.get("key")
        ours = external == self.link.get("external") or (key and self.names.key_of(external, self.container) == key)
        return "" if ours else external

    def remember(self, **values: str) -> None:
        """As `Links.set`; `link` has them, too."""
        self.context.links.set(self.entity, self.issue.creation, **values)
        link = {name: value for name, value in {**self.link, **values}.items() if value}
        self.link.clear()
        self.link.update(link)

    def point(self, *names: str) -> None:
        """Lets the names of its ticket, key and id, lead to the issue."""
        values = {"project": str(self.project.id), "issue": str(self.issue.id), "creation": self.issue.creation}
        for name in dict.fromkeys(names):
            self.context.links.set(way_back(name), "", **values)


@dataclass(frozen=True, slots=True)
class Found:
    """The ticket of an issue. `ticket` is None right after its creation; `result`: what was done."""

    id: str
    key: str
    ours: bool
    ticket: Ticket | None = None
    result: dict[str, Any] = field(default_factory=dict)


def way_back(name: str) -> str:
    """Under which a link keeps the issue of a ticket, by its key or id."""
    return f"ticket:{name}"


def short(typed: str) -> str:
    """What a person typed at the source, or the source answered, for a line of the record: 60 characters, inert."""
    return cut(inert(typed), 60)
