"""Finds the ticket that a message links to, from any configured ticket system."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from bridge.settings import KeyMap
from connectors.alerts.contents import NO_TICKET, Ticket, safe_url
from connectors.base import Links, Tools
from sources.abc.client import AbcClient, AbcError
from sources.abc.models import AbcEvent, Issue, Named
from sources.base import Event
from sources.tickets import TicketEvent

ASKING_SECONDS = 3.0
"""The time limit for reading a ticket's number from ABC. A message can be sent without it, so if ABC hangs, alerts must
not wait."""


@dataclass(frozen=True, slots=True)
class Tickets:
    """`overrides`: addresses that contain `{id}` (`<ALERT>_TICKET_URL`)."""

    tools: Tools
    overrides: KeyMap[str]

    def of(self, event: Event, links: Links) -> Ticket:
        """The ticket of the event's issue. Its address comes from `overrides`, else from the record of the ticket
        system's connector, else from that connector's settings. For an event of a ticket system: the event's ticket."""
        open_issue = self._open_issue(event)
        return self._of(event, links, self._asked(*open_issue) if open_issue else "")

    def known(self, event: Event, links: Links) -> Ticket:
        """As `of`, without asking ABC."""
        return self._of(event, links, "")

    def asks(self, event: Event) -> bool:
        """Whether `of` asks ABC."""
        return self._open_issue(event) is not None

    def _of(self, event: Event, links: Links, found: str) -> Ticket:
        if isinstance(event, TicketEvent):
            return Ticket(event.ticket.key, safe_url(event.ticket.url))
        if not isinstance(event, AbcEvent) or event.issue is None or event.project is None:
            return NO_TICKET
        external = event.issue.external_id or found
        if external and (template := self.overrides.get(event.project.id)):
            return linked(external, template)
        for system in self.tools.tickets:
            link = links.of(system.name).get(str(event.subject), event.creation)
            key, url = link.get("key", ""), link.get("url", "")
            if key and url and external in ("", key, key.rpartition("-")[2]):
                return linked(key, url)
            if external and (url := system.address(event.project.id, external)):
                return linked(external, url)
        return Ticket(external)

    def issue_of(self, event: TicketEvent, links: Links) -> tuple[str, str] | None:
        """The issue of an event's ticket, from the record of the ticket system's connector: (subject, creation)."""
        for system in self.tools.tickets:
            for name in (event.ticket.key, event.ticket.id):
                link = links.of(system.name).get(f"ticket:{name}", "")
                if "issue" in link:
                    return f"abc:issue:{link['project']}:{link['issue']}", link.get("creation", "")
        return None

    def _open_issue(self, event: Event) -> tuple[AbcClient, Named, Issue] | None:
        """What is needed to ask ABC for the ticket: client, project and issue. None if the event names the ticket, or
        if ABC can't know it."""
        if not isinstance(event, AbcEvent) or event.issue is None or event.project is None:
            return None
        abc = self.tools.abc
        if event.issue.external_id or abc is None or event.name == "ISSUE_CREATION":
            return None
        return abc, event.project, event.issue

    def _asked(self, abc: AbcClient, project: Named, issue: Issue) -> str:
        """The issue's externalIssueId in ABC; "" if ABC does not answer, because alerts do not wait. Nothing else is
        read again: a message shows what happened at the time of the event."""
        try:
            found = abc.get_issue(project.id, issue.id, seconds=ASKING_SECONDS)
        except AbcError:
            return ""
        return found.external_id if issue.is_same(found) else ""


def linked(label: str, template: str) -> Ticket:
    """The ticket with its address: `template`, in which `{id}` stands for `label`. A person may have typed any text as
    the ticket: only a number or a key becomes a link."""
    if not re.fullmatch(r"[\w.-]+", label):
        return Ticket(label)
    return Ticket(label, safe_url(template.replace("{id}", quote(label, safe=""))))
