"""Handles each event in a ticket system: event → case → ticket → status or comment → outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from bridge.http import NoAnswer
from connectors import abc_errors
from connectors.answers import no_answer
from connectors.base import Changed, Check, Context, Destination, Done, Failed, Links, Outcome, Preview, Skipped, Tools
from connectors.tickets import markers
from connectors.tickets.back import Back
from connectors.tickets.base import Halt, NoWay, Refused, Ticket, TicketApi
from connectors.tickets.case import Case, Found, short
from connectors.tickets.checks import check
from connectors.tickets.comments import comment_once
from connectors.tickets.merge import Pair
from connectors.tickets.preview import preview, preview_back
from connectors.tickets.render import Writer
from connectors.tickets.settings import TicketSettings, back_of
from connectors.tickets.tickets import Tickets
from sources.abc.client import AbcError, why_unwritable
from sources.abc.models import AbcEvent, Feedback, Issue
from sources.base import Event
from sources.tickets import TicketEvent


class TicketConnector:
    """`burst`: how many deliveries may be sent at once after a pause."""

    def __init__(self, settings: TicketSettings, tools: Tools, api: TicketApi, burst: int = 10) -> None:
        assert tools.abc is not None, "Spec.needs"
        self._settings = settings
        self._tools = tools
        self._abc = tools.abc
        self._api = api
        self._burst = burst
        self._writer = Writer(settings, api.markup, tools.instance, tools.language)
        self._tickets = Tickets(settings, tools, tools.abc, api, self._writer)
        self._back = Back(settings, tools, tools.abc, api, self._tickets, self._carry) if back_of(settings) else None

    def check(self) -> Iterator[Check]:
        return check(self._api, self._settings)

    def destination(self, _event: Event) -> Destination:
        return Destination(self._tools.name, self._settings.rate, self._burst)

    def missing(self, entity: Issue | Feedback) -> bool:
        return isinstance(entity, Issue) and not entity.external_id

    def repeats(self, entity: Issue | Feedback) -> bool:
        """A person who saves an older copy of the issue removes the number. An issue that ABC can't save has the number
        only in our link."""
        return isinstance(entity, Issue) and not why_unwritable(entity)

    def behind(self, entity: Issue | Feedback, link: Mapping[str, str]) -> bool:
        """Whether the status that was carried last is no longer the issue's. A status that a person gave the ticket
        since then is not compared: it stays."""
        carried = link.get("carried")
        if not isinstance(entity, Issue) or not carried or entity.status not in self._settings.status_map:
            return False
        return carried != entity.status

    def changed(self, since: float, links: Links) -> Changed:
        return self._back.changed(since, links) if self._back else Changed(0, ())

    def preview(self, event: Event, links: Links) -> Preview | Skipped | Failed:
        if self._back and isinstance(event, TicketEvent):
            return preview_back(event, self._settings)
        if self._step(event) is None or not isinstance(event, AbcEvent):
            return self._nothing(event)
        try:
            return preview(event, links, self._tools, self._settings, self._api, self._tickets, self._writer)
        except Halt as halt:
            return cast("Skipped | Failed", halt.outcome)  # no request is made, so there is nothing to retry

    def deliver(self, event: Event, context: Context) -> Outcome:
        """Each event first makes the ticket if it is missing: the event that should have made it may have been lost."""
        outcome = self._attempt(event, context)
        if isinstance(outcome, Skipped) and "done" not in context.notes:
            link = context.links.get(str(event.subject), event.creation)
            if "key" in link and link.get("maker") == context.delivery_id:
                # This delivery made the ticket, perhaps in an earlier attempt. So the ticket is its effect.
                return Done({"ticket": link["key"], **outcome.result, "note": outcome.why})
        return outcome

    def _attempt(self, event: Event, context: Context) -> Outcome:
        step = self._step(event)
        try:
            if self._back and isinstance(event, TicketEvent):
                return self._back.deliver(event, context)
            if step is None or not isinstance(event, AbcEvent):
                return self._nothing(event)
            return step(event, self._tickets.case_of(event, context))
        except Halt as halt:
            return halt.outcome
        except Refused as refusal:
            return refusal.outcome
        except NoAnswer as error:
            return no_answer(self._api.title, error)
        except AbcError as error:
            return abc_errors.outcome_of(error, context)

    def _step(self, event: Event) -> Callable[[AbcEvent, Case], Outcome] | None:
        steps = {
            "ISSUE_CREATION": self._creation,
            "ISSUE_STATUS_CHANGE": self._status_change,
            "ISSUE_ADDITION": self._addition,
        }
        return steps.get(event.name) if isinstance(event, AbcEvent) else None

    def _nothing(self, event: Event) -> Skipped:
        return Skipped(f"{self._tools.name} does nothing on {event.name}: look at {self._tools.events}")

    def _creation(self, _event: AbcEvent, case: Case) -> Outcome:
        if case.theirs:
            theirs = short(case.theirs)
            return Skipped(f"the issue already has a ticket: {theirs}", {"external_id": theirs})
        found = self._tickets.ensure(case)
        return Done({**found.result, **self._first_status(case, found)})

    def _status_change(self, _event: AbcEvent, case: Case) -> Outcome:
        found = self._tickets.ensure(case)
        if not self._settings.status_map:
            return Skipped(f"statuses are not carried: {self._settings.variable('status_map')} is empty", found.result)
        if case.issue.status not in self._settings.status_map:
            if self._back:
                self._carry(case, found)
            variable = self._settings.variable("status_map")
            return Skipped(f"{variable} names no {self._api.title} status for {short(case.issue.status)}", found.result)
        return Done({**found.result, **self._carry(case, found)})

    def _addition(self, event: AbcEvent, case: Case) -> Outcome:
        found = self._tickets.ensure(case)
        result = {**found.result, **self._first_status(case, found)}
        if event.feedback is None or event.channel is None:
            return Skipped("the event names no feedback", result)
        # Read again: meanwhile it may have been translated, or deleted. A deleted one must not appear in a ticket.
        feedback = self._abc.get_feedback(case.project.id, event.channel.id, event.feedback.id)
        if not event.feedback.is_same(feedback):
            return Skipped(
                f"the feedback of this event no longer exists: id {feedback.id} now belongs to a later one", result
            )
        # ABC returns a feedback for any channel, and an event may name a wrong one: another team's text would appear.
        if not self._abc.feedback_is_of(case.project.id, event.channel.id, feedback.id):
            what = f"feedback {feedback.id} is not of channel {event.channel.id}, which the event names"
            return abc_errors.not_found(what, "its text belongs to others", case.context)
        # Only texts: other fields may identify the person who wrote.
        keys = [field.key for field in self._abc.fields(case.project.id, event.channel.id) if field.format == "text"]
        body, marker = self._writer.comment(self._tools.scope, case.project, case.issue, event.channel, feedback, keys)
        added = comment_once(self._api, found.key, body, marker, case.context, feedback)
        return Done({**result, "comment": "added" if added else "already exists"})

    def _first_status(self, case: Case, found: Found) -> dict[str, Any]:
        """A ticket of ours gets the issue's status once. After that only changes are carried, so that a ticket that a
        person moved keeps its status."""
        if not found.ours or case.link.get("carried") or case.issue.status not in self._settings.status_map:
            return {}
        return self._carry(case, found)

    def _carry(self, case: Case, found: Found) -> dict[str, Any]:
        """Gives the ticket the current status of the issue, which may differ from the event's status."""
        ticket = found.ticket or self._api.read(found.id)
        if self._back:
            decided = self._back.decide(case, ticket)
            if decided != "issue":
                if decided != "ticket":
                    self._back.remember(case, found.id, ticket.key, Pair(case.issue.status, ticket.status), found.ours)
                return {"status": ticket.status}
        target = self._settings.status_map[case.issue.status]

        is_first = True

        def fence(halfway: str = "") -> None:
            nonlocal is_first
            if self._back and halfway:
                self._back.expect(case, ticket, halfway)
            elif self._back and is_first:
                self._back.begin(case, ticket, target)
            is_first = False
            case.context.keep()

        moved = self._api.move(ticket, target, fence)
        result = {"status": ticket.status}
        if isinstance(moved, NoWay):
            self._report_no_way(case, ticket, target)
            result["warning"] = moved.why
        else:
            result = {"status": moved.status, **({"moved_from_status": moved.before} if moved.before else {})}
        if self._back:
            pair = Pair(case.issue.status, result["status"])
            self._back.remember(case, found.id, ticket.key, pair, found.ours)
        elif found.ours:
            case.remember(carried=case.issue.status)
        return result

    def _report_no_way(self, case: Case, ticket: Ticket, target: str) -> None:
        """Adds one comment for the people who read the ticket."""
        issue, status = case.issue, case.issue.status
        marker = markers.status_marker(self._tools.scope, case.project.id, issue.id, issue.creation, status)
        body = self._writer.no_way_comment(status, ticket.status, target, marker.text)
        comment_once(self._api, ticket.key, body, marker, case.context, issue)
