"""The event: something that happened at a source, parsed tolerantly, identified by what happened."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import floor
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bridge.text import is_blank


def _text(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
"""null and absent are ""; half a character (possible in JSON, not in UTF-8) becomes a question mark."""


LARGEST_ID = 2**53 - 1  # the largest whole number that JavaScript, and so ABC User Feedback, holds exactly
# pydantic would read true as 1.
Id = Annotated[
    int, BeforeValidator(lambda value: None if isinstance(value, bool) else value), Field(gt=0, le=LARGEST_ID)
]
TimeText = Annotated[str, BeforeValidator(lambda value: _text(value) if isinstance(value, str) else "")]
"""A time as the source writes it; anything but text counts as unknown."""


def seconds_of(time: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 text (UTC where it names no zone), None when it is no time."""
    try:
        moment = datetime.fromisoformat(time)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


class Entity(BaseModel):
    """Base of what a source describes: unknown keys are kept (`model_extra`), only `id` is required."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    id: Id
    createdAt: TimeText = ""
    updatedAt: TimeText = ""

    @property
    def creation(self) -> str:
        """When the entity was created: whole seconds since 1970 as text, "" when unknown; the same from a webhook, GET
        and search.

        With the id it identifies the entity: a source that was restored from a backup, or installed again, gives the
        same ids to other entities.
        """
        seconds = seconds_of(self.createdAt)
        return "" if seconds is None else str(floor(seconds))

    def is_same(self, other: Self) -> bool:
        """Whether both describe one entity; an unknown creation time contradicts nothing."""
        return self.id == other.id and (self.creation == other.creation or "" in (self.creation, other.creation))


class Issue(Entity):
    """An issue of ABC User Feedback. `status` is an open string; "no ticket" is None, "" or absent at the source and
    always "" here."""

    name: Text = ""
    description: str | None = None
    status: Text = ""
    externalIssueId: str | None = None
    feedbackCount: int | None = None

    @property
    def external_id(self) -> str:
        text = self.externalIssueId or ""
        return "" if is_blank(text) else text.strip()


MOST_ISSUES = 100
"""Issues of one feedback that are read; people attach one or two. A body full of them must not cost memory."""


def _issues(value: object) -> list[Issue]:
    """Those that can be read: one that can't must not make the feedback unreadable."""
    issues = []
    for item in value[:MOST_ISSUES] if isinstance(value, list) else []:
        with suppress(ValidationError):
            issues.append(Issue.model_validate(item))
    return issues


class Feedback(Entity):
    """A feedback of ABC User Feedback: the channel's own fields lie flat beside `id`; unset ones are absent."""

    issues: Annotated[list[Issue], BeforeValidator(_issues)] = []

    @property
    def fields(self) -> Mapping[str, Any]:
        """The channel's own fields by key."""
        return self.model_extra or {}


class Named(BaseModel):
    """A project or a channel."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Id
    name: Text = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a source. Entities that the event does not speak of are None.

    `id` is deterministic: one occurrence always gets the same id, whether it arrives by webhook, reconcile or replay;
    `entity` names what it is about (`issue:1:3` or `feedback:1:17`, with the project's id before the entity's);
    `occurred` is when it happened by the source's clock, in seconds since 1970, as well as that can be known;
    `body` is what was sent, whole; `implied`: the source did not send it, another event implies it.
    """

    id: str
    source: str
    name: str
    entity: str
    occurred: float
    body: Mapping[str, Any] = field(repr=False)  # may hold personal data: not in logs
    project: Named | None = None
    channel: Named | None = None
    feedback: Feedback | None = field(default=None, repr=False)
    issue: Issue | None = field(default=None, repr=False)
    previous_status: str = ""
    implied: bool = False

    @property
    def order(self) -> float:
        """For the order of events about one entity: `updatedAt`, cut to whole seconds, may be before the creation."""
        created = seconds_of(self.about.createdAt) if self.about else None
        return max(self.occurred, created or 0.0)

    @property
    def about(self) -> Issue | Feedback | None:
        """What `entity` names: the issue where there is one, else the feedback."""
        return self.issue or self.feedback

    @property
    def creation(self) -> str:
        """That of the entity; see Entity.creation."""
        return self.about.creation if self.about else ""


@dataclass(frozen=True, slots=True)
class Unread:
    """An authentic request that is no event we act on: kept whole, and shown."""

    id: str
    state: Literal["ignored", "unreadable"]
    why: str
    name: str = ""
