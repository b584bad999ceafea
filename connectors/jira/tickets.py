"""Making sure that an ABC issue has its one ticket, and that ABC knows it.

Every step may be run twice, or be the last one of a killed worker. So: look (our own record, ABC's externalIssueId,
Jira by marker) before making; record the intent before the create and the key at once after it; and where an intent
has no key, wait out the lag of Jira's search before making another one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from connectors import patience
from connectors.base import Context, Failed, Retry, Skipped
from connectors.jira import markers
from connectors.jira.errors import Halt, JiraRefusal, ambiguous, create_outcome_of
from connectors.jira.port import Created, JiraPort, Ticket
from connectors.jira.render import ticket_fields
from connectors.jira.settings import Settings
from settings import Language
from sources.abc.client import AbcClient, AbcError
from sources.event import Event, Issue, Named
from transport import NoAnswer

KEY = re.compile(r"[A-Z][A-Z0-9_]+-[0-9]+")


@dataclass(frozen=True, slots=True)
class Case:
    """An event about an issue, with what is true of the issue now."""

    context: Context
    entity: str
    project: Named
    jira_project: str
    issue: Issue
    link: dict[str, str]

    @property
    def theirs(self) -> str:
        """The externalIssueId that a person, or an earlier life of the ledger, has put there; it wins. Empty where
        there is none, or where it is the one that our record tells of."""
        known = {self.link.get("external"), self.link.get("key"), self.link.get("key", "").rpartition("-")[2]} - {""}
        return "" if self.issue.external_id in known else self.issue.external_id

    def remember(self, **values: str) -> None:
        self.context.links.set("jira", self.entity, self.issue.creation, **values)


@dataclass(frozen=True, slots=True)
class Found:
    """The ticket of an issue. `ticket` is None right after its creation; `result` tells what was done."""

    id: str
    key: str
    ours: bool
    ticket: Ticket | None = None
    result: dict[str, Any] = field(default_factory=dict)


class Tickets:
    def __init__(self, settings: Settings, instance: str, language: Language, abc: AbcClient, port: JiraPort) -> None:
        self._settings = settings
        self._instance = instance
        self._language = language
        self._abc = abc
        self._port = port

    def case(self, event: Event, context: Context) -> Case:
        """Reads the issue anew: the event only hints at it. Raises Halt where the event is none of ours."""
        project, told = event.project, event.issue
        if project is None or told is None:
            raise Halt(Skipped("the event names no issue"))
        jira_project = self._settings.jira_project.get(project.id)
        if jira_project is None:
            raise Halt(Skipped(f"JIRA_PROJECT names no Jira project for ABC project {project.id}"))
        issue = self._abc.get_issue(project.id, told.id)
        if not told.is_same(issue):
            raise Halt(Skipped(f"the issue of this event is gone: id {issue.id} belongs to a later issue now"))
        link = context.links.get("jira", event.entity, issue.creation)
        # An issue of any project can be added to a feedback, and any project's key reads it. Its creation and changes
        # are told by its own project, and what our record tells of was checked before it was made.
        foreign = event.name == "ISSUE_ADDITION" and "key" not in link
        if foreign and not self._abc.issue_is_of(project.id, issue.id):
            raise Halt(Skipped(f"issue {issue.id} belongs to another project than {project.id}, which the event names"))
        return Case(context, event.entity, project, jira_project, issue, link)

    def ensure(self, case: Case) -> Found:
        """The ticket, made if there was none, and its number stored in ABC."""
        if case.theirs:
            return self._named_in_abc(case)
        found = self._recorded(case) or self._marked(case) or self._made(case)
        return Found(found.id, found.key, True, found.ticket, {**found.result, **self._write_back(case, found)})

    def _named_in_abc(self, case: Case) -> Found:
        key = key_of(case.theirs, case.jira_project)
        if key is None:
            raise Halt(Skipped(f"the issue's externalIssueId names no Jira ticket: {case.theirs}"))
        ticket = self._read(key)
        if ticket is None:
            why = f"the issue's externalIssueId '{case.theirs}' names {key}, which Jira does not have or not show to us"
            raise Halt(Failed(f"{why}; correct it in ABC User Feedback", "not_found"))
        return Found(ticket.id, ticket.key, False, ticket, {"ticket": ticket.key, "created": False})

    def _recorded(self, case: Case) -> Found | None:
        key = case.link.get("key")
        if not key:
            return None
        ticket = self._read(case.link.get("id") or key)
        if ticket is None:
            why = f"{key}, the ticket of this issue, was deleted, or the account may not see it any more; no second one"
            advice = "restore it, or put another ticket's number into the issue's ticket field in ABC User Feedback"
            raise Halt(Failed(f"{why} is made: {advice}", "not_found"))
        result: dict[str, Any] = {"ticket": ticket.key, "created": False}
        if ticket.key != key:
            case.remember(key=ticket.key)
            result["moved_from"] = key
        return Found(ticket.id, ticket.key, True, ticket, result)

    def _marked(self, case: Case) -> Found | None:
        marker = self._marker(case)
        tickets = [ticket for ticket in map(self._read, self._port.find(marker)) if ticket and marker in ticket.marks]
        if not tickets:
            return None
        # A copy that a person made of the ticket has its labels, too: the first one is ours.
        ticket = min(tickets, key=lambda found: int(found.id))
        case.remember(id=ticket.id, key=ticket.key, intent="")
        return Found(ticket.id, ticket.key, True, ticket, {"ticket": ticket.key, "created": False})

    def _made(self, case: Case) -> Found:
        self._wait_out_earlier_intent(case)
        try:
            fields = ticket_fields(
                self._settings,
                case.jira_project,
                case.project,
                case.issue,
                self._instance,
                self._marker(case),
                self._language,
            )
        except ValueError as error:
            raise Halt(Failed(str(error), "config")) from None
        case.remember(intent=f"{case.context.now():.3f}")
        case.context.keep()  # raises LeaseLost when another worker has taken over
        made = self._create(case, fields)
        case.remember(id=made.id, key=made.key, intent="")
        return Found(made.id, made.key, True, None, {"ticket": made.key, "created": True})

    def _create(self, case: Case, fields: dict[str, Any]) -> Created:
        try:
            return self._port.create(fields)
        except JiraRefusal as refusal:
            if refusal.not_done:
                case.remember(intent="")
            marker_field = self._settings.jira_marker_field or "labels"
            raise Halt(create_outcome_of(refusal, case.jira_project, marker_field)) from None
        except NoAnswer as trouble:
            if trouble.sent:
                raise Halt(ambiguous(trouble)) from None
            case.remember(intent="")
            raise

    def _wait_out_earlier_intent(self, case: Case) -> None:
        if "intent" not in case.link:
            return
        lag = self._settings.jira_search_lag
        lag = lag if self._port.is_cloud else min(lag, patience.SETTLE_SECONDS)
        left = patience.left(float(case.link["intent"]), case.context.now(), lag)
        if left > 0:
            why = "an earlier attempt may have made the ticket, and Jira's search may not show it yet"
            raise Halt(Retry(f"{why}: looking for {lag:g} s", "not_yet", min(left, patience.LOOK_EVERY)))

    def _write_back(self, case: Case, found: Found) -> dict[str, str]:
        """Tells ABC the ticket, where it does not know; what could not be told stays in our record."""
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
            if error.reason != "unwritable":
                raise
            return {"write_back": f"not possible: {error}"}
        if issue.external_id != reference:
            return {"write_back": f"left alone: a person has put '{issue.external_id}' there meanwhile"}
        case.remember(external=reference)
        return {"external_id": reference}

    def _read(self, key_or_id: str) -> Ticket | None:
        try:
            return self._port.ticket(key_or_id)
        except JiraRefusal as refusal:
            if refusal.gone:
                return None
            raise

    def _marker(self, case: Case) -> str:
        return markers.ticket_marker(self._instance, case.project.id, case.issue.id)


def key_of(external_id: str, jira_project: str) -> str | None:
    """The ticket that an externalIssueId names: a number of `jira_project`, or a whole key. None: no ticket's name."""
    if external_id.isdecimal() and external_id.isascii():
        return f"{jira_project}-{external_id}"
    return external_id if KEY.fullmatch(external_id) else None
