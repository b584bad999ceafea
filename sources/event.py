"""The event: something that happened at a source, parsed tolerantly, told apart by its identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _text(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
"""null is "", as what is absent; halves of a character (JSON can tell them, UTF-8 can't) become a question mark."""


Id = Annotated[int, Field(gt=0)]


class Entity(BaseModel):
    """Base of what a source tells about: unknown keys are kept (`model_extra`), only `id` is needed."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    id: Id
    createdAt: Text = ""
    updatedAt: Text = ""


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
        return (self.externalIssueId or "").strip()


class Feedback(Entity):
    """A feedback of ABC User Feedback: the channel's own fields lie flat beside `id`; unset ones are absent."""

    issues: Annotated[list[Issue], BeforeValidator(lambda value: [] if value is None else value)] = []

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

    `id` follows from what happened (the same happening has the same id however often and by whomever it is told);
    `entity` names what it is about (`issue:1:3` or `feedback:1:17`, with the project's id before the entity's);
    `occurred` is when it happened by the source's clock, in seconds since 1970, as well as that can be known;
    `body` is what was sent, whole.
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


@dataclass(frozen=True, slots=True)
class Unread:
    """An authentic request that is no event we act on: kept whole, and shown."""

    id: str
    state: Literal["ignored", "unreadable"]
    why: str
    name: str = ""
