"""What the tools of the console do in a task, each with the function that the command calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict

from console.checks import as_row, every_check
from console.tasks import Line, Work
from jobs.reconcile import comparison
from jobs.reconcile.reconciler import Reconciler
from jobs.runtime import Runtime

Write = Callable[[Line], None]


def _recorded() -> None:
    """The page has written it into the audit."""


def check(runtime: Runtime) -> Work:
    """As `flask check`: a line each, as it is known; at the end how many failed."""

    def work(write: Write) -> Line:
        failed = 0
        for line in every_check(runtime, offline=False, record=_recorded):
            failed += not line.ok
            write(as_row(line))
        return {"failed": failed}

    return work


def reconcile(runtime: Runtime, reconciler: Reconciler, start: float | None, dry_run: bool) -> Work:
    """As `flask reconcile`; `start`: seconds since 1970."""

    def work(write: Write) -> Line:
        report = reconciler.run(start, dry_run)
        for found in report.findings:
            write(asdict(found))
        problems = [runtime.configuration.redact(problem) for problem in report.problems()]
        summary = [*report.summary(comparison.SETTLED_SECONDS, dry_run)]
        return {"summary": summary, "problems": problems, "found": len(report.findings), "at": time.time()}

    return work


def drop(runtime: Runtime, connector: str, reason: str, why: str) -> Work:
    """As `flask drop --group`: a line with how many so far."""

    def work(write: Write) -> Line:
        count = 0
        for count in runtime.replayer.drop_whole_group(connector, reason, why):
            write({"count": count})
        return {"count": count}

    return work
