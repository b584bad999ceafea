"""The job layer's implementation of a connector's context, for one attempt."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from connectors.base import Destination, Links
from jobs.delivery import attempts, flow
from jobs.ledger.ledger import CLOCKS_APART, Ledger
from jobs.ledger.links import RedisLinks
from jobs.ledger.values import Lease
from sources.base import Level


class DeliveryContext:
    """See connectors.base.Context."""

    def __init__(self, lease: Lease, ledger: Ledger, destination: Destination) -> None:
        self._lease = lease
        self._ledger = ledger
        self._destination = destination
        self.delivery_id = lease.delivery_id
        self.attempt = lease.attempt
        self.age = lease.age
        self.born = lease.born
        self._kept, self._items = attempts.notes_of(lease.delivery)
        self.links: Links = RedisLinks(ledger, lease.connector)
        self._leased = time.monotonic()

    @property
    def notes(self) -> Mapping[str, Any]:
        return {**self._kept, **self._items}

    def now(self) -> float:
        return self._lease.now + time.monotonic() - self._leased

    def remembers(self, moment: float) -> bool:
        return moment >= self._lease.born + CLOCKS_APART

    def keep(self, **notes: Any) -> None:
        self._kept = {name: value for name, value in {**self._kept, **notes}.items() if value is not None}
        self._ledger.keep(self._lease, self._kept if notes else None)

    def add(self, note: str, items: Mapping[str, str]) -> None:
        self._ledger.add(self._lease, note, items)
        self._items[note] = {**self._items.get(note, {}), **items}

    def level(self, entity: str, created: str) -> Level | None:
        return self._ledger.level(entity, created)

    @contextmanager
    def alone(self, entity: str) -> Iterator[bool]:
        free = self._ledger.occupy(self._lease, entity)
        try:
            yield free
        finally:
            if free:
                self._ledger.free(self._lease, entity)

    def charge(self, turns: int) -> None:
        if turns > 0 and (interval := flow.interval_ms(self._destination)):
            self._ledger.charge(self._destination.name, interval, turns)
