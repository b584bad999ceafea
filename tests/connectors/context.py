"""The job layer's side of a connector, in memory: what a connector keeps stays, and every `keep` is remembered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from connectors.base import LeaseLost, Links
from sources.base import Level


class MemoryLinks:
    """Links as the ledger keeps them: an empty text removes a value, and each belongs to the entity of one creation."""

    def __init__(self, connector: str = "test", values: dict[tuple[str, str], dict[str, str]] | None = None) -> None:
        self.connector = connector
        self.values = {} if values is None else values

    def of(self, connector: str) -> MemoryLinks:
        return MemoryLinks(connector, self.values)

    def get(self, entity: str, created: str = "") -> dict[str, str]:
        link = dict(self.values.get((self.connector, entity), {}))
        known = link.pop("created", "")
        return {} if created and known and created != known else link

    def set(self, entity: str, created: str = "", **values: str) -> None:
        merged = {**self.get(entity, created), **values, "created": created}
        self.values[self.connector, entity] = {key: value for key, value in merged.items() if value}


@dataclass
class MemoryContext:
    """One attempt of a delivery. `next_attempt()` gives the context of the following one, with the same notes."""

    delivery_id: str = "test-event.test"
    attempt: int = 1
    age: float = 0.5
    notes: Mapping[str, Any] = field(default_factory=dict)
    links: Links = field(default_factory=MemoryLinks)
    kept: list[dict[str, Any]] = field(default_factory=list)
    """Every call of `keep`, in order."""
    clock: float | None = None
    """What `now()` answers; None is the real time."""
    born: float = 0.0
    """Since when the ledger has records."""
    lease_lost: bool = False
    """When set, the next `keep` finds that another worker has taken over."""
    charged: list[int] = field(default_factory=list)
    """Every call of `charge`, in order."""
    levels: dict[str, Level] = field(default_factory=dict)
    """The last known status by entity."""
    busy: set[str] = field(default_factory=set)
    """Entities on which another delivery works."""
    on_keep: Callable[[dict[str, Any]], None] | None = None
    """Called at each `keep`, so that a test can look at the world at that moment."""

    def now(self) -> float:
        return time.time() if self.clock is None else self.clock

    def remembers(self, moment: float) -> bool:
        return moment >= self.born

    def keep(self, **notes: Any) -> None:
        if self.lease_lost:
            raise LeaseLost(self.delivery_id)
        self.kept.append(notes)
        self.notes = {name: value for name, value in {**self.notes, **notes}.items() if value is not None}
        if self.on_keep:
            self.on_keep(notes)

    def add(self, note: str, items: Mapping[str, str]) -> None:
        self.keep(**{note: {**self.notes.get(note, {}), **items}})

    def level(self, entity: str, created: str) -> Level | None:
        del created
        return self.levels.get(entity)

    @contextmanager
    def alone(self, entity: str) -> Iterator[bool]:
        yield entity not in self.busy

    def charge(self, turns: int) -> None:
        if turns > 0:
            self.charged.append(turns)

    def next_attempt(self, age: float | None = None, later: float = 0.0) -> MemoryContext:
        """`later`: how many seconds have passed by the ledger's clock."""
        return MemoryContext(
            delivery_id=self.delivery_id,
            attempt=self.attempt + 1,
            age=self.age + later if age is None else age,
            notes=dict(self.notes),
            links=self.links,
            clock=self.now() + later if later else self.clock,
            born=self.born,
        )
