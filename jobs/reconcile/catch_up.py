"""Reconcile inside the workers: every RECONCILE_EVERY seconds one of them compares with the source."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import structlog
from redis import Redis
from redis.exceptions import RedisError

import sources
from connectors.base import Connector
from jobs.accept import Acceptor
from jobs.configuration import Configuration
from jobs.ledger.ledger import Ledger, RedisLinks
from jobs.ledger.records import Records
from jobs.reconcile.checkpoints import Checkpoints
from jobs.reconcile.comparison import Comparison
from jobs.reconcile.forgotten import Forgotten
from jobs.reconcile.reconciler import Reconciler
from jobs.reconcile.report import Report
from jobs.replay import Replayer
from sources.base import Position, Sweep

log = structlog.get_logger("reconcile")

ASK_SECONDS = 1.0


class CatchUp(threading.Thread):
    def __init__(self, reconciler: Reconciler | None, checkpoints: Checkpoints, every: float) -> None:
        super().__init__(name="catch-up", daemon=True)
        self._reconciler = reconciler
        self._checkpoints = checkpoints
        self._every = every
        self._stopped = threading.Event()

    def run(self) -> None:
        if self._reconciler is None or not self._every:
            return
        while not self._stopped.wait(ASK_SECONDS):
            try:
                if self._checkpoints.my_turn(self._every):
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
) -> tuple[Reconciler | None, Checkpoints]:
    """The reconciler, or None when no source can be asked."""
    service, routes = configuration.service, configuration.routes
    instance = service.bridge_instance
    unconfigured = Checkpoints(redis, instance, (), service.reconcile_lookback)
    sweep = sweep_of(configuration, unconfigured)
    if sweep is None:
        return None, unconfigured
    positions = [Position(sweep.source, key) for key in sweep.configured()]
    checkpoints = Checkpoints(redis, instance, positions, service.reconcile_lookback)
    comparison = Comparison(
        sweep,
        Acceptor(redis, instance, routes),
        Records(redis, instance),
        Replayer(redis, instance),
        checkpoints,
        RedisLinks(Ledger(redis, instance), ""),
        connectors,
        routes,
        service.alert_max_age,
    )
    return Reconciler(sweep, comparison, checkpoints, forgotten_of(redis, instance, sweep)), checkpoints


def sweep_of(configuration: Configuration, checkpoints: Checkpoints) -> Sweep | None:
    """How the source is asked: of those in SOURCES the first one that can be."""
    for name in configuration.sources.chosen:
        source = sources.REGISTRY[name]

        def heard(key: str, name: str = name) -> str:
            return checkpoints.name(Position(name, key))

        if sweep := source.sweep(configuration.service, heard):
            return sweep
    return None


def forgotten_of(redis: Redis, instance: str, sweep: Sweep) -> Forgotten:
    """What reconcile leaves out of this source."""
    return Forgotten(redis, instance, lambda position: sweep.fingerprint(position.key))


def start_catch_up(configuration: Configuration, connectors: Mapping[str, Connector], redis: Redis) -> CatchUp:
    reconciler, checkpoints = make_reconciler(configuration, redis, connectors)
    thread = CatchUp(reconciler, checkpoints, configuration.service.reconcile_every)
    thread.start()
    return thread
