"""The body of a webhook that goes out: one event, whatever its source. Pure.

`docs/event-schema.json` is made of `Body` (connectors/webhooks/schema.py). A change that a receiver could stumble over
is a new VERSION.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from bridge.text import without_lone_surrogates
from connectors.webhooks import javascript
from sources.abc.events import KINDS
from sources.base import Event
from sources.facts import facts_of

VERSION: Literal["1"] = "1"
DEFAULT_EVENTS = tuple(KINDS)
LARGEST_FORM = 8 * 1024 * 1024
"""Characters of a form's names and values."""
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Body(BaseModel):
    """One event of Feedback Bridge, as its connectors `outgoing` and `nocobase` send it. Ignore properties that you do
    not know: further ones are no new version."""

    type: Annotated[str, Field(description="The name of the event, as in OUTGOING_EVENTS", examples=["ISSUE_CREATION"])]
    version: Annotated[Literal["1"], Field(description="Of this form; another number may mean other properties")]
    id: Annotated[str, Field(description="Of the event: the same however often it is sent, and for each receiver")]
    timestamp: Annotated[
        Time | None, Field(description="When it happened, in UTC; null where the source names no time")
    ]
    source: Annotated[str, Field(description="Where it happened", examples=["abc"])]
    data: Annotated[
        dict[str, Any], Field(description="Of ABC User Feedback its body's `data`, of any other source the whole body")
    ]


def body_of(event: Event) -> dict[str, Any]:
    """The properties of Body, in the order in which they are sent."""
    data = facts_of(event)["data"]
    body = Body(
        type=event.name,
        version=VERSION,
        id=event.id,
        timestamp=_iso(event.occurred),
        source=event.source,
        data=dict(data) if isinstance(data, Mapping) else {},
    )
    return body.model_dump()


def as_json(body: Mapping[str, Any]) -> bytes:
    return javascript.dumps(body).encode()


def as_form(body: Mapping[str, Any]) -> bytes:
    """`application/x-www-form-urlencoded`, with nested values as `data[issue][id]=3`; null is an empty text, and a list
    or an object without members is left out. Raises ValueError for one that is too large: each value repeats the names
    of all that it is in, so that a long name and many short values make gigabytes of one megabyte of JSON."""
    pairs, size = [], 0
    for name, value in _pairs(body):
        size += len(name) + len(value)
        if size > LARGEST_FORM:
            raise ValueError(f"as a form, this event has more than {LARGEST_FORM} characters")
        pairs.append((name, value))
    return urlencode(pairs).encode()


def shown(body: bytes, format_: Literal["json", "form"]) -> Any:
    """A body as a person reads it: the value that is written in JSON, or the text of a form."""
    return json.loads(body) if format_ == "json" else body.decode()


def _pairs(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping | list):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            key = without_lone_surrogates(str(key))
            yield from _pairs(item, f"{name}[{key}]" if name else key)
    else:
        yield name, plain(value)


def plain(value: Any) -> str:
    """A value as text that stands by itself: a text as it is, null as "", anything else as in JSON."""
    if value is None:
        return ""
    return without_lone_surrogates(value) if isinstance(value, str) else javascript.dumps(value)


def _iso(seconds: float) -> str | None:
    """`2026-01-02T03:04:05.678Z`; None for 0, which stands for an unknown time."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
