"""Makes sure that an ABC issue has exactly one ticket, and that ABC has the ticket's number.

Every step may run twice, or be the last step of a killed worker. So the flow looks for the ticket (in our record, in
ABC's externalIssueId, in the ticket system by marker) before it makes one. It records the intent before the create, and
the key at once after it. If an intent has no key, or may have been lost when Redis was wiped, the flow waits until the
search must show the ticket, before it makes another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.http import NoAnswer
from connectors import abc_errors, patience
from connectors.base import Context, Failed, Outcome, Retry, Skipped, Tools
from connectors.tickets.base import Created, Draft, Halt, IncompleteSearch, Refused, Returning, Ticket, TicketApi
from connectors.tickets.case import Case, Found, short
from connectors.tickets.comments import ambiguous
from connectors.tickets.markers import Marker, ticket_marker
from connectors.tickets.merge import Pair, of_ticket
from connectors.tickets.render import Writer
from connectors.tickets.settings import TicketSettings, back_of
from sources.abc.client import AbcClient, AbcError
from sources.abc.models import AbcEvent, Issue, Named, subject_of
from sources.base import seconds_of


class Tickets:
    def __init__(self, settings: TicketSettings, tools: Tools, abc: AbcClient, api: TicketApi, writer: Writer) -> None:
        self._settings = settings
        self._tools = tools
        self._abc = abc
        self._api = api
        self._writer = writer
        self._project_variable = settings.variable(settings.CONTAINER)

    def case_of(self, event: AbcEvent, context: Context) -> Case:
        """The case of the issue that an event names. Raises Halt if the issue does not belong to us."""
        if event.project is None or event.issue is None:
            raise Halt(Skipped("the event names no issue"))
        return self.case(event.project, event.issue, context)

    def container_of(self, project: Named) -> str:
        """The container for the tickets of an ABC project. Raises Halt if there is none. Without I/O."""
        elsewhere = self._tools.served_elsewhere.get(str(project.id))
        containers = self._settings.containers
        if elsewhere and str(project.id) not in dict(containers.items()):
            raise Halt(Skipped(f"the tickets of ABC project {project.id} are in {elsewhere}"))
        container = containers.get(project.id)
        if container is None:
            what = f"{self._project_variable} names no {self._api.container}"
            raise Halt(Skipped(f"{what} for ABC project {project.id}"))
        return container

    def draft(self, container: str, project: Named, issue: Issue) -> Draft:
        """The texts of a new ticket. Raises Halt if a template does not fit this issue. Without I/O."""
        return self._writer.draft(container, project, issue, self._marker_of(project, issue).text)

    def _marker_of(self, project: Named, issue: Issue) -> Marker:
        return ticket_marker(self._tools.scope, project.id, issue.id, issue.creation)

    def case(self, project: Named, named: Issue, context: Context) -> Case:
        """Reads the issue again: `named` is only used to find it. Raises Halt if the issue does not belong to us."""
        entity = str(subject_of(project.id, named))
        container = self.container_of(project)

        def about(issue: Issue) -> Case:
            link = context.links.get(entity, issue.creation)
            marker = self._marker_of(project, issue)
            return Case(context, entity, project, container, self._api.names, issue, link, marker)

        try:
            issue = self._abc.get_issue(project.id, named.id)
        except AbcError as error:
            if error.reason != "not_found":
                raise
            raise Halt(self._without_issue(about(named), error)) from None
        if not named.is_same(issue):
            raise Halt(Skipped(f"the issue of this event no longer exists: id {issue.id} now belongs to a later issue"))
        case = about(issue)
        # With any project's key ABC returns any issue, and an event may name a wrong project: then the ticket would be
        # made in the wrong container. An issue with a ticket in our record was checked before the ticket was made.
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
            advice = f"if the bridge used that account before, name it in {self._settings.variable('former_accounts')}"
            result["warning"] = f"{what}: {advice}"
        return Found(found.id, found.key, True, found.ticket, result)

    def _without_issue(self, case: Case, error: AbcError) -> Outcome:
        """The outcome if ABC does not have the issue (yet, or any more). It names the ticket, if one was made."""
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
        title, names = self._api.title, self._api.names
        key = names.key_of(case.theirs, case.container)
        if key is None:
            raise Halt(Skipped(f"the issue's externalIssueId names no {title} ticket: {short(case.theirs)}"))
        ticket = self._read(key)
        key = ticket.key if ticket else key
        # A ticket of another container counts only if it is the ticket that we made for this issue.
        if names.container_of(key) != case.container and not self._is_ours(ticket, case.marker):
            what = f"the issue's externalIssueId names {key}, which is not in the {self._api.container}"
            why = f"{what} {case.container} ({self._project_variable}): that ticket is not changed"
            raise Halt(Skipped(why))
        if ticket is None:
            why = f"the issue's externalIssueId names {key}, which does not exist in {title}, or is not visible to us"
            raise Halt(Failed(f"{why}; correct it in ABC User Feedback", "not_found"))
        url = self._api.url_of(ticket.key)
        if url != case.link.get("url"):
            case.remember(url=url)
        return Found(ticket.id, ticket.key, False, ticket, {"ticket": ticket.key, "created": False})

    def _recorded(self, case: Case) -> Found | None:
        key = case.link.get("key")
        if not key:
            return None
        ticket = self._read(case.link.get("id") or key)
        if ticket is None:
            return self._found_again(case, key)
        result: dict[str, Any] = {"ticket": ticket.key, "created": False}
        url = self._api.url_of(ticket.key)
        if ticket.key != key:
            result["moved_from"] = key
        if (ticket.key, url) != (key, case.link.get("url")):
            case.remember(key=ticket.key, url=url)
        return Found(ticket.id, ticket.key, True, ticket, result)

    def _found_again(self, case: Case, key: str) -> Found:
        """Looks by the marker for a ticket that can't be read. Ticket systems give the same answer for a deleted
        ticket, for one that we may no longer see, and for one that got another id when it was moved."""
        if hidden := self._api.why_hidden(self._api.names.container_of(key)):
            raise Halt(Failed(f"the ticket of this issue, {key}, can't be read: {hidden}", "auth"))
        if found := self._marked(case, []):
            return Found(found.id, found.key, True, found.ticket, {**found.result, "moved_from": key})
        why = f"the ticket of this issue, {key}, was deleted; no second ticket is made"
        advice = "to have a ticket, restore it, or put another ticket's number into the issue in ABC User Feedback"
        raise Halt(Skipped(f"{why} ({advice})", {"ticket": key, "deleted": True}))

    def _marked(self, case: Case, others: list[str]) -> Found | None:
        """The oldest ticket with the marker that our account made. Adds the keys of other accounts' tickets to
        `others`."""
        try:
            for hit in self._api.find(case.container, case.marker):
                if not self._api.is_ours(hit.author):
                    others.append(hit.key)
                    continue
                # The search result may be outdated. A copy that a person made with our account is newer.
                ticket = self._read(hit.id)
                if ticket and self._is_ours(ticket, case.marker):
                    self._record(case, ticket.id, ticket.key)
                    return Found(ticket.id, ticket.key, True, ticket, {"ticket": ticket.key, "created": False})
        except IncompleteSearch as incomplete:
            why = f"more than {incomplete.seen} tickets of {case.container} carry the marker {case.marker.text}"
            raise Halt(Failed(f"{why}, and none of them is ours: remove the marker there", "config")) from None
        return None

    def _is_ours(self, ticket: Ticket | None, marker: Marker) -> bool:
        """Whether our account made the ticket for the issue of the marker."""
        return ticket is not None and ticket.carries(marker) and self._api.is_ours(ticket.author)

    def _made(self, case: Case) -> Found:
        self._wait_out_earlier_intent(case)
        draft = self.draft(case.container, case.project, case.issue)
        try:
            # Also reads what the record of the ticket needs: nothing may fail between the create and the record.
            request = self._api.prepare(draft)
        except ValueError as error:
            raise Halt(Failed(str(error), "config")) from None
        now = case.context.now()
        case.remember(intent=f"{now:.3f}", maker=case.context.delivery_id, **self._first_base(case, request, now))
        case.context.keep()  # raises LeaseLost when another worker has taken over
        made = self._create(case, request)
        self._record(case, made.id, made.key)
        return Found(made.id, made.key, True, None, {"ticket": made.key, "created": True})

    def _first_base(self, case: Case, request: Mapping[str, Any], now: float) -> dict[str, str]:
        """Both statuses at the creation: a person may move the ticket before we read it again."""
        if not (isinstance(self._api, Returning) and back_of(self._settings)):
            return {}
        status = self._api.initial_status(request)
        return {"base": Pair(case.issue.status, status).written("", now)} if status else {}

    def _record(self, case: Case, ticket_id: str, key: str) -> None:
        """Records the ticket that was made or found."""
        base = of_ticket(case.link.get("base", ""), ticket_id)
        case.remember(id=ticket_id, key=key, url=self._api.url_of(key), intent="", **({"base": base} if base else {}))
        case.point(key, ticket_id)

    def _create(self, case: Case, request: Mapping[str, Any]) -> Created:
        try:
            return self._api.create(case.container, request)
        except Refused as refusal:
            if not refusal.maybe_done:
                case.remember(intent="")
            raise
        except NoAnswer as error:
            if error.sent:
                raise Halt(ambiguous(self._api.title, error)) from None
            case.remember(intent="")
            raise

    def _wait_out_earlier_intent(self, case: Case) -> None:
        """Raises Halt while an earlier attempt's ticket may still appear: if its intent is in our record, or may have
        been lost when Redis was wiped."""
        lag = self._api.search_lag
        if "intent" in case.link:
            left = patience.left(float(case.link["intent"]), case.context.now(), lag)
            why = "an earlier attempt may have made the ticket"
        else:
            left = patience.left_after_wipe(case.context, seconds_of(case.issue.createdAt) or 0.0, lag)
            why = "the issue is older than our records (Redis is new, or was wiped), so it may have a ticket"
        if left > 0:
            why = f"{why}, and {self._api.title}'s search may not show it yet: looking for {lag:g} s"
            raise Halt(Retry(why, "not_yet", min(left, patience.LOOK_EVERY)))

    def _write_back(self, case: Case, found: Found) -> dict[str, str]:
        """Stores the ticket's number in ABC if it is missing there; if ABC can't store it, our record keeps it."""
        reference, names = found.key, self._api.names
        if self._settings.external_id == "number":
            reference = names.number_of(found.key)
            if names.container_of(found.key) != case.container:
                why = f"{found.key} is not in {case.container}, and a number can name only a ticket there"
                return {"write_back": f"not possible: {why} ({self._settings.variable('external_id')})"}
        if case.issue.external_id:
            return {"external_id": short(case.issue.external_id)}
        try:
            issue = self._abc.set_external_issue_id(case.project.id, case.issue.id, reference)
        except AbcError as error:
            if error.reason == "not_found":  # it was read a moment ago
                return {"write_back": "not possible: the issue was deleted in ABC User Feedback meanwhile"}
            if error.reason != "unwritable":
                raise
            return {"write_back": f"not possible: {error}"}
        if issue.external_id != reference:
            return {"write_back": f"not changed: meanwhile a person has put '{short(issue.external_id)}' there"}
        case.remember(external=reference)
        return {"external_id": reference}

    def _read(self, key_or_id: str) -> Ticket | None:
        try:
            return self._api.read(key_or_id)
        except Refused as refusal:
            if refusal.gone:
                return None
            raise
