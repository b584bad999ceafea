"""Compares with the source: each change that no event announced becomes an event, by the same accept() as webhooks.

The sender gives up an event after 9 to 29 seconds. If the receiver was away longer, only a comparison finds the event.
Every RECONCILE_EVERY seconds one worker, elected through Redis, compares for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import structlog
from redis.exceptions import RedisError

from jobs.reconcile.changed import Changes
from jobs.reconcile.checkpoints import Checkpoints
from jobs.reconcile.comparison import Comparison, Young
from jobs.reconcile.forgotten import REFUSALS_BEFORE, Entry, Forgotten
from jobs.reconcile.report import Report
from sources.sweep import Position, SourceError, Sweep

log = structlog.get_logger("reconcile")

MOST_AT_ONCE = 500
"""The most new events of one run: a long outage must not cause a storm of requests at the third parties. The next run
continues from there."""
MOST_NEW_POSITIONS = 20
"""The most new positions that one run tries: an event may name positions that do not exist."""


class StillConfigured(Exception):
    """A position that the configuration names can't be removed: it would be known again at once."""


class Reconciler:
    def __init__(
        self,
        sweep: Sweep,
        comparison: Comparison,
        checkpoints: Checkpoints,
        forgotten: Forgotten,
        changes: Changes,
        note_silence: Callable[[str], None] | None = None,
    ) -> None:
        """`note_silence`: is called with the reason why the source sends no events, "" if it sends them; None: this is
        not checked."""
        self._sweep = sweep
        self._comparison = comparison
        self._checkpoints = checkpoints
        self._forgotten = forgotten
        self._changes = changes
        self._note_silence = note_silence

    def run(
        self,
        since: float | None = None,
        dry_run: bool = False,
        progress: Callable[[int, int | None], None] = lambda _done, _of: None,
    ) -> Report:
        """Compares every known position, from `since` (seconds since 1970) or from its own checkpoint. `dry_run`
        changes nothing. `progress` is called before each position: (number of compared positions, of how many).

        If one position fails, the error is reported and the others are still compared. Raises RedisError.
        """
        report = Report()
        now = self._checkpoints.now()
        known = self._forgotten.entries()
        answered: set[Position] = set()
        absent: dict[Position, SourceError] = {}
        refused: dict[
            Position, SourceError
        ] = {}  # by group: one request is enough to know that a credential is refused
        due = self._due(known, now)
        for number, position in enumerate(due):
            progress(number, len(due))
            if self._group(position) in refused:
                absent[position] = refused[self._group(position)]
                continue
            try:
                compared = self._compared(position, self._checkpoints.start(position, since, now), now, dry_run, report)
            except SourceError as error:
                absent[position] = error
                report.refusals.add(error.reason)
                if error.reason == "auth":
                    refused[self._group(position)] = error
                continue
            if report.capped:
                break
            if compared:
                report.answered = True
                answered.add(self._group(position))
                self._finish(position, None if since is not None or dry_run else now, position in known and not dry_run)
        self._changes.run(since, now, dry_run, report)
        if not dry_run:
            self._leave_out(absent, answered, known, now, report)
            self._checkpoints.see_source(self._sweep.source, report.source_state)
            self._checkpoints.count(Counter(found.name for found in report.findings), len(report.errors))
            self._listen(position.key for position in self._positions() if position not in absent)
        else:
            report.errors += [f"{self.describe(position)}: {error}" for position, error in absent.items()]
        return report

    def _listen(self, keys: Iterable[str]) -> None:
        """Checks whether the source is configured to send its events."""
        if self._note_silence is None:
            return
        try:
            self._note_silence("; ".join(self._sweep.silence(keys)))
        except SourceError as error:
            log.warning(
                "it is not known whether the source announces events", source=self._sweep.source, why=str(error)
            )

    def forget(self, text: str) -> list[Position]:
        """Removes the positions that an operator means by `text`, and returns them. An event that names a position
        makes it known again. Raises ValueError if the text is wrong, and StillConfigured."""
        keys = [position.key for position in self._positions()]
        found = [self._position(key) for key in self._sweep.chosen(text, keys)]
        for position in found:
            if self._checkpoints.is_configured(position):
                variable = self._sweep.variable(position.key)
                raise StillConfigured(f"{self.describe(position)}: {variable} names it; remove it there")
        for position in found:
            self._checkpoints.drop(position)
            self._forgotten.remove(position)
        return found

    def describe(self, position: Position) -> str:
        """The position's name for people."""
        return self._sweep.describe(position.key)

    def _positions(self) -> list[Position]:
        """Every known position of the source, in the order in which they are compared."""
        known = [position.key for position in self._checkpoints.positions() if position.source == self._sweep.source]
        return [self._position(key) for key in self._sweep.complete(known)]

    def _position(self, key: str) -> Position:
        return Position(self._sweep.source, key)

    def _group(self, position: Position) -> Position:
        return self._position(self._sweep.group(position.key))

    def _due(self, known: Mapping[Position, Entry], now: float) -> list[Position]:
        positions = [at for at in self._positions() if at not in known or not known[at].rests(now)]
        new = [
            at
            for at in positions
            if not self._checkpoints.is_configured(at) and self._checkpoints.checkpoint(at) is None
        ]
        later = set(new[MOST_NEW_POSITIONS:])
        return [at for at in positions if at not in later]

    def _compared(self, position: Position, start: float, now: float, dry_run: bool, report: Report) -> bool:
        """Compares a position; returns whether it was compared completely. Errors are reported, except that the
        position does not exist: that raises SourceError."""
        try:
            self._compare(position, start, now, dry_run, report)
        except SourceError as error:
            if error.absent:
                raise
            report.refusals.add(error.reason)
            report.errors.append(f"{self.describe(position)}: {error}")
        except RedisError:
            raise
        except Exception as error:
            log.exception("a position could not be compared: a defect", position=str(position))
            report.errors.append(f"{self.describe(position)}: a defect: {type(error).__name__}")
        else:
            return True
        return False

    def _compare(self, position: Position, start: float, now: float, dry_run: bool, report: Report) -> None:
        where = self.describe(position)

        def unread(what: str) -> None:
            report.errors.append(f"{where}: {what}")

        for seen in self._sweep.entities(position.key, start, now, unread):
            report.looked_at += 1
            try:
                for found in self._comparison.look_at(position.key, seen, now, dry_run):
                    if isinstance(found, Young):
                        report.younger += 1
                        report.wait = max(report.wait, found.wait)
                    else:
                        report.findings.append(found)
            except SourceError as error:
                if error.again:
                    raise  # the source is down: the next run starts again with this position
                if error.reason != "not_found":  # not found: it was deleted since it was listed
                    report.errors.append(f"{where}, {seen.subject.id}: {error}")
            except RedisError:
                raise
            except Exception as error:
                log.exception(
                    "an entity could not be compared: a defect", position=str(position), entity=str(seen.subject)
                )
                report.errors.append(f"{where}, {seen.subject.id}: a defect: {type(error).__name__}")
            if len(report.findings) >= MOST_AT_ONCE:
                report.capped = True
                return

    def _finish(self, position: Position, done: float | None, was_left_out: bool) -> None:
        if done is not None:
            self._checkpoints.advance(position, done)
        if was_left_out:
            self._forgotten.remove(position)
            log.info("compared again", position=str(position))

    def _leave_out(
        self,
        absent: Mapping[Position, SourceError],
        answered: set[Position],
        known: Mapping[Position, Entry],
        now: float,
        report: Report,
    ) -> None:
        """Leaves out positions that do not exist, so that not every run asks for them. A refused credential is a reason
        to leave out a group only if another group answers; otherwise the credential itself is probably wrong."""
        for position, error in absent.items():
            entry = known.get(position)
            certain = entry is not None or error.reason == "not_found" or bool(answered - {self._group(position)})
            if not certain and not self._checkpoints.is_configured(self._group(position)):
                certain = self._forgotten.count_refusal(position) >= REFUSALS_BEFORE
            if self._checkpoints.is_configured(position) and not self._sweep.fingerprint(position.key):
                certain = False  # the variables contradict each other, and trying again sends no request
            if not certain:
                report.errors.append(f"{self.describe(position)}: {error}")
                continue
            if entry is None:
                report.forgotten.append(f"{self.describe(position)}: {error}")
            self._forgotten.add(position, str(error), now, entry)
        for position in [position for position, entry in known.items() if entry.is_over(now)]:
            if not self._checkpoints.is_configured(position):
                self._checkpoints.drop(position)
                self._forgotten.remove(position)
