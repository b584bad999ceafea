"""The data of the ticket flow: an issue as it is now, and the ticket that was found or made for it."""

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
    """One attempt's issue: as it is now, with its link and its marker."""

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
        """The externalIssueId, if a person set it, or the bridge before Redis was wiped; it takes priority. "" if there
        is none, or if it names the ticket of our record. Whole keys are compared, because tickets of two containers may
        have the same number."""
        external, key = self.issue.external_id, self.link.get("key")
        ours = external == self.link.get("external") or (key and self.names.key_of(external, self.container) == key)
        return "" if ours else external

    def remember(self, **values: str) -> None:
        """As `Links.set`; also updates `link`."""
        self.context.links.set(self.entity, self.issue.creation, **values)
        link = {name: value for name, value in {**self.link, **values}.items() if value}
        self.link.clear()
        self.link.update(link)

    def point(self, *names: str) -> None:
        """Stores links from the ticket to the issue, under the ticket's key and id."""
        values = {"project": str(self.project.id), "issue": str(self.issue.id), "creation": self.issue.creation}
        for name in dict.fromkeys(names):
            self.context.links.set(way_back(name), "", **values)


@dataclass(frozen=True, slots=True)
class Found:
    """The ticket of an issue. `ticket` is None right after its creation; `result`: for the delivery's record."""

    id: str
    key: str
    ours: bool
    ticket: Ticket | None = None
    result: dict[str, Any] = field(default_factory=dict)


def way_back(name: str) -> str:
    """The name of the link from a ticket to its issue; `name` is the ticket's key or id."""
    return f"ticket:{name}"


def short(typed: str) -> str:
    """A text from a person or from the source, for the record: at most 60 characters, inert."""
    return cut(inert(typed), 60)
