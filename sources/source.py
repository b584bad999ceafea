"""What one source declares of itself (`Source`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.settings import Settings
from sources.base import Event, Request, Sample, Unread
from sources.signatures import Proof
from sources.sweep import Api


def headers_kept(*names: str) -> Callable[[Request], Mapping[str, str]]:
    """For `Source.kept`: these headers (lower-case names), where the request has them."""

    def kept(request: Request) -> Mapping[str, str]:
        return {name: value for name in names if (value := request.header(name))}

    return kept


def keeps_nothing(_request: Request) -> Mapping[str, str]:
    return {}


def _implies_nothing(_event: Event, _instance: str) -> list[tuple[Event, bytes]]:
    return []


def no_facts(_event: Event) -> Mapping[str, Any]:
    return {}


VERSION = 1
"""Of this contract. It grows by one when a source that was written for it would no longer work."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a source declares: the object `SOURCE` of its package, which is listed in sources/__init__.py, or what the
    entry point of a plug-in names."""

    name: str
    """In SOURCES, in the keys of the ledger and, except for ABC, at the start of its events' names."""
    title: str
    """As people call it: `GitHub`."""
    settings: type[Settings]
    secret: str
    """The variable without which it can't receive; "" for one to which nobody sends."""
    events: tuple[str, ...]
    """The names of its events as `<CONNECTOR>_EVENTS` has them. Others are kept, too, and can be routed."""
    proof: Callable[[Any], Proof]
    """(settings) -> how a request proves itself."""
    parse: Callable[[Request], Event | Unread]
    """Without I/O, and never raises: what cannot be read is Unread."""
    samples: Callable[[str], Sample]
    """(name of an event) -> a request that announces it."""
    kept: Callable[[Request], Mapping[str, str]] = keeps_nothing
    """What `parse` needs besides the body, by name: stored with the event, and the `headers` of the Request when it is
    read again. Each value has at most LONGEST_KEPT characters."""
    implied: Callable[[Event, str], list[tuple[Event, bytes]]] = _implies_nothing
    """(event, instance) -> what happened with it and is not sent as an event of its own, each with the body to
    store."""
    facts: frozenset[str] = frozenset()
    """Names that only its events have for filters; `event`, `source` and `data` exist for every source."""
    facts_of: Callable[[Event], Mapping[str, Any]] = no_facts
    """Values for `facts`, and for `data` where that is not the whole body."""
    api: Api | None = None
    """None where it only sends."""
    version: int = VERSION

    @property
    def kind(self) -> str:
        """As bridge.plug_ins calls it."""
        return self.name
