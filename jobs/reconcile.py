"""Comparing with the source: what it has and we never saw becomes an event, through the same accept().

The sender forgets an event after 9 to 29 seconds; a receiver that was away longer learns of it only by asking. Elected
through Redis, one worker asks for all every RECONCILE_EVERY seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from connectors.base import Connector, Links, Restoring
from jobs.accept import Acceptor
from jobs.ledger import CLOCKS_APART
from jobs.marks import Heard, Marks, Place, Window
from jobs.records import Records
from jobs.replay import Replayer
from jobs.routing import Route
from sources.abc.client import AbcClient, AbcError
from sources.abc.events import parse
from sources.event import Event, Feedback, Issue, seconds_of

log = structlog.get_logger("reconcile")

MOST_AT_ONCE = 500
"""New events that one run makes at most: a long outage must not become a storm at the third parties. The next run goes
on from there."""
SETTLED_SECONDS = 60.0
"""What is younger may still be on its way: the sender tries for 29 s."""
FIRST_STATUS = "INIT"
"""Of every issue of ABC User Feedback (docs/sources/abc.md)."""
REPAIR_PAUSE = 600.0
"""Seconds since its last change before a finished delivery is repeated to repair its effect."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something at the source that we have nothing of, and what is done about it."""

    event_id: str
    name: str
    entity: str
    action: str


@dataclass
class Report:
    findings: list[Finding] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    looked_at: int = 0
    capped: bool = False


class Reconciler:
    """`connectors`: those of this process; the ones whose effect shows at the source say what is missing."""

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
        self._names: dict[int, str] = {}

    def run(self, since: float | None = None, dry_run: bool = False) -> Report:
        """Compares every known place, from `since` (seconds since 1970) or its own mark on. `dry_run` changes nothing.

        Trouble with one place is told in the report, and the others are compared all the same. Raises RedisError.
        """
        report = Report()
        now = self._marks.now()
        for place in self._marks.places():
            window = self._marks.window(place, since, now - SETTLED_SECONDS)
            try:
                for found in self._compare(place, window, now, dry_run, report):
                    report.findings.append(found)
                    if len(report.findings) >= MOST_AT_ONCE:
                        report.capped = True
                        return report
            except AbcError as error:
                report.troubles.append(f"{place}: {error}")
                if error.reason == "not_found" and not dry_run:
                    self._marks.drop(place)
                continue
            if not dry_run and since is None:
                self._marks.advance(place, window.end)
        return report

    def _compare(self, place: Place, window: Window, now: float, dry_run: bool, report: Report) -> Iterator[Finding]:
        seen: set[int] = set()
        # By creation, and by change: a feedback may be back-dated by its sender, and a status changes later.
        for column in ("createdAt", "updatedAt"):
            for part in window.days():
                query = {column: {"gte": part.gte, "lt": part.lt}}
                for entity in self._search(place, query):
                    if entity.id in seen:
                        continue
                    seen.add(entity.id)
                    report.looked_at += 1
                    yield from self._look_at(place, entity, window, now, dry_run)

    def _search(self, place: Place, query: Mapping[str, Any]) -> Iterator[Issue] | Iterator[Feedback]:
        if place.channel is None:
            return self._abc.search_issues(place.project, query)
        return self._abc.search_feedbacks(place.project, place.channel, query)

    def _look_at(
        self, place: Place, entity: Issue | Feedback, window: Window, now: float, dry_run: bool
    ) -> Iterator[Finding]:
        if isinstance(entity, Issue):
            yield from self._status(place, entity, window, now, dry_run)
            yield from self._creation("ISSUE_CREATION", {"issue": _plain(entity)}, place, entity, now, dry_run)
        else:
            data = {"feedback": _plain(entity), "channel": {"id": place.channel, "name": ""}}
            yield from self._creation("FEEDBACK_CREATION", data, place, entity, now, dry_run)

    def _creation(
        self, name: str, data: dict[str, Any], place: Place, entity: Issue | Feedback, now: float, dry_run: bool
    ) -> Iterator[Finding]:
        wanting = [route.connector for route in self._routes if route.wants(name)]
        missing = [c for c in wanting if c in self._restoring and self._restoring[c].missing(entity)]
        event, body = self._event(name, data, place)
        too_old = now - event.occurred > self._alert_max_age
        alerts = [] if too_old else [c for c in wanting if c in self._alerts]
        if not missing and not alerts:
            return
        states = self._records.states(event.id)
        lacking = [c for c in (*missing, *alerts) if c not in states]
        if lacking:
            skip = dict.fromkeys(self._alerts, "older than ALERT_MAX_AGE when it was found") if too_old else {}
            yield self._accept(event, body, skip, dry_run, f"missed; now for {', '.join(lacking)}")
        for connector in missing:
            state, since_change = states.get(connector, ("", 0.0))
            if state == "done" and self._restoring[connector].repeats(entity) and since_change > REPAIR_PAUSE:
                if not dry_run:
                    self._replayer.replay(f"{event.id}.{connector}")
                yield Finding(event.id, name, event.entity, f"{connector}'s effect is missing again; repeated")

    def _status(self, place: Place, listed: Issue, window: Window, now: float, dry_run: bool) -> Iterator[Finding]:
        wanting = [route.connector for route in self._routes if route.wants("ISSUE_STATUS_CHANGE")]
        if not wanting:
            return
        heard = self._marks.status(place.project, listed)
        if heard and heard.status == listed.status and not self._behind(place, listed, wanting):
            return
        # The list is old by now. Read the issue, and only then what we heard: an event that came meanwhile counts.
        issue = self._abc.get_issue(place.project, listed.id)
        heard = self._marks.status(place.project, issue)
        changed = seconds_of(issue.updatedAt) or 0.0
        if not issue.status or changed >= window.end or (heard and int(heard.at) > int(changed)):
            return  # nothing to tell, or its event may still be on its way, or is here already
        previous, skip = self._before(issue, heard)
        behind = self._behind(place, issue, wanting)
        if previous == issue.status:  # there and back, while nobody heard: no change that could be told
            skip = dict.fromkeys(self._alerts, "the status is the one that was told last")
        if now - changed > self._alert_max_age:
            skip = dict.fromkeys(self._alerts, "older than ALERT_MAX_AGE when it was found")
        changed_back = previous == issue.status and not behind
        if changed_back or set(wanting) <= skip.keys() or not (previous or issue.external_id):
            if not dry_run:  # nobody to tell: from now on there is something to compare with
                self._marks.note_status(place.project, issue, changed)
            return
        event, body = self._event("ISSUE_STATUS_CHANGE", {"issue": _plain(issue), "previousStatus": previous}, place)
        anew = previous in ("", issue.status)
        was = f"its status {issue.status} is carried anew" if anew else f"missed: {previous} → {issue.status}"
        yield self._accept(event, body, skip, dry_run, was)

    def _behind(self, place: Place, issue: Issue, wanting: Sequence[str]) -> bool:
        entity = f"issue:{place.project}:{issue.id}"
        restoring = [name for name in wanting if name in self._restoring]
        links = self._links
        return any(self._restoring[name].behind(issue, links.get(name, entity, issue.creation)) for name in restoring)

    def _before(self, issue: Issue, heard: Heard | None) -> tuple[str, dict[str, str]]:
        """The status before the change, and who is not to be told of it."""
        born = self._marks.born()
        if heard and max(heard.at, (seconds_of(issue.updatedAt) or 0.0)) <= born:
            # Heard again after a wipe, and the change that followed may have been told before it.
            return heard.status, dict.fromkeys(self._alerts, "it may have been told before Redis was wiped")
        if heard:
            return heard.status, {}
        if (seconds_of(issue.createdAt) or 0.0) >= born + CLOCKS_APART:
            return FIRST_STATUS, {}  # made since we remember, and we were not told: this is how every issue begins
        return "", dict.fromkeys(self._alerts, "what it was before is not known")

    def _event(self, name: str, data: dict[str, Any], place: Place) -> tuple[Event, bytes]:
        if place.project not in self._names:
            self._names[place.project] = self._abc.project_name(place.project)
        project = {"id": place.project, "name": self._names[place.project]}
        body = {"event": name, "data": {**data, "project": project}, "origin": "reconcile"}
        return parse(body, self._marks.instance), json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")

    def _accept(self, event: Event, body: bytes, skip: Mapping[str, str], dry_run: bool, action: str) -> Finding:
        if not dry_run:
            self._acceptor.accept(event.source, event, body, skip=skip, extend=True)
            log.info("found", event_id=event.id, name=event.name, entity=event.entity, action=action)
        return Finding(event.id, event.name, event.entity, action)


def _plain(entity: Issue | Feedback) -> dict[str, Any]:
    return entity.model_dump(mode="json", exclude_unset=True)


def instant(text: str, now: float) -> float:
    """Seconds since 1970 from `2026-11-01T00:00Z`, or from an age such as `36h`, `7d`, `90m`.

    Raises ValueError with words.
    """
    units = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
    if text[-1:] in units and text[:-1].isdigit():
        return now - int(text[:-1]) * units[text[-1]]
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is neither a time such as 2026-11-01T00:00Z nor an age such as 36h or 7d") from None
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
