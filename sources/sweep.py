"""How a source is asked: its API (`Api`), and what reconcile looks for with it (`Sweep`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.settings import Settings
from sources.base import Event, Subject


class SourceError(Exception):
    """A source refused or did not answer. `again`: whether the same call may succeed later; `absent`: the source itself
    answers that this does not exist, or not for this key (a proxy's 403 is no such answer)."""

    def __init__(self, reason: str, what: str, *, again: bool, absent: bool = False) -> None:
        self.reason = reason
        self.again = again
        self.absent = absent
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Position:
    """A part of a source that reconcile compares by itself, such as a channel. `str()` is its spelling in keys."""

    source: str
    key: str

    @classmethod
    def read(cls, text: str) -> Position:
        """The opposite of `str()`."""
        return cls(*text.split(":", 1))

    def __str__(self) -> str:
        return f"{self.source}:{self.key}"


@dataclass(frozen=True, slots=True)
class Seen:
    """One entity as its source shows it. Times are in seconds since 1970, None where unknown."""

    subject: Subject
    entity: Any
    """As the connectors know it that act on this source (connectors.base.Restoring)."""
    created: float | None
    changed: float | None
    creation: str = ""
    """See Event.creation."""
    level: str | None = None
    """The level that it has now, "" where the source shows none; None for an entity that never has one."""
    is_linked: bool = False
    """Whether the source shows that it has its counterpart at a third party."""


class Sweep(Protocol):
    """How a source is asked for what its webhooks did not announce. Methods that ask it raise SourceError.

    A key is that of a position; the keys of a group share one credential, and the group's own key stands for all.
    """

    source: str
    first_level: str
    """The level that an entity is created with unless its creator chose another one."""
    level_event: str
    """The name of the event that announces a change of level."""

    def configured(self) -> frozenset[str]:
        """Keys that the configuration names."""

    def complete(self, keys: Iterable[str]) -> list[str]:
        """These and those that they imply, in the order in which they are compared."""

    def group(self, key: str) -> str:
        """The key that stands for the group of this one."""

    def describe(self, key: str) -> str:
        """For people."""

    def variable(self, key: str) -> str:
        """The variables that may name it."""

    def chosen(self, text: str, keys: Iterable[str]) -> list[str]:
        """Those of `keys` that an operator means by `text`. Raises ValueError, with a sentence."""

    def fingerprint(self, key: str) -> str:
        """Changes when the credential for this position does; "" without one."""

    def entities(self, key: str, start: float, end: float, unread: Callable[[str], None]) -> Iterator[Seen]:
        """What was created or changed since `start`, each once. `unread` is called with what could not be read."""

    def creation(self, key: str, seen: Seen) -> tuple[Event, bytes]:
        """The event that announces the creation of the entity, with the body to store."""

    def again(self, key: str, seen: Seen) -> Seen:
        """The entity as the source shows it now."""

    def change(self, key: str, seen: Seen, previous: str) -> tuple[Event, bytes]:
        """The event that announces the level of `seen`, with the body to store."""

    def silence(self, keys: Iterable[str]) -> list[str]:
        """Why nothing of these positions is announced, a sentence each; none where that can't be asked."""


@dataclass(frozen=True, slots=True)
class Api:
    """How a source can be asked, by the connectors that need it (connectors.base.Spec.needs) and by reconcile."""

    variables: tuple[str, ...]
    """Without these it can't be asked."""
    settings: type[Settings]
    is_configured: Callable[[Any], bool]
    """(settings)"""
    channels: Callable[[Any], Iterable[tuple[int, int]]]
    """(settings) -> the (project, channel) pairs that an operator has named."""
    client: Callable[[Any, int], Any]
    """(settings, how many threads use it) -> the one client of a process. Called only where `is_configured`."""
    sweep: Callable[[Any, Any, str, Callable[[str], str]], Sweep]
    """(client, settings, BRIDGE_INSTANCE, key of a position -> its last known name) -> how reconcile asks."""
