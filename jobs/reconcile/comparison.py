"""Comparing one entity of the source with the ledger: what has no event yet becomes one, through the same accept()."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

import sources
from connectors.base import Connector, Links, Restoring
from jobs.accept import Acceptor
from jobs.ledger.records import Records
from jobs.reconcile.checkpoints import Marks, Place
from jobs.reconcile.report import Finding
from jobs.reconcile.statuses import changed_at, is_newer, is_untouched, previous_of
from jobs.replay import Replayer
from jobs.routing import Route
from sources.abc.client import AbcClient, AbcError
from sources.abc.events import parse
from sources.abc.models import Feedback, Issue, subject_of
from sources.base import Event, Level

log = structlog.get_logger("reconcile")

SETTLED_SECONDS = 60.0
"""A change of status that is younger may still be on its way as an event: the sender tries for 29 s."""
REPAIR_PAUSE = 600.0
"""Seconds since its last change before a finished delivery is repeated to repair its effect."""
TOO_OLD = "older than ALERT_MAX_AGE when it was found"


@dataclass(frozen=True, slots=True)
class Young:
    """A change of status whose event may still arrive; `wait`: seconds until it is known that none will."""

    wait: float


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of status without an event. `noted`: the time to note with the status where accepting the event does not
    note it, because it is earlier than the last one heard; else None."""

    event: Event
    issue: Issue
    body: bytes
    skip: Mapping[str, str]
    action: str
    noted: float | None


class Comparison:
    """`connectors`: those of this process; the ones whose effect shows at the source decide what is missing."""

    def __init__(
        self,
        abc: AbcClient,
        acceptor: Acceptor,
        records: Records,
        replayer: Replayer,
        marks: Marks,
        links: Links,
        connectors: Mapping[str, Connector],
        routes: tuple[Route, ...],
        alert_max_age: float,
    ) -> None:
        self._abc = abc
        self._acceptor = acceptor
        self._records = records
        self._replayer = replayer
        self._marks = marks
        self._links = links
        self._routes = routes
        self._restoring = {name: one for name, one in connectors.items() if isinstance(one, Restoring)}
        self._alerts = [name for name in connectors if name not in self._restoring]
        self._alert_max_age = alert_max_age
        self._names: dict[Place, str] = {}

    def look_at(self, place: Place, entity: Issue | Feedback, now: float, dry_run: bool) -> Iterator[Finding | Young]:
        """Raises AbcError and RedisError. `now`: by Redis's clock."""
        if isinstance(entity, Issue):
            yield from self._issue(place, entity, now, dry_run)
        else:
            yield from self._feedback(place, entity, now, dry_run)

    def _issue(self, place: Place, issue: Issue, now: float, dry_run: bool) -> Iterator[Finding | Young]:
        # Decided before the creation is accepted, because that notes the status; accepted after it, in order of time.
        change = self._status(place, issue, dry_run)
        # The status of now is not the first one where it may have been changed since, and that is not decided yet.
        first = is_untouched(issue) or not isinstance(change, Young)
        event, body = self._event("ISSUE_CREATION", {"issue": _plain(issue)}, place)
        yield from self._creation(event, body, issue, now, dry_run, first)
        if isinstance(change, Young):
            yield change
        elif change is not None:
            found = list(self._accept(change.event, change.body, change.skip, dry_run, change.action))
            if change.noted is not None and not dry_run:
                self._note(place, change.issue, change.noted)
            yield from found

    def _feedback(self, place: Place, feedback: Feedback, now: float, dry_run: bool) -> Iterator[Finding]:
        data = {"feedback": _plain(feedback), "channel": {"id": place.channel, "name": self._marks.name(place)}}
        event, body = self._event("FEEDBACK_CREATION", data, place)
        yield from self._creation(event, body, feedback, now, dry_run)
        for addition, addition_body in sources.implied(event, self._marks.instance):
            wanting = [route.connector for route in self._routes if route.takes(addition)]
            states = self._records.states(addition.id) if wanting else {}
            if lacking := [connector for connector in wanting if connector not in states]:
                action = f"attached, missed; now for {', '.join(lacking)}"
                yield from self._accept(addition, addition_body, {}, dry_run, action)

    def _creation(
        self, event: Event, body: bytes, entity: Issue | Feedback, now: float, dry_run: bool, first: bool = True
    ) -> Iterator[Finding]:
        wanting = [route.connector for route in self._routes if route.takes(event)]
        missing = [c for c in wanting if c in self._restoring and self._restoring[c].missing(entity)]
        too_old = now - event.occurred > self._alert_max_age
        alerts = [] if too_old else [c for c in wanting if c in self._alerts]
        if not missing and not alerts:
            return
        states = self._records.states(event.id)
        lacking = [c for c in (*missing, *alerts) if c not in states]
        if lacking:
            skip = dict.fromkeys(self._alerts, TOO_OLD) if too_old else {}
            yield from self._accept(event, body, skip, dry_run, f"missed; now for {', '.join(lacking)}", first)
        for connector in missing:
            state, since_change = states.get(connector, ("", 0.0))
            if state == "done" and self._restoring[connector].repeats(entity) and since_change > REPAIR_PAUSE:
                if not dry_run:
                    self._replayer.replay(f"{event.id}.{connector}")
                yield Finding(
                    event.id, event.name, str(event.subject), f"{connector}'s effect is missing again; repeated"
                )

    def _status(self, place: Place, listed: Issue, dry_run: bool) -> _Change | Young | None:
        wanting = [route.connector for route in self._routes if route.wants("ISSUE_STATUS_CHANGE")]
        heard = self._heard(place, listed)
        same = heard is not None and heard.value == listed.status
        if not wanting or (same and not self._behind(place, listed, wanting)):
            return None
        # The list is old by now. Read the issue, and only then what was heard: an event that arrived meanwhile counts.
        asked = self._marks.now()
        issue = self._abc.get_issue(place.project, listed.id)
        heard, now = self._heard(place, issue), self._marks.now()
        changed = changed_at(issue, now)
        if not issue.status or is_newer(heard, changed, asked, now):
            return None
        previous, silence = previous_of(issue, heard, changed, self._marks.born())
        if previous == issue.status:  # there and back, while no event arrived: no change that could be announced
            silence = "the status is the one that was announced last"
        if changed is not None and now - changed > self._alert_max_age:
            silence = TOO_OLD
        interested = self._interested(place, issue, previous, silence, wanting)
        if changed is not None and changed >= now - SETTLED_SECONDS:
            return Young(changed - (now - SETTLED_SECONDS)) if interested else None
        noted = now if changed is None else changed
        if not interested:
            if not dry_run:  # nobody to notify: from now on there is something to compare with
                self._note(place, issue, noted)
            return None
        event, body = self._event("ISSUE_STATUS_CHANGE", {"issue": _plain(issue), "previousStatus": previous}, place)
        action = f"missed: {previous} → {issue.status}"
        if previous in ("", issue.status):
            action = f"its status is {issue.status}"
        went_back = heard is not None and (changed is None or heard.at > changed)
        skip = dict.fromkeys(self._alerts, silence) if silence else {}
        return _Change(event, issue, body, skip, action, noted if went_back else None)

    def _interested(self, place: Place, issue: Issue, previous: str, silence: str, wanting: Sequence[str]) -> list[str]:
        """The connectors for which this change of status means something."""
        alerts = [] if silence else [c for c in wanting if c in self._alerts]
        restoring = [c for c in wanting if c in self._restoring]
        if previous == issue.status:
            return [*alerts, *restoring] if self._behind(place, issue, wanting) else []
        # A ticket that is still to be made gets its status when it is made.
        return [*alerts, *restoring] if previous or issue.external_id else alerts

    def _behind(self, place: Place, issue: Issue, wanting: Sequence[str]) -> bool:
        entity, links = str(subject_of(place.project, issue)), self._links
        restoring = [name for name in wanting if name in self._restoring]
        return any(
            self._restoring[name].behind(issue, links.of(name).get(entity, issue.creation)) for name in restoring
        )

    def _heard(self, place: Place, issue: Issue) -> Level | None:
        return self._marks.level(subject_of(place.project, issue), issue.creation)

    def _note(self, place: Place, issue: Issue, at: float) -> None:
        self._marks.note_level(subject_of(place.project, issue), issue.creation, Level(issue.status, int(at), 1.0))

    def _event(self, name: str, data: dict[str, Any], place: Place) -> tuple[Event, bytes]:
        project = {"id": place.project, "name": self._project_name(Place(place.project))}
        body = {"event": name, "data": {**data, "project": project}, "origin": "reconcile"}
        return parse(body, self._marks.instance), json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")

    def _project_name(self, project: Place) -> str:
        """As last heard in an event; else what ABC answers, asked for once."""
        if heard := self._marks.name(project):
            return heard
        if project not in self._names:
            self._names[project] = ""
            with suppress(AbcError):
                self._names[project] = self._abc.project_name(project.project)
        return self._names[project]

    def _accept(
        self, event: Event, body: bytes, skip: Mapping[str, str], dry_run: bool, action: str, first: bool = True
    ) -> Iterator[Finding]:
        """Nothing where another process, or a webhook, was faster."""
        if not dry_run:
            accepted = self._acceptor.accept(event.source, event, body, skip=skip, extend=True, note_level=first)
            if accepted.duplicate:
                return
            log.info("found", event_id=event.id, name=event.name, entity=str(event.subject), action=action)
        yield Finding(event.id, event.name, str(event.subject), action)


def _plain(entity: Issue | Feedback) -> dict[str, Any]:
    return entity.model_dump(mode="json", exclude_unset=True)
