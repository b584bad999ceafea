"""From a webhook's body to an event: pure, and tolerant of what it does not know (docs/sources/abc.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from sources.event import Event, Feedback, Issue, Named


class Unknown(Exception):
    """Authentic, but of a kind that we do not act on: an event name of a newer release, say."""


class Unreadable(Exception):
    """Authentic, and of a known name, but without what makes it that event."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one event names its parts, and what tells two of its happenings apart."""

    identity: Callable[[Feedback | None, Issue | None, str], tuple[object, ...]]
    issue_key: str = ""
    has_feedback: bool = False


def _id(entity: Feedback | Issue | None) -> int:
    if entity is None:
        raise Unreadable("the entity is missing")
    return entity.id


KINDS: dict[str, _Kind] = {
    "FEEDBACK_CREATION": _Kind(has_feedback=True, identity=lambda feedback, _i, _p: (_id(feedback),)),
    "ISSUE_CREATION": _Kind(issue_key="issue", identity=lambda _f, issue, _p: (_id(issue),)),
    "ISSUE_ADDITION": _Kind(
        issue_key="addedIssue", has_feedback=True, identity=lambda feedback, issue, _p: (_id(feedback), _id(issue))
    ),
    # Ids are not enough: an issue changes its status many times. Nothing in the body is a version; these together come
    # closest (the contract's section 2.5).
    "ISSUE_STATUS_CHANGE": _Kind(
        issue_key="issue",
        identity=lambda _f, issue, previous: (
            (_id(issue), previous, issue.status, issue.updatedAt) if issue else (_id(issue),)
        ),
    ),
}


def parse(body: Mapping[str, Any], instance: str) -> Event:
    """The event in a webhook's body. Raises Unknown or Unreadable, with words for a person."""
    name, data = body.get("event"), body.get("data")
    if not isinstance(name, str):
        raise Unreadable("there is no event name")
    kind = KINDS.get(name)
    if kind is None:
        raise Unknown(f"no event of ABC User Feedback is called {name[:80]!a}")
    if not isinstance(data, dict):
        raise Unreadable("there is no data")
    try:
        project = Named.model_validate(data.get("project"))
        channel = Named.model_validate(data["channel"]) if data.get("channel") else None
        feedback = Feedback.model_validate(data.get("feedback")) if kind.has_feedback else None
        issue = Issue.model_validate(data.get(kind.issue_key)) if kind.issue_key else None
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in detail["loc"]) or "id" for detail in error.errors()})
        raise Unreadable(f"{error.title.lower()}: not as expected at {', '.join(places)}") from None
    if kind.has_feedback and channel is None:
        raise Unreadable("the channel is missing")
    previous = data.get("previousStatus")
    previous_status = previous if isinstance(previous, str) else ""
    identity = (instance, project.id, name, *kind.identity(feedback, issue, previous_status))
    about = issue if issue is not None else feedback
    return Event(
        id=event_id(*identity),
        source="abc",
        name=name,
        entity=f"{'issue' if issue is not None else 'feedback'}:{project.id}:{_id(about)}",
        occurred=_occurred(name, about),
        body=body,
        project=project,
        channel=channel,
        feedback=feedback,
        issue=issue,
        previous_status=previous_status,
    )


def event_id(*identity: object) -> str:
    """20 hexadecimal digits: the same for the same happening, however often and by whomever it is told."""
    # Python's notation: parts that are joined by a sign which a part may hold could be mistaken for others.
    return hashlib.blake2b(ascii(identity).encode(), digest_size=10).hexdigest()


def _occurred(name: str, about: Feedback | Issue | None) -> float:
    """Seconds since 1970, 0 when unknown. A creation happened when the entity was created; `updatedAt` may have moved
    on by the time that the event is sent (or lie before it: it is sometimes cut to whole seconds)."""
    if about is None:
        return 0.0
    text = about.createdAt if name.endswith("_CREATION") else about.updatedAt
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0.0
