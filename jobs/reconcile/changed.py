"""Finds changes at third parties that no webhook announced, for connectors that carry such changes to the source."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from redis.exceptions import RedisError

from connectors.base import Changing, Connector, Links
from jobs.accept import Acceptor
from jobs.reconcile.checkpoints import OVERLAP, Checkpoints
from jobs.reconcile.report import Finding, Report
from sources.sweep import Position, SourceError

log = structlog.get_logger("reconcile")

SETTLED_SECONDS = 60.0
"""The webhook of a newer change may still arrive."""
POSITION = "changed"
"""The name of the positions whose checkpoints are used here: one for each connector instance."""


class Changes:
    """`links`: the links of any connector instance."""

    def __init__(
        self, connectors: Mapping[str, Connector], acceptor: Acceptor, checkpoints: Checkpoints, links: Links
    ) -> None:
        self._changing = {name: one for name, one in connectors.items() if isinstance(one, Changing)}
        self._acceptor = acceptor
        self._checkpoints = checkpoints
        self._links = links

    def run(self, since: float | None, now: float, dry_run: bool, report: Report) -> None:
        """Asks each connector for the changes since `since`, or else since its checkpoint, and makes an event of each
        change that its links do not show. If one connector fails, the error is reported and the others are still asked.
        Raises RedisError."""
        for name, connector in self._changing.items():
            position = Position(POSITION, name)
            start = self._checkpoints.start(position, since, now)
            try:
                found = connector.changed(start, self._links.of(name))
            except SourceError as error:
                report.errors.append(f"{name}, tickets that were changed: {error}")
                continue
            except RedisError:
                raise
            except Exception as error:
                log.exception("a connector could not be asked for changes: a defect", connector=name)
                report.errors.append(f"{name}, tickets that were changed: a defect: {type(error).__name__}")
                continue
            report.errors += [f"{name}, tickets that were changed: {error}" for error in found.errors]
            report.looked_at += found.looked_at
            for at, event, body, headers in found.events:
                if at > now - SETTLED_SECONDS:
                    report.younger += 1
                    report.wait = max(report.wait, at - (now - SETTLED_SECONDS))
                    continue
                if not dry_run:
                    accepted = self._acceptor.accept(event.source, event, body, headers=headers)
                    if accepted.duplicate:
                        continue
                    log.info("found", event_id=event.id, name=event.name, entity=str(event.subject))
                report.findings.append(Finding(event.id, event.name, str(event.subject), f"missed; now for {name}"))
            # A permanent refusal does not stop the checkpoint: else a run would soon have too many changes to read.
            if since is None and not dry_run and not any(error.again for error in found.errors):
                until = None if found.until is None else min(found.until, now)
                self._checkpoints.advance(position, now if until is None else next_start(start, until) + OVERLAP)


def next_start(start: float, until: float) -> float:
    """Where the next run starts, if this run read the changes from `start` only up to `until`; in seconds since 1970.
    It starts OVERLAP before `until`, but always later than `start`: otherwise each run would read the same part."""
    return max(until - OVERLAP, min(until, start + OVERLAP), start + 1.0)
