"""The contract of a message system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from connectors.alerts.contents import Content
from connectors.answers import reason_of
from connectors.base import Check, Failed, Retry


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message is posted. `channel`: a name from AlertSettings.channel_of; `thread`: the message to reply to, ""
    for no reply."""

    channel: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Marker:
    """The data by which a message is found again: `scope` (Tools.scope) and the ids of its deliveries."""

    scope: str
    deliveries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Posted:
    """`result` is recorded with the delivery; `thread`: the value of Target.thread for later messages about the same
    subject; `rest`: seconds until the channel accepts the next message."""

    result: Mapping[str, str] = field(default_factory=dict)
    thread: str = ""
    rest: float = 0.0


class Refused(Exception):
    """The system answered with an error. `maybe_done`: the message may have been posted nevertheless; `thread_gone`:
    nothing was posted, because the message to reply to no longer exists."""

    def __init__(self, outcome: Retry | Failed, *, maybe_done: bool = False, thread_gone: bool = False) -> None:
        self.outcome = outcome
        self.maybe_done = maybe_done
        self.thread_gone = thread_gone
        super().__init__(outcome.why)


class CannotLook(Exception):
    """It is impossible to find out whether a message was posted; the text is the reason."""


class Poster(Protocol):
    """One per process, used by many threads at once. It escapes and cuts the texts for its system."""

    system: str
    """The system's name for people: `Slack`."""

    def post(self, content: Content, target: Target, marker: Marker) -> Posted:
        """Posts one message. Raises NoAnswer and Refused."""

    def check(self) -> Iterator[Check]:
        """See connectors.base.Connector.check."""


@runtime_checkable
class Showing(Protocol):
    """A poster whose messages `flask preview` can show."""

    def message(self, content: Content, target: Target, marker: Marker) -> Mapping[str, Any]:
        """The JSON that `post` sends, without the address and without secrets. Pure."""


@runtime_checkable
class Looking(Protocol):
    """A poster that can find its messages again; incoming webhooks can't."""

    def look(self, marker: Marker, target: Target, since: float, until: float) -> Posted | None:
        """The message that was posted between the two times (seconds since 1970) and has the one delivery of this
        marker, alone or with others. Raises NoAnswer, Refused and CannotLook."""


@runtime_checkable
class Locating(Protocol):
    """A poster that can ask its system for the address of a message that it posted."""

    def address_of(self, channel: str, result: Mapping[str, Any]) -> str:
        """`channel`: as in Target; `result`: as in Posted. "" if unknown. Raises NoAnswer and Refused."""


def may_be_done(status: int) -> bool:
    """Whether a request with this HTTP status may have had its effect: a 503 means that it was not accepted, any other
    5xx may be sent after the work was done."""
    reason, again = reason_of(status)
    return again and reason == "server_error" and status >= 500 and status != 503
