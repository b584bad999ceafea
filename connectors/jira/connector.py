"""What each event does in Jira: event → case → ticket → status or comment → outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.http import NoAnswer
from bridge.text import is_blank
from connectors import abc_errors
from connectors.answers import no_answer
from connectors.base import Check, Context, Destination, Done, Outcome, Skipped, Tools
from connectors.jira import markers, render, status
from connectors.jira.checks import check
from connectors.jira.comments import comment_once
from connectors.jira.errors import Halt, JiraRefusal, outcome_of
from connectors.jira.port import JiraPort
from connectors.jira.settings import Settings
from connectors.jira.shapes import Ticket
from connectors.jira.tickets import Case, Found, Tickets
from sources.abc.client import AbcClient, AbcError, why_unwritable
from sources.abc.models import AbcEvent, Feedback, Issue
from sources.base import Event


class JiraConnector:
    def __init__(self, settings: Settings, tools: Tools, abc: AbcClient, port: JiraPort) -> None:
        self._settings = settings
        self._name = tools.name
        self._scope = tools.scope
        self._language = tools.language
        self._abc = abc
        self._port = port
        self._tickets = Tickets(settings, tools, abc, port)

    def check(self) -> Iterator[Check]:
        return check(self._settings, self._port)

    def destination(self, _event: Event) -> Destination:
        return Destination(self._name, self._settings.jira_rate, burst=10)

    def missing(self, entity: Issue | Feedback) -> bool:
        return isinstance(entity, Issue) and not entity.external_id

    def repeats(self, entity: Issue | Feedback) -> bool:
        """A person's save of an older copy takes the number out again. Where ABC can't take it, our link has it."""
        return isinstance(entity, Issue) and not why_unwritable(entity)

    def behind(self, entity: Issue | Feedback, link: Mapping[str, str]) -> bool:
        """Each attempt carries the status that it reads, and that may have been one in passing. What a person has done
        to the ticket since does not count: there they have the last word."""
        carried = link.get("carried")
        if not isinstance(entity, Issue) or not carried or entity.status not in self._settings.jira_status_map:
            return False
        return carried != entity.status

    def deliver(self, event: Event, context: Context) -> Outcome:
        """Each event first makes sure of the ticket: the event that should have made it may have been lost."""
        outcome = self._attempt(event, context)
        if isinstance(outcome, Skipped) and "done" not in context.notes:
            link = context.links.get(str(event.subject), event.creation)
            if "key" in link and link.get("maker") == context.delivery_id:
                # Perhaps in an earlier attempt. Nothing else was to be done, but the ticket is this event's effect.
                return Done({"ticket": link["key"], **outcome.result, "note": outcome.why})
        return outcome

    def _attempt(self, event: Event, context: Context) -> Outcome:
        steps = {
            "ISSUE_CREATION": self._creation,
            "ISSUE_STATUS_CHANGE": self._status_change,
            "ISSUE_ADDITION": self._addition,
        }
        step = steps.get(event.name)
        if step is None or not isinstance(event, AbcEvent):
            return Skipped(f"jira does nothing on {event.name}: look at JIRA_EVENTS")
        try:
            return step(event, self._tickets.case(event, context))
        except Halt as halt:
            return halt.outcome
        except JiraRefusal as refusal:
            return outcome_of(refusal)
        except NoAnswer as error:
            return no_answer("Jira", error)
        except AbcError as error:
            return abc_errors.outcome_of(error, context)

    def _creation(self, _event: AbcEvent, case: Case) -> Outcome:
        if case.theirs:
            return Skipped(f"the issue has a ticket already: {case.theirs}", {"external_id": case.theirs})
        found = self._tickets.ensure(case)
        return Done({**found.result, **self._first_status(case, found)})

    def _status_change(self, _event: AbcEvent, case: Case) -> Outcome:
        found = self._tickets.ensure(case)
        if not self._settings.jira_status_map:
            return Skipped("statuses are not carried: JIRA_STATUS_MAP is empty", found.result)
        if case.issue.status not in self._settings.jira_status_map:
            return Skipped(f"JIRA_STATUS_MAP names no Jira status for {case.issue.status}", found.result)
        return Done({**found.result, **self._carry(case, found)})

    def _addition(self, event: AbcEvent, case: Case) -> Outcome:
        found = self._tickets.ensure(case)
        result = {**found.result, **self._first_status(case, found)}
        if event.feedback is None or event.channel is None:
            return Skipped("the event names no feedback", result)
        # Read again: it may have been translated meanwhile, or deleted, and then it must not appear in Jira.
        feedback = self._abc.get_feedback(case.project.id, event.channel.id, event.feedback.id)
        if not event.feedback.is_same(feedback):
            return Skipped(f"the feedback of this event is gone: id {feedback.id} belongs to a later one now", result)
        # ABC reads a feedback through any channel, and an event may name any: another team's text would appear here.
        if not self._abc.feedback_is_of(case.project.id, event.channel.id, feedback.id):
            what = f"feedback {feedback.id} is not of channel {event.channel.id}, which the event names"
            return abc_errors.not_found(what, "its text belongs to others", case.context)
        # Only texts: other fields may hold what identifies the person who wrote.
        keys = [field.key for field in self._abc.fields(case.project.id, event.channel.id) if field.format == "text"]
        texts = {key: text for key in keys if isinstance(text := feedback.fields.get(key), str)}
        marker = markers.feedback_marker(self._scope, case.project.id, feedback.id, feedback.creation)
        channel = str(event.channel.id) if is_blank(event.channel.name) else event.channel.name
        body = render.feedback_comment(feedback.id, channel, texts, marker.text, self._language)
        added = comment_once(self._port, found.key, body, marker, case.context, feedback)
        return Done({**result, "comment": "added" if added else "there already"})

    def _first_status(self, case: Case, found: Found) -> dict[str, Any]:
        """A ticket of ours gets the issue's status once; from then on only changes are carried, so that a ticket that
        a person has moved stays where it is."""
        if not found.ours or case.link.get("carried") or case.issue.status not in self._settings.jira_status_map:
            return {}
        return self._carry(case, found)

    def _carry(self, case: Case, found: Found) -> dict[str, Any]:
        """Brings the ticket to the current status of the issue, whatever the event names."""
        target = self._settings.jira_status_map[case.issue.status]
        ticket = found.ticket or self._port.ticket(found.id)
        result = self._move(case, ticket, target)
        if found.ours:
            case.remember(carried=case.issue.status)
        return result

    def _move(self, case: Case, ticket: Ticket, target: str) -> dict[str, Any]:
        here = {"status": ticket.status.name}
        if status.is_at(ticket.status, target):
            return here
        transitions = self._port.transitions(ticket.key)
        way = status.way_to(target, transitions)
        if way is None and status.is_in_category(ticket.status, target):
            return here
        way = way or status.way_into_category(target, transitions)
        values, missing = status.fields_for(way, self._settings.jira_fields) if way else ({}, [])
        if way is None or missing:
            return {**here, "warning": self._no_way(case, ticket, target, missing)}
        case.context.keep()  # raises LeaseLost when another worker has taken over
        self._port.transition(ticket.key, way, values)
        return {"status": way.to.name, "moved_from_status": ticket.status.name}

    def _no_way(self, case: Case, ticket: Ticket, target: str, missing: list[str]) -> str:
        """Tells the people at the ticket, once, and the operator."""
        abc_status = case.issue.status
        issue = case.issue
        marker = markers.status_marker(self._scope, case.project.id, issue.id, issue.creation, abc_status)
        body = render.no_way_comment(abc_status, ticket.status.name, target, marker.text, self._language)
        comment_once(self._port, ticket.key, body, marker, case.context, issue)
        if missing:
            return (
                f"the way to '{target}' needs {', '.join(missing)}: set it in JIRA_FIELDS, or move the ticket by hand"
            )
        return f"the workflow has no way from '{ticket.status.name}' to '{target}': look at JIRA_STATUS_MAP"
