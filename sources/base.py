"""What an event is, and the request that announces it; what a source declares is in `sources/source.py`.

A source parses tolerantly and without I/O. It knows no connector and nothing of Redis: `jobs` stores what it returns.
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
    """What an event is about. `project`: of the source, where its ids are numbered by project; else "".

    `str()` is the one spelling of it: in the ledger's keys, in links, in lists (`abc:issue:1:3`, `logto:user:u1a2`).
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
    """What an alert shows of an event that it has no sentence of its own for. Texts as the source has them: not
    escaped, not cut, and possibly with personal data."""

    title: str
    """To whom or what it happened, in one line; without `what`: what happened as well."""
    who: str = ""
    """Who did it, "" where that is not known."""
    link: str = ""
    """Where a person looks at it, "" where there is no such address."""
    what: str = ""
    """What happened: a key of connectors.texts.OCCURRENCES, in which `values` are put; "" where the name of the event
    or the title has to do."""
    about: str = ""
    """A short key of what `title` names, such as `acme/app#7`."""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Level:
    """A value that the source shows and that changes with events, such as a status: reconcile compares the
    last known one with the one that the source shows now.

    `at`: since when, in seconds since 1970; `precision`: how exactly that is known, in seconds; `first`: it is the one
    that the subject was created with, so that it is never later than another one.
    """

    value: str
    at: float
    precision: float = 0.001
    first: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a source; a source that knows more of it has a class of its own (`sources.abc.models.AbcEvent`).

    `id` is deterministic: one occurrence always gets the same id, whether it arrives by webhook, reconcile or replay;
    `occurred` is when it happened by the source's clock, in seconds since 1970, as well as that can be known;
    `body` is what was sent, whole; `implied`: the source did not send it, another event implies it.
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
        """Further names by which it can be routed: what several sources have in common."""
        return ()

    @property
    def order(self) -> float:
        """For the order of events about one subject, in seconds since 1970. An event without a time comes behind what
        has arrived before it: the ledger takes no time that is later than its own."""
        return self.occurred or UNKNOWN_TIME

    @property
    def creation(self) -> str:
        """When the subject was created, in whole seconds since 1970 as text, "" where unknown. With the id it
        identifies the subject: a source that was restored from a backup may give the same id again."""
        return ""

    @property
    def level(self) -> Level | None:
        """That of the subject, where the event announces one."""
        return None

    @property
    def positions(self) -> Mapping[str, str]:
        """The positions of the source, with their names, that this event shows to exist; see Sweep."""
        return {}


@dataclass(frozen=True, slots=True)
class Unread:
    """An authentic request that is no event we act on: kept whole, and shown."""

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
    """By lower-case name. Of an event that is read again: what `Source.kept` returned for it."""

    def header(self, name: str) -> str:
        """Its value as far as it is stored with an event, "" where it was not sent."""
        return self.headers.get(name, "")[:LONGEST_KEPT]


@dataclass(frozen=True, slots=True)
class Sample:
    """A request as the sender would send it now, without its proof. `headers`: those that `parse` needs."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def request(self, instance: str = "default") -> Request:
        """As the receiver has it."""
        return Request(instance, json.loads(self.body), self.body, self.headers)


def event_id(instance: str, source: str, *identity: object) -> str:
    """20 hexadecimal digits; equal for equal parts only."""
    # Python's notation keeps the parts apart: a separator that occurs inside a part would not.
    return hashlib.blake2b(ascii((instance, source, *identity)).encode(), digest_size=10).hexdigest()
