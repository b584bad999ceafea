"""The ticket that a message links, wherever a ticket system is in use."""

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
"""For asking ABC for a ticket's number, which a message can do without: an ABC that hangs must not hold its slots."""


@dataclass(frozen=True, slots=True)
class Tickets:
    """`overrides`: addresses with `{id}` in them (`<ALERT>_TICKET_URL`)."""

    tools: Tools
    overrides: KeyMap[str]

    def of(self, event: Event, links: Links) -> Ticket:
        """The ticket of the event's issue, and its address: by `overrides`, else by the record of the connector that
        keeps tickets, else by that one's settings. Of an event of a ticket system, the ticket that it names."""
        open_issue = self._open_issue(event)
        return self._of(event, links, self._asked(*open_issue) if open_issue else "")

    def known(self, event: Event, links: Links) -> Ticket:
        """The same, as far as it is known without asking ABC."""
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
        """The issue that the ticket of an event belongs to, as the record of the connector that keeps it knows: its
        subject and creation."""
        for system in self.tools.tickets:
            for name in (event.ticket.key, event.ticket.id):
                link = links.of(system.name).get(f"ticket:{name}", "")
                if "issue" in link:
                    return f"abc:issue:{link['project']}:{link['issue']}", link.get("creation", "")
        return None

    def _open_issue(self, event: Event) -> tuple[AbcClient, Named, Issue] | None:
        """An issue for which the event names no ticket, and that may have got one since, with its project and who can
        be asked."""
        if not isinstance(event, AbcEvent) or event.issue is None or event.project is None:
            return None
        abc = self.tools.abc
        if event.issue.external_id or abc is None or event.name == "ISSUE_CREATION":
            return None
        return abc, event.project, event.issue

    def _asked(self, abc: AbcClient, project: Named, issue: Issue) -> str:
        """A message reports what happened then, so nothing else is read again, and it does without when ABC can't be
        read: an alert doesn't wait."""
        try:
            found = abc.get_issue(project.id, issue.id, seconds=ASKING_SECONDS)
        except AbcError:
            return ""
        return found.external_id if issue.is_same(found) else ""


def linked(label: str, template: str) -> Ticket:
    """`template`: its address, in which `{id}` stands for `label`. A person may have typed anything in as the ticket:
    only what looks like a number or key becomes a link."""
    if not re.fullmatch(r"[\w.-]+", label):
        return Ticket(label)
    return Ticket(label, safe_url(template.replace("{id}", quote(label, safe=""))))
