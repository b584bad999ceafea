"""The type of an event, and of the request that announces it. The declaration of a source is in `sources/source.py`.

A source parses tolerantly and without I/O. It uses no connector and no Redis: `jobs` stores the result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BeforeValidator


def _text(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
"""null and absent are ""; half a character (possible in JSON, not in UTF-8) becomes a question mark."""
TimeText = Annotated[str, BeforeValidator(lambda value: _text(value) if isinstance(value, str) else "")]
"""A time as the source writes it; anything but text counts as unknown."""


def seconds_of(time: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 text (UTC where it names no zone), None when it is no time."""
    try:
        moment = datetime.fromisoformat(time)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


UNKNOWN_TIME = 2.0**40
"""As `Event.order`: later than any clock."""
LONGEST_PART = 100


def _part(value: int | str) -> str:
    """One part of a subject's key: without the separator, and of bounded length, whatever a sender writes."""
    text = quote(str(value).encode("utf-8", "replace"), safe="@+")
    return text if len(text) <= LONGEST_PART else hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about. `project`: the source's project, if ids are unique only inside a project; else "".

    `str()` is its only spelling: in the ledger's keys, in links, in lists (`abc:issue:1:3`, `logto:user:u1a2`).
    """

    source: str
    kind: str
    project: int | str
    id: int | str

    def __str__(self) -> str:
        parts = (self.source, self.kind, self.project, self.id)
        return ":".join(_part(part) for part in parts if part != "")


@dataclass(frozen=True, slots=True)
class Summary:
    """The texts for an alert about an event without a sentence in connectors.texts. They are the source's own: not
    escaped, not cut, and possibly with personal data."""

    title: str
    """The subject, in one line; without `what` also what happened."""
    who: str = ""
    """The person who caused the event; "" if unknown."""
    link: str = ""
    """The address of the subject for people; "" if there is none."""
    what: str = ""
    """What happened: a key of connectors.texts.OCCURRENCES, whose text takes `values`; "" if the event's name or the
    title shows it."""
    about: str = ""
    """A short key of what `title` names, such as `acme/app#7`."""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Level:
    """A value of a subject that changes with events, such as a status. Reconcile compares the last known value with
    the source's present value.

    `at`: when the value was set, in seconds since 1970; `precision`: how exactly this time is known, in seconds;
    `first`: the subject was created with this value, so it is never later than another one.
    """

    value: str
    at: float
    precision: float = 0.001
    first: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a source. A source with more fields has its own subclass (`sources.abc.models.AbcEvent`).

    `id` is deterministic: one occurrence always gets the same id, whether it arrives by webhook, reconcile or replay.
    `occurred`: when it happened by the source's clock, in seconds since 1970, as exactly as known.
    `body`: the complete body that was sent. `implied`: the source did not send it; another event implies it.
    """

    source: str
    id: str
    name: str
    subject: Subject
    occurred: float
    body: Mapping[str, Any] = field(repr=False)  # may hold personal data: not in logs
    implied: bool = field(default=False, kw_only=True)
    summary: Summary | None = field(default=None, repr=False, kw_only=True)

    @property
    def aliases(self) -> tuple[str, ...]:
        """Further names for routing, which several sources share."""
        return ()

    @property
    def order(self) -> float:
        """For the order of events about one subject, in seconds since 1970. An event without a time comes after all
        that arrived before it, because the ledger replaces a later time by its own."""
        return self.occurred or UNKNOWN_TIME

    @property
    def creation(self) -> str:
        """When the subject was created, in whole seconds since 1970 as text, "" where unknown. With the id it
        identifies the subject: a source that was restored from a backup may give the same id again."""
        return ""

    @property
    def level(self) -> Level | None:
        """The subject's level, if the event announces one."""
        return None

    @property
    def positions(self) -> Mapping[str, str]:
        """The positions of the source that this event names, with their names; see Sweep."""
        return {}


@dataclass(frozen=True, slots=True)
class Unread:
    """An authentic request that is no event for connectors. It is stored completely, and shown."""

    id: str
    state: Literal["ignored", "unreadable"]
    why: str
    name: str = ""


LONGEST_KEPT = 200
"""Characters of one header that is stored with an event."""


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook that is authentic and holds one JSON object."""

    instance: str
    """BRIDGE_INSTANCE: part of every event's id."""
    body: Mapping[str, Any]
    raw: bytes
    """The body as sent."""
    headers: Mapping[str, str]
    """By lower-case name. For a stored event only those that `Source.kept` returned."""

    def header(self, name: str) -> str:
        """Its value, cut as it is stored with an event; "" if it was not sent."""
        return self.headers.get(name, "")[:LONGEST_KEPT]


@dataclass(frozen=True, slots=True)
class Sample:
    """A request as the sender would send it now, without its proof. `headers`: those that `parse` needs."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Sample:
        """`body` as most senders write it: JSON without blanks, in UTF-8."""
        return cls(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), headers or {})

    def request(self, instance: str = "default") -> Request:
        """As the receiver has it."""
        return Request(instance, json.loads(self.body), self.body, self.headers)


def event_id(instance: str, source: str, *identity: object) -> str:
    """20 hexadecimal digits; equal for equal parts only."""
    # Python's notation keeps the parts apart: a separator that occurs inside a part would not.
    return hashlib.blake2b(ascii((instance, source, *identity)).encode(), digest_size=10).hexdigest()
