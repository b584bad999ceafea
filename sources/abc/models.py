"""The objects of ABC User Feedback: issues, feedbacks, projects, channels, and the event about them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import floor
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bridge.text import is_blank
from sources.base import Event, Level, Subject, Text, TimeText, seconds_of

NAME = "abc"
CREATION = "ISSUE_CREATION"
SHOWS_STATUS = (CREATION, "ISSUE_STATUS_CHANGE")
"""Events that announce an issue's status. Another event that shows a new status did not announce the change: taking it
from there would hide that from reconcile."""
LARGEST_ID = 2**53 - 1  # the largest whole number that JavaScript, and so ABC User Feedback, holds exactly
# pydantic would read true as 1.
Id = Annotated[
    int, Field(gt=0, le=LARGEST_ID), BeforeValidator(lambda value: None if isinstance(value, bool) else value)
]


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


def position_of(project: int, channel: int | None = None) -> str:
    """`1:19` for a channel, `1:` for the issues of a project."""
    return f"{project}:{channel or ''}"


def position_ids(key: str) -> tuple[int, int | None]:
    """Project and channel: the opposite of `position_of`."""
    project, _, channel = key.partition(":")
    return int(project), int(channel) if channel else None


def subject_of(project: int, entity: Issue | Feedback) -> Subject:
    """The issue or the feedback as the subject of events: `abc:issue:1:3`, `abc:feedback:1:17`."""
    return Subject(NAME, "issue" if isinstance(entity, Issue) else "feedback", project, entity.id)


@dataclass(frozen=True, slots=True)
class AbcEvent(Event):
    """An event of ABC User Feedback. Entities that it does not contain are None."""

    project: Named | None = None
    channel: Named | None = None
    feedback: Feedback | None = field(default=None, repr=False)
    issue: Issue | None = field(default=None, repr=False)
    previous_status: str = ""

    @property
    def about(self) -> Issue | Feedback | None:
        """What `subject` names: the issue where there is one, else the feedback."""
        return self.issue or self.feedback

    @property
    def order(self) -> float:
        """`updatedAt`, cut to whole seconds, may be before the creation."""
        created = seconds_of(self.about.createdAt) if self.about else None
        return max(self.occurred, created or 0.0)

    @property
    def level(self) -> Level | None:
        """The status of the issue. ABC cuts some times to whole seconds."""
        if self.issue is None or self.name not in SHOWS_STATUS or not self.issue.status:
            return None
        precision = 0.001 if round(self.occurred * 1000) % 1000 else 1.0
        return Level(self.issue.status, self.occurred, precision, first=self.name == CREATION)

    @property
    def positions(self) -> Mapping[str, str]:
        """The project and the channel: ABC's API has no names of channels."""
        if self.project is None:
            return {}
        found = {position_of(self.project.id): self.project.name}
        if self.channel:
            found[position_of(self.project.id, self.channel.id)] = self.channel.name
        return found

    @property
    def creation(self) -> str:
        return self.about.creation if self.about else ""
