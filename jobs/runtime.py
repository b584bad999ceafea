"""What web, worker, commands and checks work with: each part is built once, when it is first used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from redis import Redis
from rq import Queue

from connectors.base import Connector
from jobs.accept import Acceptor
from jobs.configuration import Configuration, build_connectors
from jobs.connection import Purpose, connect
from jobs.delivery.stops import Stops
from jobs.health import Health
from jobs.ledger.ledger import Ledger
from jobs.ledger.links import RedisLinks
from jobs.ledger.records import Records
from jobs.notices.notices import Notices, is_wanted
from jobs.probe import Probe
from jobs.queue import open_queue
from jobs.reconcile.changed import Changes
from jobs.reconcile.checkpoints import Checkpoints
from jobs.reconcile.comparison import Comparison
from jobs.reconcile.forgotten import Forgotten
from jobs.reconcile.reconciler import Reconciler
from jobs.replay import Replayer
from sources import configured_apis
from sources.sweep import Position, Sweep


class Runtime:
    """One per process, or per part of it that needs another patience with Redis (`purpose`). Connects to nothing before
    a part is used."""

    def __init__(
        self,
        configuration: Configuration,
        purpose: Purpose = "command",
        *,
        redis: Redis | None = None,
        connectors: Mapping[str, Connector] | None = None,
    ) -> None:
        """`redis` and `connectors`: instead of those that the configuration names."""
        self.configuration = configuration
        self._purpose: Purpose = purpose
        if redis is not None:
            self.redis = redis
        if connectors is not None:
            self.connectors = connectors

    @property
    def instance(self) -> str:
        return self.configuration.service.bridge_instance

    def connect(self, purpose: Purpose) -> Redis:
        """A client of its own, beside `redis`."""
        return connect(self.configuration.service, purpose)

    @cached_property
    def redis(self) -> Redis:
        return self.connect(self._purpose)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.redis, self.instance)

    @cached_property
    def queue(self) -> Queue:
        return open_queue(self.redis, self.instance)

    @cached_property
    def acceptor(self) -> Acceptor:
        return Acceptor(self.ledger, self.configuration.routes)

    @cached_property
    def records(self) -> Records:
        return Records(self.redis, self.instance)

    @cached_property
    def replayer(self) -> Replayer:
        return Replayer(self.ledger)

    @cached_property
    def stops(self) -> Stops:
        return Stops(self.redis, self.instance)

    @cached_property
    def probe(self) -> Probe:
        return Probe(self.redis, self.instance)

    @cached_property
    def health(self) -> Health:
        asked = configured_apis(self.configuration.apis)
        return Health(self.redis, self.instance, self.configuration.routes, asked)

    @cached_property
    def apis(self) -> Mapping[str, Any]:
        """The client of each source whose API is configured: one per source, for connectors, reconcile and checks."""
        settings, threads = self.configuration.apis, self.configuration.service.worker_concurrency
        return {name: api.client(settings[name], threads) for name, api in configured_apis(settings).items()}

    @cached_property
    def connectors(self) -> Mapping[str, Connector]:
        """Those that are on, by the name of the instance."""
        return self.build_connectors()

    def build_connectors(self, channels: Iterable[tuple[int, int]] | None = None) -> dict[str, Connector]:
        """As `connectors`, for checks that know more channels than RECONCILE_CHANNELS names."""
        return build_connectors(self.configuration, self.apis, channels)

    @cached_property
    def sweep(self) -> Sweep | None:
        """How the source is asked: of those in SOURCES the first one that can be."""
        settings = self.configuration.apis
        asked = configured_apis(settings)
        name = next((name for name in self.configuration.sources.chosen if name in asked), None)
        if name is None:
            return None
        return asked[name].sweep(
            self.apis[name], settings[name], self.instance, lambda key: self.checkpoints.name(Position(name, key))
        )

    @cached_property
    def notices(self) -> Notices | None:
        """What makes the events of the service itself; None where no connector acts on them."""
        if not is_wanted(self.configuration.routes):
            return None
        return Notices(self.ledger, self.acceptor, self.sweep.source if self.sweep else "")

    @cached_property
    def checkpoints(self) -> Checkpoints:
        positions = [Position(self.sweep.source, key) for key in self.sweep.configured()] if self.sweep else []
        return Checkpoints(self.redis, self.instance, positions, self.configuration.service.reconcile_lookback)

    @cached_property
    def forgotten(self) -> Forgotten | None:
        """What reconcile leaves out; None where no source can be asked."""
        sweep = self.sweep
        if sweep is None:
            return None
        return Forgotten(self.redis, self.instance, lambda position: sweep.fingerprint(position.key))

    @cached_property
    def reconciler(self) -> Reconciler | None:
        """None where no source can be asked."""
        if self.sweep is None or self.forgotten is None:
            return None
        comparison = Comparison(
            self.sweep,
            self.acceptor,
            self.records,
            self.replayer,
            self.checkpoints,
            RedisLinks(self.ledger, ""),
            self.connectors,
            self.configuration.routes,
            self.configuration.service.alert_max_age,
            self.notices.miss if self.notices else None,
        )
        changes = Changes(self.connectors, self.acceptor, self.checkpoints, RedisLinks(self.ledger, ""))
        note_silence = self.notices.note_silence if self.notices else None
        return Reconciler(self.sweep, comparison, self.checkpoints, self.forgotten, changes, note_silence)
