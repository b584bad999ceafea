"""Comparing with the source: what it has and no event announced becomes an event, through the same accept().

The sender forgets an event after 9 to 29 seconds; a receiver that was away longer learns of it only by asking. Elected
through Redis, one worker asks for all every RECONCILE_EVERY seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from redis.exceptions import RedisError

from jobs.reconcile.checkpoints import Marks, Place, Window, name_of
from jobs.reconcile.comparison import Comparison, Young
from jobs.reconcile.forgotten import REFUSALS_BEFORE, Entry, Forgotten
from jobs.reconcile.report import Report
from sources.abc.client import AbcClient, AbcError
from sources.abc.models import Feedback, Issue

log = structlog.get_logger("reconcile")

MOST_AT_ONCE = 500
"""New events that one run makes at most: a long outage must not become a storm at the third parties. The next run goes
on from there."""
MOST_NEW_POSITIONS = 20
"""Positions that no run has compared yet and one run tries: an event may name projects that do not exist."""


class Reconciler:
    def __init__(self, abc: AbcClient, comparison: Comparison, marks: Marks, forgotten: Forgotten) -> None:
        self._abc = abc
        self._comparison = comparison
        self._marks = marks
        self._forgotten = forgotten

    def run(self, since: float | None = None, dry_run: bool = False) -> Report:
        """Compares every known position, from `since` (seconds since 1970) or its own checkpoint on. `dry_run` changes
        nothing.

        An error in one position is reported, and the others are compared all the same. Raises RedisError.
        """
        report = Report()
        now = self._marks.now()
        known = self._forgotten.entries()
        answered: set[int] = set()
        absent: dict[Place, AbcError] = {}
        refused: dict[int, AbcError] = {}  # by project: one call is enough to learn that a key does not fit
        for place in self._due(known, now):
            if place.project in refused:
                absent[place] = refused[place.project]
                continue
            try:
                compared = self._compared(place, self._marks.window(place, since, now), now, dry_run, report)
            except AbcError as error:
                absent[place] = error
                report.refusals.add(error.reason)
                if error.reason == "auth":
                    refused[place.project] = error
                continue
            if report.capped:
                break
            if compared:
                report.answered = True
                answered.add(place.project)
                self._finish(place, None if since is not None or dry_run else now, place in known and not dry_run)
        if not dry_run:
            self._leave_out(absent, answered, known, now, report)
            self._marks.see_source(report.source_state)
        else:
            report.errors += [f"{place}: {error}" for place, error in absent.items()]
        return report

    def forget(self, project: int, channel: int | None) -> list[Place]:
        """Removes a channel, or all that is known of a project: what was removed. An event that names it makes it known
        again. Raises ValueError where the configuration names it."""
        found = [
            place
            for place in self._marks.places()
            if place.project == project and (channel is None or place.channel == channel)
        ]
        for place in found:
            if self._marks.is_configured(place):
                variable = "ABC_API_KEY or RECONCILE_CHANNELS" if place.channel is None else "RECONCILE_CHANNELS"
                raise ValueError(f"{place}: {variable} names it; remove it there")
        for place in found:
            self._marks.drop(place)
            self._forgotten.remove(place)
        return found

    def _due(self, known: Mapping[Place, Entry], now: float) -> list[Place]:
        places = [place for place in self._marks.places() if place not in known or not known[place].rests(now)]
        new = [p for p in places if not self._marks.is_configured(p) and self._marks.checkpoint(p) is None]
        later = set(new[MOST_NEW_POSITIONS:])
        return [place for place in places if place not in later]

    def _compared(self, place: Place, window: Window, now: float, dry_run: bool, report: Report) -> bool:
        """Whether the position was compared whole. What kept it from that is reported, except where ABC does not have
        it: raises AbcError then."""
        try:
            self._compare(place, window, now, dry_run, report)
        except AbcError as error:
            if error.absent:
                raise
            report.refusals.add(error.reason)
            report.errors.append(f"{place}: {error}")
        except RedisError:
            raise
        except Exception as error:
            log.exception("a position could not be compared: a defect", position=name_of(place))
            report.errors.append(f"{place}: a defect: {type(error).__name__}")
        else:
            return True
        return False

    def _compare(self, place: Place, window: Window, now: float, dry_run: bool, report: Report) -> None:
        for entity in self._entities(place, window, report):
            report.looked_at += 1
            try:
                for found in self._comparison.look_at(place, entity, now, dry_run):
                    if isinstance(found, Young):
                        report.younger += 1
                        report.wait = max(report.wait, found.wait)
                    else:
                        report.findings.append(found)
            except AbcError as error:
                if error.again:
                    raise  # ABC is down: the next run starts here
                if error.reason != "not_found":  # not found: it was deleted since it was listed
                    report.errors.append(f"{place}, {entity.id}: {error}")
            except RedisError:
                raise
            except Exception as error:
                log.exception("an entity could not be compared: a defect", position=name_of(place), entity=entity.id)
                report.errors.append(f"{place}, {entity.id}: a defect: {type(error).__name__}")
            if len(report.findings) >= MOST_AT_ONCE:
                report.capped = True
                return

    def _entities(self, place: Place, window: Window, report: Report) -> Iterator[Issue | Feedback]:
        """Each once: by creation, and by change. A feedback may be back-dated by its sender, and a status changes
        later."""
        seen: set[int] = set()
        for column in ("createdAt", "updatedAt"):
            for part in window.days():
                for entity in self._search(place, {column: {"gte": part.gte, "lt": part.lt}}, report):
                    if entity.id not in seen:
                        seen.add(entity.id)
                        yield entity

    def _search(self, place: Place, query: Mapping[str, Any], report: Report) -> Iterator[Issue] | Iterator[Feedback]:
        def unread(what: str) -> None:
            report.errors.append(f"{place}: {what}")

        if place.channel is None:
            return self._abc.search_issues(place.project, query, report=unread)
        return self._abc.search_feedbacks(place.project, place.channel, query, report=unread)

    def _finish(self, place: Place, done: float | None, was_left_out: bool) -> None:
        if done is not None:
            self._marks.advance(place, done)
        if was_left_out:
            self._forgotten.remove(place)
            log.info("compared again", position=name_of(place))

    def _leave_out(
        self,
        absent: Mapping[Place, AbcError],
        answered: set[int],
        known: Mapping[Place, Entry],
        now: float,
        report: Report,
    ) -> None:
        """What ABC does not have is not asked for again at every run. A refused key speaks of the project only where
        another project answers; else it is probably the key that is wrong."""
        for place, error in absent.items():
            entry = known.get(place)
            certain = entry is not None or error.reason == "not_found" or bool(answered - {place.project})
            if not certain and not self._marks.is_configured(Place(place.project)):
                certain = self._forgotten.count_refusal(place) >= REFUSALS_BEFORE
            if self._marks.is_configured(place) and not self._abc.fingerprint(place.project):
                certain = False  # the variables contradict each other, and asking costs no call
            if not certain:
                report.errors.append(f"{place}: {error}")
                continue
            if entry is None:
                report.forgotten.append(f"{place}: {error}")
            self._forgotten.add(place, str(error), now, entry)
        for place in [place for place, entry in known.items() if entry.is_over(now)]:
            if not self._marks.is_configured(place):
                self._marks.drop(place)
                self._forgotten.remove(place)


def instant(text: str, now: float) -> float:
    """Seconds since 1970 from `2026-11-01T00:00Z`, or from an age such as `36h`, `7d`, `90m`.

    Raises ValueError with words.
    """
    units = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
    if text[-1:] in units and text[:-1].isdecimal() and text.isascii() and len(text) < 10:
        return now - int(text[:-1]) * units[text[-1]]
    try:
        given = datetime.fromisoformat(text)
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' is neither a time such as 2026-11-01T00:00Z nor an age such as 36h or 7d") from None
