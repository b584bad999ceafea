"""Jira as a ticket system: the verbs of `connectors.tickets.base.TicketApi`, on top of the calls of the port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors import patience
from connectors.base import Check, Retry
from connectors.jira import checks, status
from connectors.jira.catalog import Catalog
from connectors.jira.errors import JiraRefusal, create_outcome_of, search_outcome_of
from connectors.jira.markup import MARKUP
from connectors.jira.names import NAMES
from connectors.jira.port import JiraPort
from connectors.jira.settings import Settings
from connectors.tickets.base import Created, Draft, Fence, Moved, NoWay, Refused, Ticket
from connectors.tickets.markers import Marker

BAD_REQUEST = 400


class JiraApi(JiraPort):
    title = "Jira"
    container = "Jira project"
    names = NAMES
    markup = MARKUP

    def __init__(self, settings: Settings, pool: int) -> None:
        super().__init__(settings, pool)
        self._catalog = Catalog(settings, self)

    def prepare(self, draft: Draft) -> dict[str, Any]:
        """The `fields` of the ticket."""
        kind, priority = self._catalog.kind(draft.container)
        self.site()
        fields = {"project": {"key": draft.container}, "issuetype": kind, **self.new_ticket(draft)}
        return {"priority": priority, **fields} if priority else fields

    def new_ticket(self, draft: Draft) -> dict[str, Any]:
        return own_fields(self._settings, draft)

    def new_comment(self, body: str) -> dict[str, Any]:
        return {"body": body}

    def create(self, container: str, request: Mapping[str, Any]) -> Created:
        try:
            return self.create_ticket(request)
        except JiraRefusal as refusal:
            self._catalog.forget(container)
            refusal.outcome = create_outcome_of(refusal, self._settings, container)
            raise

    def read(self, id_or_key: str) -> Ticket:
        return self.ticket(id_or_key)

    def find(self, container: str, marker: Marker) -> Iterator[Ticket]:
        try:
            yield from self.search(container, marker.texts)
        except JiraRefusal as refusal:
            refusal.outcome = search_outcome_of(refusal, self._settings, container)
            raise

    @property
    def search_lag(self) -> float:
        """Data Center's search is up to date, but a create may take as long as any request."""
        lag = self._settings.search_lag
        return lag if self.is_cloud else min(lag, patience.SETTLE_SECONDS)

    def move(self, ticket: Ticket, target: str, fence: Fence) -> Moved | NoWay:
        here = ticket.detail
        if status.is_at(here, target):
            return Moved(here.name)
        transitions = self.transitions(ticket.key)
        way = status.way_to(target, transitions)
        if way is None and status.is_in_category(here, target):
            return Moved(here.name)
        way = way or status.way_into_category(target, transitions)
        if way is None:
            variable = self._settings.variable("status_map")
            return NoWay(f"the workflow has no transition from '{here.name}' to '{target}': look at {variable}")
        values, missing = status.fields_for(way, self._settings.fields)
        if missing:
            what = f"the transition to '{target}' needs {', '.join(missing)}"
            return NoWay(f"{what}: set it in {self._settings.variable('fields')}, or move the ticket by hand")
        fence()
        try:
            self.transition(ticket.key, way, values)
        except Refused as refusal:
            if refusal.status == BAD_REQUEST and self.ticket(ticket.id).status != ticket.status:
                # A person was faster: this way may lead on from the new status no more. Decided again from there.
                raise Refused(Retry("the ticket was moved meanwhile", "not_yet", 1), status=BAD_REQUEST) from None
            raise
        return Moved(way.to.name, before=here.name)

    def called(self, ticket: Ticket, names: Iterable[str]) -> list[str]:
        given = list(names)
        exact = [name for name in given if status.is_at(ticket.detail, name)]
        return exact or [name for name in given if status.is_in_category(ticket.detail, name)]

    def why_hidden(self, container: str) -> str:
        try:
            if "BROWSE_PROJECTS" in self.permissions(container):
                return ""
        except JiraRefusal as refusal:
            if not refusal.gone:
                raise
        return f"the account may not browse the project {container} any more; give it the permission BROWSE_PROJECTS"

    def check_account(self) -> Iterator[Check]:
        return checks.check_account(self._settings, self)

    def check_container(self, container: str) -> Iterator[Check]:
        return checks.check_project(self._settings, self, container)


def own_fields(settings: Settings, draft: Draft) -> dict[str, Any]:
    """The fields of a new ticket, without what the Jira project decides (itself, issue type, priority)."""
    fields: dict[str, Any] = {
        "summary": draft.title,
        "description": draft.text,
        # A resolution is for the transition that asks for one: a new ticket has none.
        **{name: value for name, value in settings.fields.items() if name != "resolution"},
    }
    labels = [*settings.labels, *settings.fields.get("labels", [])]
    if settings.marker_field:
        fields[settings.marker_field] = draft.marker
    else:
        labels.append(draft.marker)
    return {**fields, "labels": list(dict.fromkeys(labels))} if labels else fields
