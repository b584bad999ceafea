"""The declaration of a source (`Source`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.settings import Settings
from sources.base import Event, Request, Sample, Unread
from sources.signatures import Proof
from sources.sweep import Api
from sources.tickets import TicketEvent


def headers_kept(*names: str) -> Callable[[Request], Mapping[str, str]]:
    """For `Source.kept`: these headers (lower-case names), if the request has them."""

    def kept(request: Request) -> Mapping[str, str]:
        return {name: value for name in names if (value := request.header(name))}

    return kept


def keeps_nothing(_request: Request) -> Mapping[str, str]:
    return {}


def _implies_nothing(_event: Event, _instance: str) -> list[tuple[Event, bytes]]:
    return []


def no_facts(_event: Event) -> Mapping[str, Any]:
    return {}


def address_in_event(event: Event) -> str:
    """The address that the source itself put into the event; "" where it put none."""
    if isinstance(event, TicketEvent):
        return event.ticket.url
    return event.summary.link if event.summary else ""


VERSION = 1
"""Of this contract. It grows by one when a source for the previous version would no longer work."""


@dataclass(frozen=True, slots=True)
class Source:
    """The declaration of a source: the object `SOURCE` of its package, listed in sources/__init__.py, or the object
    that a plug-in's entry point names."""

    name: str
    """In SOURCES, in the keys of the ledger and, except for ABC, at the start of its events' names."""
    title: str
    """The name for people: `GitHub`."""
    settings: type[Settings]
    secret: str
    """The variable without which it can't receive; "" for a source without webhooks."""
    events: tuple[str, ...]
    """The names of its events as `<CONNECTOR>_EVENTS` has them. Other events are stored, too, and can be routed."""
    proof: Callable[[Any], Proof]
    """(settings) -> the check that a request comes from this source."""
    parse: Callable[[Request], Event | Unread]
    """Without I/O, and never raises: a request that can't be read is Unread."""
    samples: Callable[[str], Sample]
    """(name of an event) -> a request that announces it."""
    kept: Callable[[Request], Mapping[str, str]] = keeps_nothing
    """The values that `parse` needs besides the body, by name. They are stored with the event, and are the `headers`
    of the Request when the event is parsed again. Each value has at most LONGEST_KEPT characters."""
    implied: Callable[[Event, str], list[tuple[Event, bytes]]] = _implies_nothing
    """(event, instance) -> the events that it implies and that the source does not send, each with the body to
    store."""
    facts: frozenset[str] = frozenset()
    """Names that only its events have for filters; `event`, `source` and `data` exist for every source."""
    facts_of: Callable[[Event], Mapping[str, Any]] = no_facts
    """Values for `facts`, and for `data` if that is not the whole body."""
    address_of: Callable[[Any, Event], str] = lambda _, event: address_in_event(event)
    """(settings, event) -> the page at the source that shows what the event is about; "" where none is known."""
    api: Api | None = None
    """None for a source that only sends webhooks."""
    version: int = VERSION

    @property
    def kind(self) -> str:
        """The name of this field in bridge.plug_ins."""
        return self.name
