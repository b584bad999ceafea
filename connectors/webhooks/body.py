"""The body of a webhook that the bridge sends: one event of any source. Pure.

`docs/event-schema.json` is made from `Body` (connectors/webhooks/schema.py). A change that could break a receiver needs
a new VERSION.
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
"""The largest number of characters in a form's names and values together."""
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Body(BaseModel):
    """One event of Feedback Bridge, as its connectors `outgoing` and `nocobase` send it. Ignore properties that you do
    not know: properties may be added without a new version."""

    type: Annotated[str, Field(description="The name of the event, as in OUTGOING_EVENTS", examples=["ISSUE_CREATION"])]
    version: Annotated[
        Literal["1"], Field(description="The version of this format; another version may have other properties")
    ]
    id: Annotated[
        str, Field(description="The id of the event. Each repeat, and each receiver of the event, has the same id")
    ]
    timestamp: Annotated[Time | None, Field(description="When it happened, in UTC; null if the source gives no time")]
    source: Annotated[str, Field(description="The system where it happened", examples=["abc"])]
    data: Annotated[
        dict[str, Any],
        Field(description="From ABC User Feedback the `data` of its body, from any other source the whole body"),
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
    """`application/x-www-form-urlencoded`, with nested values as `data[issue][id]=3`. Null is an empty text; an empty
    list or object is left out. Raises ValueError if the form is too large: each value repeats the names of all objects
    around it, so one megabyte of JSON with a long name and many short values would become gigabytes."""
    pairs, size = [], 0
    for name, value in _pairs(body):
        size += len(name) + len(value)
        if size > LARGEST_FORM:
            raise ValueError(f"as a form, this event has more than {LARGEST_FORM} characters")
        pairs.append((name, value))
    return urlencode(pairs).encode()


def shown(body: bytes, format_: Literal["json", "form", "text"]) -> Any:
    """A body for people: the value of the JSON, or the text."""
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
    """A value as text without quotes: a text as it is, null as "", anything else as in JSON."""
    if value is None:
        return ""
    return without_lone_surrogates(value) if isinstance(value, str) else javascript.dumps(value)


def _iso(seconds: float) -> str | None:
    """`2026-01-02T03:04:05.678Z`; None for 0, which means an unknown time."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
