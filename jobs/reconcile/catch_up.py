"""Reconcile inside the workers: every RECONCILE_EVERY seconds one of them compares with the source."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import structlog
from redis import Redis
from redis.exceptions import RedisError

from connectors.base import Connector
from jobs.accept import Acceptor
from jobs.configuration import Configuration, make_tools
from jobs.ledger.ledger import Ledger, RedisLinks
from jobs.ledger.records import Records
from jobs.reconcile.checkpoints import Marks, Place
from jobs.reconcile.comparison import Comparison
from jobs.reconcile.forgotten import Forgotten
from jobs.reconcile.reconciler import Reconciler
from jobs.reconcile.report import Report
from jobs.replay import Replayer

log = structlog.get_logger("reconcile")

ASK_SECONDS = 1.0


class CatchUp(threading.Thread):
    def __init__(self, reconciler: Reconciler | None, marks: Marks, every: float) -> None:
        super().__init__(name="catch-up", daemon=True)
        self._reconciler = reconciler
        self._marks = marks
        self._every = every
        self._stopped = threading.Event()

    def run(self) -> None:
        if self._reconciler is None or not self._every:
            return
        while not self._stopped.wait(ASK_SECONDS):
            try:
                if self._marks.my_turn(self._every):
                    log_report(self._reconciler.run())
            except RedisError as error:
                log.warning("not reconciled: Redis does not answer", because=str(error))
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


def make_reconciler(
    configuration: Configuration, redis: Redis, connectors: Mapping[str, Connector]
) -> tuple[Reconciler | None, Marks]:
    """The reconciler, or None when there is no ABC_API_URL to ask."""
    service, routes = configuration.service, configuration.routes
    instance = service.bridge_instance
    places = [Place(project, channel) for project, channel in service.reconcile_channels]
    places += [Place(int(key)) for key, _ in service.abc_api_key.items() if key.isdigit()]
    marks = Marks(redis, instance, places, service.reconcile_lookback)
    abc = make_tools(service).abc
    if abc is None:
        return None, marks
    comparison = Comparison(
        abc,
        Acceptor(redis, instance, routes),
        Records(redis, instance),
        Replayer(redis, instance),
        marks,
        RedisLinks(Ledger(redis, instance), ""),
        connectors,
        routes,
        service.alert_max_age,
    )
    return Reconciler(abc, comparison, marks, Forgotten(redis, instance, abc.fingerprint)), marks


def start_catch_up(configuration: Configuration, connectors: Mapping[str, Connector], redis: Redis) -> CatchUp:
    reconciler, marks = make_reconciler(configuration, redis, connectors)
    thread = CatchUp(reconciler, marks, configuration.service.reconcile_every)
    thread.start()
    return thread
