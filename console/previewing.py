"""What a connector would do for an event, without doing it: for `flask preview`. Makes no request to anybody.

The event may be one that the ledger has, a sample, or a request in a file.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import sources
from connectors.base import Failed, Links, Preview, Previewing, Skipped
from console.output import as_json_text
from jobs.ledger.links import RedisLinks
from jobs.runtime import Runtime
from sources.base import Event, Request, Unread
from sources.source import Source


class NoPreview(Exception):
    """There is nothing to preview; the message gives the reason, and what to do."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """`outcome`: what a delivery would come to. `unrouted`: no delivery is made, or a skipped one, and the rest shows
    what it would do. `why`: the reason where nothing is sent. `where`, `content`, `notes`: see connectors.base.Preview;
    None where nothing can be shown."""

    event: str
    connector: str
    outcome: Literal["sent", "skipped", "failed", "unrouted"]
    why: str = ""
    where: str | None = None
    content: Any = None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class NoLinks:
    """For an event that the ledger does not have: nothing is known of what it is about."""

    def get(self, entity: str, created: str) -> dict[str, str]:  # noqa: ARG002
        return {}

    def set(self, entity: str, created: str, **values: str) -> None:
        raise NotImplementedError("a preview keeps nothing")

    def of(self, connector: str) -> Links:  # noqa: ARG002
        return self


def preview_of(runtime: Runtime, event: str, connector: str, source: str, headers: Mapping[str, str]) -> Previewed:
    """`event`: the id of one that the ledger has, the name of one, or a file with the body of a request of `source`
    that has these headers. Raises NoPreview and, for an id, RedisError."""
    if Path(event).is_file():
        return previewed(runtime, event_in(runtime, Path(event), source, headers), connector)
    if re.fullmatch(r"[0-9a-f]{20}", event):
        if found := stored_event(runtime, event):
            return previewed(runtime, found, connector, RedisLinks(runtime.ledger, connector))
        raise NoPreview(f"there is no event {event}; finished ones are kept for RETENTION_DAYS")
    if sample := sample_event(runtime, event):
        return previewed(runtime, sample, connector)
    names = "an event (ISSUE_CREATION, github.issues.closed; docs/configuration.md has them)"
    raise NoPreview(f"{event} is not a file, not the id of an event and not the name of {names}")


def stored_event(runtime: Runtime, event_id: str) -> Event | None:
    """An event that the ledger has; None where it has none of that id. Raises NoPreview, RedisError."""
    stored = runtime.records.stored(event_id)
    if stored is None:
        return None
    if event := sources.restore(stored, runtime.instance):
        return event
    raise NoPreview(f"the event {event_id} can't be read, or no connector acts on it: flask events {event_id}")


def sample_event(runtime: Runtime, name: str) -> Event | None:
    """The sample of an event's name; None where no source has such an event."""
    if name in sources.EVENTS:
        source = next(source for source in sources.REGISTRY.values() if name in source.events)
    else:
        found = _source(runtime, name.partition(".")[0]) if "." in name else None
        if found is None:
            return None
        source = found
    sample = source.samples(name)
    return _read(source, sample.request(runtime.instance))


def event_in(runtime: Runtime, path: Path, source_name: str, headers: Mapping[str, str]) -> Event:
    """The event of a request whose body is in a file, as `source_name` sends it. Raises NoPreview."""
    source = _source(runtime, source_name)
    if source is None:
        raise NoPreview(f"there is no source '{source_name}'; SOURCES lists those in use")
    try:
        raw = path.read_bytes()
        body = json.loads(raw)
    except (OSError, ValueError, RecursionError) as error:
        raise NoPreview(f"{path} holds no JSON ({type(error).__name__})") from None
    if not isinstance(body, dict):
        raise NoPreview(f"{path} holds no JSON object")
    lower = {name.lower(): value for name, value in headers.items()}
    return _read(source, Request(runtime.instance, body, raw, lower))


def previewed(runtime: Runtime, event: Event, name: str, links: Links | None = None) -> Previewed:
    """What the connector instance `name` would do for the event. `links`: what is known of what it is about. Raises
    NoPreview."""
    if name not in runtime.configuration.connectors:
        there_are = ", ".join(runtime.configuration.connectors) or "none"
        raise NoPreview(f"CONNECTORS names no '{name}'; there are: {there_are}")
    connector = runtime.connectors[name]
    if not isinstance(connector, Previewing):
        raise NoPreview(f"the connector {name} can't show a preview")
    shown = connector.preview(event, links or NoLinks())
    route = next(route for route in runtime.configuration.routes if route.connector == name)
    if unrouted := route.why_not(event):
        found = shown if isinstance(shown, Preview) else Preview("", None)
        return Previewed(event.name, name, "unrouted", unrouted, found.where or None, found.content, found.notes)
    if isinstance(shown, Skipped | Failed):
        return Previewed(event.name, name, "skipped" if isinstance(shown, Skipped) else "failed", shown.why)
    return Previewed(event.name, name, "sent", "", shown.where, shown.content, shown.notes)


def lines_of(shown: Previewed) -> Iterator[str]:
    """A preview as people read it."""
    if shown.outcome == "sent":
        yield f"{shown.connector} would send this for {shown.event}:"
    else:
        yield f"{shown.connector} would send nothing for {shown.event} ({shown.outcome}): {shown.why}"
        if shown.where:
            yield "if it were routed, it would send this:"
    if shown.where:
        yield f"to: {shown.where}"
        yield as_json_text(shown.content, indent=2)
    yield from (f"note: {note}" for note in shown.notes)


def _source(runtime: Runtime, name: str) -> Source | None:
    return runtime.configuration.sources.used.get(name) or sources.find(name)


def _read(source: Source, request: Request) -> Event:
    event = source.parse(request)
    if isinstance(event, Unread):
        raise NoPreview(f"{source.title} has no such event: {event.why}")
    # An event without a time of its own happened when it arrives, as for sources.restore.
    return event if event.occurred else replace(event, occurred=time.time())
