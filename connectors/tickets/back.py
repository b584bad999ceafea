"""Status back: carries a ticket's status to its issue in ABC. The other way calls `decide` before it writes, too.

A webhook only shows that something changed: the issue and both statuses are read. The two ways of one issue never run
at the same time (`Context.alone`), and each writes only its own side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sources.tickets
from bridge.http import NoAnswer
from connectors.base import Changed, Context, Done, Links, Outcome, Retry, Skipped, Tools
from connectors.tickets.base import Halt, IncompleteSearch, Refused, Returning, Ticket, TicketApi
from connectors.tickets.case import Case, Found, short, way_back
from connectors.tickets.merge import Maps, Pair, Verdict, Write, read_pair, read_write, verdict
from connectors.tickets.rest import moment_of
from connectors.tickets.settings import TicketSettings, back_of
from connectors.tickets.tickets import Tickets
from sources.abc.client import AbcClient
from sources.abc.models import LARGEST_ID, Issue, Named, subject_of
from sources.base import Subject, seconds_of
from sources.sweep import SourceError
from sources.tickets import TicketEvent

BUSY_SECONDS = 2.0
"""Seconds after which a delivery checks again whether the issue is free."""


@dataclass(frozen=True, slots=True)
class _About:
    """The issue that a ticket belongs to, before it is read."""

    project: Named
    issue: Issue

    @property
    def entity(self) -> str:
        return str(subject_of(self.project.id, self.issue))


class Back:
    """`api` must also be `Returning`. `carry_there`: brings the ticket to the issue's status."""

    def __init__(
        self,
        settings: TicketSettings,
        tools: Tools,
        abc: AbcClient,
        api: TicketApi,
        tickets: Tickets,
        carry_there: Callable[[Case, Found], dict[str, Any]],
    ) -> None:
        assert isinstance(api, Returning)
        self._settings = settings
        self._tools = tools
        self._abc = abc
        self._api = api
        self._history: Returning = api
        self._tickets = tickets
        self._carry_there = carry_there
        self._source = settings.PREFIX
        self._maps = Maps(settings.status_map, back_of(settings))
        self._marker = re.compile(
            rf"abc-{re.escape(tools.scope)}-([0-9]{{1,16}})-([0-9]{{1,16}})(?:-t([0-9]{{1,11}}))?"
        )

    def deliver(self, event: TicketEvent, context: Context) -> Outcome:
        """Raises Halt, Refused, NoAnswer, AbcError."""
        key = self._key(event)
        if key is None:
            return Skipped(
                f"{short(event.ticket.key)} is no ticket of {self._settings.variable(self._settings.CONTAINER)}"
            )
        about = self._linked(key, context) or self._found(key, context)
        if about is None:
            return Skipped(f"{key} belongs to no known issue of ABC User Feedback")
        with context.alone(about.entity) as free:
            if not free:
                return Retry("another delivery works on the issue", "not_yet", BUSY_SECONDS)
            case = self._tickets.case(about.project, about.issue, context)
            ticket = self._read(key)
            if not self._is_its_ticket(case, ticket):
                return Skipped(f"{ticket.key} is not the ticket of issue {case.issue.id}")
            return self._carry(case, ticket)

    def decide(self, case: Case, ticket: Ticket) -> Verdict:
        """Which status is carried, if any. Both sides must have just been read. May read the ticket's history."""
        base = self._base(case, ticket)

        def ticket_is_later() -> bool:
            return self._history.moved_at(ticket) > self._latest(case)

        called = self._history.called(ticket, self._maps.names)
        return verdict(self._maps, base, Pair(case.issue.status, ticket.status), called, ticket_is_later)

    def _base(self, case: Case, ticket: Ticket) -> Pair | None:
        """The base, also if a worker was killed after a write and before it stored the new base."""
        moving, setting = (read_write(case.link.get(name, ""), ticket.id) for name in ("moving", "setting"))
        if moving and moving.happened(ticket.status, lambda: self._history.moved_at(ticket)):
            has_come = bool(self._history.called(ticket, [moving.pair.ticket]))
            return Pair(moving.pair.issue, ticket.status) if has_come else moving.pair
        if setting and setting.happened(case.issue.status, lambda: self._announced(case)):
            return setting.pair
        base = read_pair(case.link.get("base", ""), ticket.id)
        if base and not case.theirs and "carried" not in case.link and base.ticket == ticket.status:
            return Pair("", base.ticket)  # new: the ticket does not have the issue's status yet
        return base

    def changed(self, since: float, links: Links) -> Changed:
        """For connectors.base.Changing. Raises SourceError only if no container can be read: one that was deleted or
        is no longer visible must not block the others."""
        events, looked_at, until = [], 0, None
        errors: list[SourceError] = []
        containers = dict.fromkeys(container for _, container in self._settings.containers.items())
        for container in containers:
            last = since
            try:
                for ticket in self._history.changed_since(container, since):
                    looked_at, last = looked_at + 1, ticket.changed
                    if (known := self._unknown(ticket, links)) is not None:
                        events.append((ticket.changed, *self._event(ticket, known)))
            except IncompleteSearch:
                until = last if until is None else min(until, last)
            except Refused as refusal:
                outcome = refusal.outcome
                why, again = f"{container}: {outcome.why}", isinstance(outcome, Retry)
                errors.append(SourceError(outcome.reason, why, again=again))
            except NoAnswer as error:
                why = f"{container}: {self._api.title}: {error}"
                errors.append(SourceError(error.reason, why, again=True))
        if errors and len(errors) == len(containers):
            raise errors[0]
        return Changed(looked_at, events, until, errors)

    def _unknown(self, ticket: Ticket, links: Links) -> str | None:
        """The stored base of a ticket whose status differs from it. None if it does not differ, or if the ticket is not
        ours."""
        link = links.get(way_back(ticket.key), "")
        if "issue" in link:
            about = _about(link["project"], link["issue"], link.get("creation", ""))
            written = links.get(about.entity, link.get("creation", "")).get("base", "") if about else ""
            base = read_pair(written, ticket.id)
            return None if base and base.ticket == ticket.status else written
        is_marked = any(self._marker.fullmatch(text) for text in ticket.markers)
        return "" if is_marked and self._api.is_ours(ticket.author) else None

    def _event(self, ticket: Ticket, known: str) -> tuple[TicketEvent, bytes, Mapping[str, str]]:
        container, number = self._api.names.container_of(ticket.key), self._api.names.number_of(ticket.key)
        shown = sources.tickets.Ticket(ticket.id, ticket.key, status=ticket.status)
        subject = Subject(self._source, "ticket", container, number)
        return sources.tickets.found(self._tools.instance, self._source, shown, subject, ticket.changed, known)

    def remember(self, case: Case, ticket_id: str, key: str, pair: Pair, carried: bool) -> None:
        """Stores the pair as the base. `carried`: whether to store also the issue's status as the last one that was
        carried (TicketConnector.behind); only for tickets of ours."""
        base, follows = pair.written(ticket_id, case.context.now()), {"carried": pair.issue} if carried else {}
        case.remember(base=base, moving="", setting="", **follows)
        case.point(key, ticket_id)

    def begin(self, case: Case, ticket: Ticket, target: str) -> None:
        """Called before the write that gives the ticket the status `target`. If a worker is killed after the write, and
        a person undoes it, the next attempt must not repeat the write."""
        if ticket.changed:
            write = Write(Pair(case.issue.status, target), ticket.status, ticket.changed)
            case.remember(moving=write.written(ticket.id))

    def expect(self, case: Case, ticket: Ticket, halfway: str) -> None:
        """Called before the first of two writes; `halfway` is the ticket's status after it. If the second write fails,
        this status must not count as a person's change."""
        base = read_pair(case.link.get("base", ""), ticket.id)
        pair = Pair(base.issue if base else "", halfway)
        case.remember(base=pair.written(ticket.id, case.context.now()))

    def _carry(self, case: Case, ticket: Ticket) -> Outcome:
        status = case.issue.status
        result = {"ticket": ticket.key, "issue": case.issue.id, "status": ticket.status, "abc_status": status}
        ours = not case.theirs
        match self.decide(case, ticket):
            case "issue":
                if self._base(case, ticket) is None and not case.context.remembers(
                    seconds_of(case.issue.updatedAt) or 0.0
                ):
                    # The event of that change was lost with a Redis that was wiped, or is older than our records.
                    found = Found(ticket.id, ticket.key, ours, ticket)
                    return Done({**result, **self._carry_there(case, found)})
                return Skipped(
                    f"the issue was changed to {short(status)} as well; the event of that change carries it", result
                )
            case "agree":
                self.remember(case, ticket.id, ticket.key, Pair(status, ticket.status), ours)
                return Skipped(f"the issue's status already matches: {short(status)}", result)
            case "nothing":
                self.remember(case, ticket.id, ticket.key, Pair(status, ticket.status), ours)
                variable = self._settings.variable("status_back")
                return Skipped(f"{variable} names no ABC status for this change", result)
        target = self._maps.to_issue(self._history.called(ticket, self._maps.names))
        write = Write(
            Pair(target, ticket.status), status, max(self._announced(case), seconds_of(case.issue.updatedAt) or 0.0)
        )
        case.remember(setting=write.written(ticket.id))
        case.context.keep()  # raises LeaseLost when another worker has taken over
        self._abc.set_status(case.project.id, case.issue, target)
        self.remember(case, ticket.id, ticket.key, Pair(target, ticket.status), ours)
        return Done({**result, "abc_status": target, "abc_status_before": status})

    def _announced(self, case: Case) -> float:
        """When the issue got its status, in seconds since 1970, by the event that announced it; 0 if there is none."""
        level = case.context.level(case.entity, case.issue.creation)
        return level.at if level and level.value == case.issue.status else 0.0

    def _latest(self, case: Case) -> float:
        """The latest time at which the issue may have got its status, in seconds since 1970: by the event that
        announced the status, else the time of the last save, else infinity."""
        level = case.context.level(case.entity, case.issue.creation)
        if level and level.value == case.issue.status:
            return level.at + level.precision
        saved = seconds_of(case.issue.updatedAt)
        return float("inf") if saved is None else saved + 1.0

    def _key(self, event: TicketEvent) -> str | None:
        """The ticket's key for `read`; None if the event's key is not valid: a forger may have sent it."""
        names, key = self._api.names, event.ticket.key
        if names.key.fullmatch(key):
            return key
        keys = (names.key_of(key, container) for _, container in self._settings.containers.items())
        return next((found for found in keys if found), None)

    def _linked(self, key: str, context: Context) -> _About | None:
        link = context.links.get(way_back(key), "")
        return _about(link["project"], link["issue"], link.get("creation", "")) if "issue" in link else None

    def _found(self, key: str, context: Context) -> _About | None:
        """Finds the issue by the ticket: by our marker if our account made it, else by an externalIssueId that names
        it."""
        ticket = self._read(key)
        if ticket.key != key and (linked := self._linked(ticket.key, context)):
            return linked
        matches = [match for text in ticket.markers if (match := self._marker.fullmatch(text))]
        if matches and self._api.is_ours(ticket.author):
            return _about(*matches[0].groups(default=""))
        return next(self._naming(ticket), None)

    def _naming(self, ticket: Ticket) -> Iterator[_About]:
        """Issues whose externalIssueId names the ticket exactly; ABC's search also finds similar ones (LIKE)."""
        container, number = self._api.names.container_of(ticket.key), self._api.names.number_of(ticket.key)
        served = dict(self._settings.containers.items())
        known = {project for project in served if project != "*"} | {
            str(project) for project, _ in self._tools.channels
        }
        for project in sorted(known, key=int):
            if self._settings.containers.get(project) != container:
                continue
            for issue in self._abc.search_issues(int(project), {"externalIssueId": number}):
                if self._api.names.key_of(issue.external_id, container) == ticket.key:
                    yield _About(Named(id=int(project)), issue)

    def _is_its_ticket(self, case: Case, ticket: Ticket) -> bool:
        """Whether the issue's own status would be carried to this same ticket."""
        if case.theirs:
            return self._api.names.key_of(case.theirs, case.container) == ticket.key
        if "key" in case.link:
            return ticket.id == case.link.get("id") or ticket.key == case.link["key"]
        return ticket.carries(case.marker) and self._api.is_ours(ticket.author)

    def _read(self, key: str) -> Ticket:
        try:
            return self._api.read(key)
        except Refused as refusal:
            if refusal.gone:
                raise Halt(Skipped(f"{key} was deleted, or is not shown to this account")) from None
            raise


def _about(project: str, issue: str, creation: str) -> _About | None:
    """None for numbers that ABC can't have."""
    if not (0 < int(project) <= LARGEST_ID and 0 < int(issue) <= LARGEST_ID):
        return None
    created = moment_of(float(creation)) if creation else ""
    return _About(Named(id=int(project)), Issue(id=int(issue), createdAt=created))
