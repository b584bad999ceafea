"""Runs reconcile in the workers: every RECONCILE_EVERY seconds one of them compares with the source."""

from __future__ import annotations

import threading

import structlog
from redis.exceptions import RedisError

from bridge.rarely import Rarely
from jobs.reconcile.checkpoints import Checkpoints
from jobs.reconcile.reconciler import Reconciler
from jobs.reconcile.report import Report

log = structlog.get_logger("reconcile")

ASK_SECONDS = 1.0


class CatchUp(threading.Thread):
    def __init__(self, reconciler: Reconciler | None, checkpoints: Checkpoints, every: float) -> None:
        super().__init__(name="catch-up", daemon=True)
        self._reconciler = reconciler
        self._checkpoints = checkpoints
        self._every = every
        self._stopped = threading.Event()
        self._lines = Rarely()

    def run(self) -> None:
        if self._reconciler is None or not self._every:
            return
        while not self._stopped.wait(ASK_SECONDS):
            try:
                if self._checkpoints.my_turn(self._every):
                    log_report(self._reconciler.run())
            except RedisError as error:
                if times := self._lines.count("not reconciled"):
                    log.warning("not reconciled: Redis refuses, or does not answer", because=str(error), times=times)
            except Exception:
                log.exception("reconcile failed; the next run is in RECONCILE_EVERY seconds")

    def stop(self) -> None:
        self._stopped.set()


def log_report(report: Report) -> None:
    for problem in report.problems():
        log.warning("reconcile", problem=problem)
    level = log.info if report.findings else log.debug
    level(
        "compared with the source",
        looked_at=report.looked_at,
        found=len(report.findings),
        younger=report.younger,
        capped=report.capped,
    )
