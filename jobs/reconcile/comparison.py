"""Compares one entity of the source with the ledger: each change without an event becomes an event, by accept()."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog

import sources
from connectors.base import Connector, Links, Restoring
from jobs.accept import Acceptor
from jobs.ledger.records import Records
from jobs.reconcile.checkpoints import Checkpoints
from jobs.reconcile.levels import changed_at, is_newer, is_untouched, previous_of
from jobs.reconcile.report import Finding
from jobs.replay import Replayer
from jobs.routing import Route
from sources.base import Event, Level
from sources.sweep import Seen, Sweep

log = structlog.get_logger("reconcile")

SETTLED_SECONDS = 60.0
"""The event of a newer change of level may still arrive: the sender tries for 29 s."""
REPAIR_PAUSE = 600.0
"""Seconds after a delivery has finished before it may be repeated to restore its effect."""
TOO_OLD = "older than ALERT_MAX_AGE when it was found"


@dataclass(frozen=True, slots=True)
class Young:
    """A change of level whose event may still arrive; `wait`: seconds after which it can no longer arrive."""

    wait: float


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of level without an event. `noted`: the time to store with the level, if accepting the event does not
    store it because the change is earlier than the last known level; else None."""

    event: Event
    seen: Seen
    body: bytes
    skip: Mapping[str, str]
    action: str
    noted: float | None


class Comparison:
    """`connectors`: those of this process. The connectors whose effect is visible at the source (Restoring) decide what
    is missing."""

    def __init__(
        self,
        sweep: Sweep,
        acceptor: Acceptor,
        records: Records,
        replayer: Replayer,
        checkpoints: Checkpoints,
        links: Links,
        connectors: Mapping[str, Connector],
        routes: tuple[Route, ...],
        alert_max_age: float,
        missed: Callable[[str], None] | None = None,
    ) -> None:
        """`missed`: is called with the id of each event that no webhook announced, before the event is accepted."""
        self._sweep = sweep
        self._acceptor = acceptor
        self._records = records
        self._replayer = replayer
        self._checkpoints = checkpoints
        self._links = links
        self._routes = routes
        self._restoring = {name: one for name, one in connectors.items() if isinstance(one, Restoring)}
        self._alerts = [name for name in connectors if name not in self._restoring]
        self._alert_max_age = alert_max_age
        self._missed = missed

    def look_at(self, key: str, seen: Seen, now: float, dry_run: bool) -> Iterator[Finding | Young]:
        """Compares one entity. `key`: of the position; `now`: by Redis's clock. Raises SourceError and RedisError."""
        # The change is decided before the creation is accepted, because accepting stores the level. It is accepted
        # after the creation, to keep the order of time.
        change = None if seen.level is None else self._level(key, seen, dry_run)
        # While it is undecided whether the level was changed, the present level does not count as the first one.
        first = is_untouched(seen) or not isinstance(change, Young)
        event, body = self._sweep.creation(key, seen)
        yield from self._creation(event, body, seen, now, dry_run, first)
        yield from self._implied(event, dry_run)
        if isinstance(change, Young):
            yield change
        elif change is not None:
            found = list(self._accept(change.event, change.body, change.skip, dry_run, change.action))
            if change.noted is not None and not dry_run:
                self._note(change.seen, change.noted)
            yield from found

    def _implied(self, event: Event, dry_run: bool) -> Iterator[Finding]:
        for addition, body in sources.implied(event, self._checkpoints.instance):
            wanting = [route.connector for route in self._routes if route.takes(addition)]
            states = self._records.states(addition.id) if wanting else {}
            if lacking := [connector for connector in wanting if connector not in states]:
                action = f"attachment missed; now for {', '.join(lacking)}"
                yield from self._accept(addition, body, {}, dry_run, action)

    def _creation(
        self, event: Event, body: bytes, seen: Seen, now: float, dry_run: bool, first: bool
    ) -> Iterator[Finding]:
        wanting = [route.connector for route in self._routes if route.takes(event)]
        missing = [c for c in wanting if c in self._restoring and self._restoring[c].missing(seen.entity)]
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
            if state == "done" and self._restoring[connector].repeats(seen.entity) and since_change > REPAIR_PAUSE:
                if not dry_run:
                    self._replayer.replay(f"{event.id}.{connector}")
                yield Finding(
                    event.id, event.name, str(event.subject), f"{connector}'s effect is missing again; repeated"
                )

    def _level(self, key: str, listed: Seen, dry_run: bool) -> _Change | Young | None:
        wanting = [route.connector for route in self._routes if route.wants(self._sweep.level_event)]
        known = self._known(listed)
        same = known is not None and known.value == listed.level
        if not wanting or (same and not self._behind(listed, wanting)):
            return None
        # The list may be outdated. Read the entity, then the known level, which an event may have changed meanwhile.
        asked = self._checkpoints.now()
        seen = self._sweep.again(key, listed)
        known, now = self._known(seen), self._checkpoints.now()
        changed = changed_at(seen, now)
        if not seen.level or is_newer(known, changed, asked, now):
            return None
        previous, silence = previous_of(seen, known, changed, self._checkpoints.born(), self._sweep.first_level)
        if previous == seen.level:  # changed and changed back without an event: there is nothing to announce
            silence = "the status is the one that was announced last"
        if changed is not None and now - changed > self._alert_max_age:
            silence = TOO_OLD
        interested = self._interested(seen, previous, silence, wanting)
        if changed is not None and changed >= now - SETTLED_SECONDS:
            return Young(changed - (now - SETTLED_SECONDS)) if interested else None
        noted = now if changed is None else changed
        if not interested:
            if not dry_run:  # no event: store the level, so that the next run can compare with it
                self._note(seen, noted)
            return None
        event, body = self._sweep.change(key, seen, previous)
        action = f"missed: {previous} → {seen.level}"
        if previous in ("", seen.level):
            action = f"its status is {seen.level}"
        went_back = known is not None and (changed is None or known.at > changed)
        skip = dict.fromkeys(self._alerts, silence) if silence else {}
        return _Change(event, seen, body, skip, action, noted if went_back else None)

    def _interested(self, seen: Seen, previous: str, silence: str, wanting: Sequence[str]) -> list[str]:
        """The connectors that should get this change of level."""
        alerts = [] if silence else [c for c in wanting if c in self._alerts]
        restoring = [c for c in wanting if c in self._restoring]
        if previous == seen.level:
            return [*alerts, *restoring] if self._behind(seen, wanting) else []
        # A ticket that does not exist yet gets the level when it is made.
        return [*alerts, *restoring] if previous or seen.is_linked else alerts

    def _behind(self, seen: Seen, wanting: Sequence[str]) -> bool:
        restoring = {name: self._restoring[name] for name in wanting if name in self._restoring}
        return any(
            connector.behind(seen.entity, self._links.of(name).get(str(seen.subject), seen.creation))
            for name, connector in restoring.items()
        )

    def _known(self, seen: Seen) -> Level | None:
        return self._checkpoints.level(seen.subject, seen.creation)

    def _note(self, seen: Seen, at: float) -> None:
        level = Level(seen.level or "", int(at), precision=1.0)
        self._checkpoints.note_level(seen.subject, seen.creation, level)

    def _accept(
        self, event: Event, body: bytes, skip: Mapping[str, str], dry_run: bool, action: str, first: bool = True
    ) -> Iterator[Finding]:
        """Accepts the event and yields a finding; yields nothing if another process, or a webhook, was faster."""
        if not dry_run:
            if self._missed and not skip and self._is_missed(event):
                self._missed(event.id)
            accepted = self._acceptor.accept(event.source, event, body, skip=skip, extend=True, note_level=first)
            if accepted.duplicate:
                return
            log.info("found", event_id=event.id, name=event.name, entity=str(event.subject), action=action)
        yield Finding(event.id, event.name, str(event.subject), action)

    def _is_missed(self, event: Event) -> bool:
        """Whether a webhook should have announced the event: it happened after the ledger was created, and long enough
        ago."""
        settled = self._checkpoints.born() <= event.occurred <= self._checkpoints.now() - SETTLED_SECONDS
        return settled and not event.implied and not self._records.knows(event.id)
