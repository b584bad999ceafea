"""Making sure that an ABC issue has its one ticket, and that ABC knows it.

Every step may be run twice, or be the last one of a killed worker. So: look (our own record, ABC's externalIssueId,
Jira by marker) before making; record the intent before the create and the key at once after it; and where an intent
has no key, or was deleted with a wiped Redis, wait out the lag of Jira's search before making another one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridge.http import NoAnswer
from bridge.text import cut, inert
from connectors import abc_errors, patience
from connectors.base import Context, Failed, Outcome, Retry, Skipped, Tools
from connectors.jira.catalog import Catalog
from connectors.jira.errors import (
    Halt,
    IncompleteSearch,
    JiraRefusal,
    ambiguous,
    create_outcome_of,
    search_outcome_of,
)
from connectors.jira.markers import Marker, ticket_marker
from connectors.jira.names import key_of
from connectors.jira.port import JiraPort
from connectors.jira.render import ticket_fields
from connectors.jira.settings import Settings
from connectors.jira.shapes import Created, Ticket, project_of
from sources.abc.client import AbcClient, AbcError
from sources.abc.models import AbcEvent, Issue, Named
from sources.base import seconds_of


@dataclass(frozen=True, slots=True)
class Case:
    """An event about an issue, with what is true of the issue now."""

    context: Context
    entity: str
    project: Named
    jira_project: str
    issue: Issue
    link: dict[str, str]
    marker: Marker

    @property
    def theirs(self) -> str:
        """The externalIssueId that a person, or an earlier life of the ledger, has put there; it wins. Empty where
        there is none, or where it names the ticket of our record: by its whole key, for tickets of two Jira projects
        may have the same number."""
        external, key = self.issue.external_id, self.link.get("key")
        ours = external == self.link.get("external") or (key and key_of(external, self.jira_project) == key)
        return "" if ours else external

    def remember(self, **values: str) -> None:
        self.context.links.set(self.entity, self.issue.creation, **values)


@dataclass(frozen=True, slots=True)
class Found:
    """The ticket of an issue. `ticket` is None right after its creation; `result`: what was done."""

    id: str
    key: str
    ours: bool
    ticket: Ticket | None = None
    result: dict[str, Any] = field(default_factory=dict)


class Tickets:
    def __init__(self, settings: Settings, tools: Tools, abc: AbcClient, port: JiraPort) -> None:
        self._settings = settings
        self._tools = tools
        self._abc = abc
        self._port = port
        self._catalog = Catalog(settings, port)

    def case(self, event: AbcEvent, context: Context) -> Case:
        """Reads the issue again: the event only hints at it. Raises Halt where the event is none of ours."""
        project, named = event.project, event.issue
        if project is None or named is None:
            raise Halt(Skipped("the event names no issue"))
        elsewhere = self._tools.served_elsewhere.get(str(project.id))
        explicit = dict(self._settings.jira_project.items()).get(str(project.id))
        if elsewhere and not explicit:
            raise Halt(Skipped(f"the tickets of ABC project {project.id} are in {elsewhere}"))
        jira_project = self._settings.jira_project.get(project.id)
        if jira_project is None:
            raise Halt(Skipped(f"JIRA_PROJECT names no Jira project for ABC project {project.id}"))

        def about(issue: Issue) -> Case:
            link = context.links.get(str(event.subject), issue.creation)
            marker = ticket_marker(self._tools.scope, project.id, issue.id, issue.creation)
            return Case(context, str(event.subject), project, jira_project, issue, link, marker)

        try:
            issue = self._abc.get_issue(project.id, named.id)
        except AbcError as error:
            if error.reason != "not_found":
                raise
            raise Halt(self._without_issue(about(named), error)) from None
        if not named.is_same(issue):
            raise Halt(Skipped(f"the issue of this event is gone: id {issue.id} belongs to a later issue now"))
        case = about(issue)
        # Any project's key reads any issue, and an event may name any: its ticket would be made, or moved, here. What
        # our record has a ticket of was checked before that was made.
        if "key" not in case.link and not self._abc.issue_is_of(project.id, issue.id):
            raise Halt(Skipped(f"issue {issue.id} belongs to another project than {project.id}, which the event names"))
        return case

    def ensure(self, case: Case) -> Found:
        """The ticket, made if there was none, and its number stored in ABC."""
        if case.theirs:
            return self._named_in_abc(case)
        others: list[str] = []
        found = self._recorded(case) or self._marked(case, others) or self._made(case)
        result = {**found.result, **self._write_back(case, found)}
        if others:
            what = f"our marker is on {', '.join(others[:5])}, made by another account"
            result["warning"] = f"{what}: where that was the bridge's, name it in JIRA_FORMER_ACCOUNTS"
        return Found(found.id, found.key, True, found.ticket, result)

    def _without_issue(self, case: Case, error: AbcError) -> Outcome:
        """ABC does not have the issue (yet, or any more). A ticket that was made for it is named in the record."""
        key = case.link.get("key")
        if not key and "intent" in case.link:
            found = self._marked(case, [])
            key = found.key if found else None
            if not found:
                self._wait_out_earlier_intent(case)
        if not key:
            return abc_errors.outcome_of(error, case.context)
        return Skipped(
            f"the issue was deleted in ABC User Feedback; its ticket {key} is left as it is", {"ticket": key}
        )

    def _named_in_abc(self, case: Case) -> Found:
        key = key_of(case.theirs, case.jira_project)
        if key is None:
            raise Halt(Skipped(f"the issue's externalIssueId names no Jira ticket: {_short(case.theirs)}"))
        ticket = self._read(key)
        # A ticket of another Jira project counts only where it is the one that we made for this issue.
        if project_of(ticket.key if ticket else key) != case.jira_project and not self._is_ours(ticket, case.marker):
            what = (
                f"the issue's externalIssueId names {ticket.key if ticket else key}, which is not in the Jira project"
            )
            raise Halt(Skipped(f"{what} {case.jira_project} (JIRA_PROJECT): that ticket is left alone"))
        if ticket is None:
            why = f"the issue's externalIssueId names {key}, which Jira does not have, or does not show to us"
            raise Halt(Failed(f"{why}; correct it in ABC User Feedback", "not_found"))
        url = self._port.url_of(ticket.key)
        if url != case.link.get("url"):
            case.remember(url=url)
        return Found(ticket.id, ticket.key, False, ticket, {"ticket": ticket.key, "created": False})

    def _recorded(self, case: Case) -> Found | None:
        key = case.link.get("key")
        if not key:
            return None
        ticket = self._read(case.link.get("id") or key)
        if ticket is None:
            raise Halt(self._without_ticket(key))
        result: dict[str, Any] = {"ticket": ticket.key, "created": False}
        url = self._port.url_of(ticket.key)
        if ticket.key != key:
            result["moved_from"] = key
        if (ticket.key, url) != (key, case.link.get("url")):
            case.remember(key=ticket.key, url=url)
        return Found(ticket.id, ticket.key, True, ticket, result)

    def _without_ticket(self, key: str) -> Outcome:
        """Jira answers the same for a ticket that was deleted and for one that we may not see any more."""
        try:
            may_look = "BROWSE_PROJECTS" in self._port.permissions(project_of(key))
        except JiraRefusal as refusal:
            if not refusal.gone:
                raise
            may_look = False
        if not may_look:
            why = f"{key}, the ticket of this issue, can't be read: the account may not browse the project"
            return Failed(f"{why} {project_of(key)} any more; give it the permission BROWSE_PROJECTS", "auth")
        why = f"{key}, the ticket of this issue, was deleted; no second one is made"
        advice = "to have one, restore it, or put another ticket's number into the issue in ABC User Feedback"
        return Skipped(f"{why} ({advice})", {"ticket": key, "deleted": True})

    def _marked(self, case: Case, others: list[str]) -> Found | None:
        """The oldest ticket with the marker that our account made; `others` gets the keys of other accounts' ones."""
        try:
            for hit in self._port.find(case.jira_project, case.marker.texts):
                if not self._port.is_ours(hit.author):
                    others.append(hit.key)
                    continue
                # The search shows what was true a while ago, and a copy that a person made by our account comes later.
                ticket = self._read(hit.id)
                if ticket and self._is_ours(ticket, case.marker):
                    case.remember(id=ticket.id, key=ticket.key, url=self._port.url_of(ticket.key), intent="")
                    return Found(ticket.id, ticket.key, True, ticket, {"ticket": ticket.key, "created": False})
        except JiraRefusal as refusal:
            raise Halt(search_outcome_of(refusal, case.jira_project, self._settings.jira_marker_field)) from None
        except IncompleteSearch as incomplete:
            why = f"more than {incomplete.seen} tickets of {case.jira_project} carry the marker {case.marker.text}"
            raise Halt(Failed(f"{why}, none of them ours: take it away from them", "config")) from None
        return None

    def _is_ours(self, ticket: Ticket | None, marker: Marker) -> bool:
        """Whether our account made the ticket for the issue of the marker."""
        return (
            ticket is not None
            and any(marker.is_text(label, ticket.made) for label in ticket.labels)
            and self._port.is_ours(ticket.author)
        )

    def _made(self, case: Case) -> Found:
        self._wait_out_earlier_intent(case)
        kind, priority = self._catalog.kind(case.jira_project)
        try:
            own = ticket_fields(
                self._settings, case.project, case.issue, self._tools.instance, case.marker.text, self._tools.language
            )
        except ValueError as error:
            raise Halt(Failed(str(error), "config")) from None
        fields = {"project": {"key": case.jira_project}, "issuetype": kind, **own}
        if priority:
            fields.setdefault("priority", priority)
        self._port.site()  # asked for now: nothing may go wrong between the create and the record of it
        case.remember(intent=f"{case.context.now():.3f}", maker=case.context.delivery_id)
        case.context.keep()  # raises LeaseLost when another worker has taken over
        made = self._create(case, fields)
        case.remember(id=made.id, key=made.key, url=self._port.url_of(made.key), intent="")
        return Found(made.id, made.key, True, None, {"ticket": made.key, "created": True})

    def _create(self, case: Case, fields: dict[str, Any]) -> Created:
        try:
            return self._port.create(fields)
        except JiraRefusal as refusal:
            if refusal.not_done:
                case.remember(intent="")
            self._catalog.forget(case.jira_project)
            marker_field = self._settings.jira_marker_field or "labels"
            raise Halt(create_outcome_of(refusal, case.jira_project, marker_field)) from None
        except NoAnswer as error:
            if error.sent:
                raise Halt(ambiguous(error)) from None
            case.remember(intent="")
            raise

    def _wait_out_earlier_intent(self, case: Case) -> None:
        """Raises Halt while a ticket may still appear: one whose intent is in our record, or whose intent may have been
        deleted with a Redis that was wiped."""
        lag = self._settings.jira_search_lag
        lag = lag if self._port.is_cloud else min(lag, patience.SETTLE_SECONDS)
        if "intent" in case.link:
            left = patience.left(float(case.link["intent"]), case.context.now(), lag)
            why = "an earlier attempt may have made the ticket"
        else:
            left = patience.left_after_wipe(case.context, seconds_of(case.issue.createdAt) or 0.0, lag)
            why = "the issue is older than our records (Redis is new, or was wiped), so it may have a ticket"
        if left > 0:
            why = f"{why}, and Jira's search may not show it yet: looking for {lag:g} s"
            raise Halt(Retry(why, "not_yet", min(left, patience.LOOK_EVERY)))

    def _write_back(self, case: Case, found: Found) -> dict[str, str]:
        """Stores the ticket in ABC, where it is not yet; what could not be stored stays in our record."""
        reference = found.key
        if self._settings.jira_external_id == "number":
            project, _, reference = found.key.rpartition("-")
            if project != case.jira_project:
                why = f"{found.key} is not in {case.jira_project}, and a number can name only that project's tickets"
                return {"write_back": f"not possible: {why} (JIRA_EXTERNAL_ID)"}
        if case.issue.external_id:
            return {"external_id": case.issue.external_id}
        try:
            issue = self._abc.set_external_issue_id(case.project.id, case.issue.id, reference)
        except AbcError as error:
            if error.reason == "not_found":  # it was read a moment ago
                return {"write_back": "not possible: the issue was deleted in ABC User Feedback meanwhile"}
            if error.reason != "unwritable":
                raise
            return {"write_back": f"not possible: {error}"}
        if issue.external_id != reference:
            return {"write_back": f"left alone: a person has put '{_short(issue.external_id)}' there meanwhile"}
        case.remember(external=reference)
        return {"external_id": reference}

    def _read(self, key_or_id: str) -> Ticket | None:
        try:
            return self._port.ticket(key_or_id)
        except JiraRefusal as refusal:
            if refusal.gone:
                return None
            raise


def _short(external_id: str) -> str:
    """What a person typed, for a line of the record."""
    return cut(inert(external_id), 60)
