"""The contract of a source: what an event is, and what one source declares of itself (`Source`).

A source parses tolerantly and without I/O. It knows no connector and nothing of Redis: `jobs` stores what it returns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Protocol
from urllib.parse import quote

from pydantic import BeforeValidator

from bridge.service import ServiceSettings
from bridge.settings import Settings
from sources.signatures import Proof


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


def headers_kept(*names: str) -> Callable[[Request], Mapping[str, str]]:
    """For `Source.kept`: these headers (lower-case names), where the request has them."""

    def kept(request: Request) -> Mapping[str, str]:
        return {name: value for name in names if (value := request.header(name))}

    return kept


def _keeps_nothing(_request: Request) -> Mapping[str, str]:
    return {}


def _implies_nothing(_event: Event, _instance: str) -> list[tuple[Event, bytes]]:
    return []


def _no_facts(_event: Event) -> Mapping[str, Any]:
    return {}


def event_id(instance: str, source: str, *identity: object) -> str:
    """20 hexadecimal digits; equal for equal parts only."""
    # Python's notation keeps the parts apart: a separator that occurs inside a part would not.
    return hashlib.blake2b(ascii((instance, source, *identity)).encode(), digest_size=10).hexdigest()


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


@dataclass(frozen=True, slots=True)
class Api:
    """How a source can be asked, by the connectors that need it (connectors.base.Spec.needs) and by reconcile."""

    variables: tuple[str, ...]
    """Without these it can't be asked."""
    is_configured: Callable[[ServiceSettings], bool]
    client: Callable[[ServiceSettings], Any]
    """settings -> the one client of a process, used by many threads. Called only where `is_configured`."""
    sweep: Callable[[Any, ServiceSettings, Callable[[str], str]], Sweep]
    """(client, settings, key of a position -> its last known name) -> how reconcile asks."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a source declares: the object `SOURCE` of its package, which is listed in sources/__init__.py."""

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
    kept: Callable[[Request], Mapping[str, str]] = _keeps_nothing
    """What `parse` needs besides the body, by name: stored with the event, and the `headers` of the Request when it is
    read again. Each value has at most LONGEST_KEPT characters."""
    implied: Callable[[Event, str], list[tuple[Event, bytes]]] = _implies_nothing
    """(event, instance) -> what happened with it and is not sent as an event of its own, each with the body to
    store."""
    facts: frozenset[str] = frozenset()
    """Names that only its events have for filters; `event`, `source` and `data` exist for every source."""
    facts_of: Callable[[Event], Mapping[str, Any]] = _no_facts
    """Values for `facts`, and for `data` where that is not the whole body."""
    api: Api | None = None
    """None where it only sends."""
