"""The contract of a system that takes messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from connectors.alerts.contents import Content
from connectors.answers import reason_of
from connectors.base import Check, Failed, Retry


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes. `channel`: the name that AlertSettings.channel_of gives it; `thread`: what it replies to,
    "" for a message that stands in the channel itself."""

    channel: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Marker:
    """What finds a message again: `scope` (Tools.scope) and the ids of the deliveries that it is for."""

    scope: str
    deliveries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Posted:
    """`result` is recorded with the delivery; `thread`: what a later message about the same subject replies to; `rest`:
    seconds for which the channel takes no further message."""

    result: Mapping[str, str] = field(default_factory=dict)
    thread: str = ""
    rest: float = 0.0


class Refused(Exception):
    """The system's answer is no success. `maybe_done`: what was asked for may have happened nevertheless;
    `thread_gone`: nothing happened, for the message to reply to no longer exists."""

    def __init__(self, outcome: Retry | Failed, *, maybe_done: bool = False, thread_gone: bool = False) -> None:
        self.outcome = outcome
        self.maybe_done = maybe_done
        self.thread_gone = thread_gone
        super().__init__(outcome.why)


class CannotLook(Exception):
    """It can't be found out whether a message was posted; the text is the reason."""


class Poster(Protocol):
    """One per process, used by many threads at once. It escapes and cuts the texts for its system."""

    system: str
    """As people call it: `Slack`."""

    def post(self, content: Content, target: Target, marker: Marker) -> Posted:
        """Posts it once. Raises NoAnswer and Refused."""

    def check(self) -> Iterator[Check]:
        """See connectors.base.Connector.check."""


@runtime_checkable
class Showing(Protocol):
    """A poster whose messages `flask preview` can show."""

    def message(self, content: Content, target: Target, marker: Marker) -> Mapping[str, Any]:
        """What `post` sends, without the address and without secrets. Pure."""


@runtime_checkable
class Looking(Protocol):
    """A poster that can find what it posted; incoming webhooks can't."""

    def look(self, marker: Marker, target: Target, since: float, until: float) -> Posted | None:
        """The message with this marker, whose deliveries are one, alone or among others, posted between the two times
        (seconds since 1970). Raises NoAnswer, Refused and CannotLook."""


@runtime_checkable
class Locating(Protocol):
    """A poster that can ask where people see a message that it posted."""

    def address_of(self, channel: str, result: Mapping[str, Any]) -> str:
        """`channel`: as in Target; `result`: as in Posted. "" where it is not known. Raises NoAnswer and Refused."""


def may_be_done(status: int) -> bool:
    """Whether a request that was answered with this status may have had its effect: a 503 states that it was not
    taken, any other 5xx may come after the work was done."""
    reason, again = reason_of(status)
    return again and reason == "server_error" and status >= 500 and status != 503
