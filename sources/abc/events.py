"""From a webhook's body to an event: pure, and tolerant of what it does not know (docs/sources/abc.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from sources.abc.models import NAME, AbcEvent, Feedback, Issue, Named, subject_of
from sources.base import Event, Request, Subject, Unread, event_id, seconds_of

IMPLIED_BY = "FEEDBACK_CREATION"
TIMES = {"id", "createdAt", "updatedAt"}
LONGEST_NAME = 100


class Unknown(Exception):
    """Authentic, but of a name that we do not know: such as that of a newer release."""


class Unreadable(Exception):
    """Authentic, and of a known name, but without what makes it that event."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one event names its parts, and whether it can happen to the same entity more than once."""

    issue_key: str = ""
    has_feedback: bool = False
    is_change: bool = False


KINDS: dict[str, _Kind] = {
    "FEEDBACK_CREATION": _Kind(has_feedback=True),
    "ISSUE_CREATION": _Kind(issue_key="issue"),
    "ISSUE_ADDITION": _Kind(issue_key="addedIssue", has_feedback=True),
    "ISSUE_STATUS_CHANGE": _Kind(issue_key="issue", is_change=True),
}


def read(request: Request) -> Event | Unread:
    """What an authentic body means. An event of an unknown name is kept, and reaches whoever is routed to it."""
    body, instance = request.body, request.instance
    try:
        return parse(body, instance)
    except Unknown:
        id_ = event_id(instance, NAME, request.raw)
        return Event(NAME, id_, _plain(body["event"]), Subject(NAME, "event", "", id_), 0.0, body)
    except Unreadable as unreadable:
        return Unread(
            event_id(instance, NAME, request.raw), "unreadable", str(unreadable), _plain(body.get("event", ""))
        )


def _plain(name: object) -> str:
    return str(name)[:80].encode("ascii", "backslashreplace").decode()


def parse(body: Mapping[str, Any], instance: str) -> AbcEvent:
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
        parts = sorted({".".join(str(part) for part in detail["loc"]) or "id" for detail in error.errors()})
        raise Unreadable(f"{error.title.lower()}: not as expected at {', '.join(parts)}") from None
    if kind.has_feedback and channel is None:
        raise Unreadable("the channel is missing")
    previous = data.get("previousStatus")
    previous_status = previous if isinstance(previous, str) else ""
    about = issue if issue is not None else feedback
    if about is None:
        raise Unreadable("the entity is missing")
    return AbcEvent(
        id=event_id(instance, NAME, project.id, name, *_identity(kind, feedback, issue, previous_status)),
        source=NAME,
        name=name,
        subject=subject_of(project.id, about),
        occurred=_occurred(name, about),
        body=body,
        project=project,
        channel=channel,
        feedback=feedback,
        issue=issue,
        previous_status=previous_status,
        implied=body.get("origin") == IMPLIED_BY,
    )


def implied(event: Event, instance: str) -> list[tuple[Event, bytes]]:
    """An ISSUE_ADDITION, and its body to be stored, for each issue that a new feedback carries: ABC sends none.

    Its id is that of the ISSUE_ADDITION which ABC sends when the issue is attached again. The stored body leaves out
    the feedback's fields: a body full of issues must not be stored as many times.
    """
    if not isinstance(event, AbcEvent) or event.name != IMPLIED_BY:
        return []
    feedback, channel, project = event.feedback, event.channel, event.project
    if feedback is None or channel is None or project is None:
        return []
    events: list[tuple[Event, bytes]] = []
    for issue in {issue.id: issue for issue in feedback.issues}.values():
        data = {
            "feedback": feedback.model_dump(include=TIMES, exclude_unset=True),
            "channel": {"id": channel.id, "name": channel.name[:LONGEST_NAME]},
            "project": {"id": project.id, "name": project.name[:LONGEST_NAME]},
            "addedIssue": issue.model_dump(include=set(Issue.model_fields), exclude_unset=True),
        }
        stored = {"event": "ISSUE_ADDITION", "data": data, "origin": IMPLIED_BY}
        addition = parse(stored, instance)
        # Filters see the feedback whole.
        whole = {**stored, "data": {**data, "feedback": event.body["data"]["feedback"]}}
        text = json.dumps(stored, ensure_ascii=False).encode("utf-8", "replace")
        events.append((replace(addition, body=whole, feedback=feedback), text))
    return events


def _identity(kind: _Kind, feedback: Feedback | None, issue: Issue | None, previous: str) -> tuple[object, ...]:
    """What distinguishes this event from others of its kind. The ids alone do not: another entity may get the same id
    later, when ABC is restored from a backup or installed again."""
    entities = [(entity.id, entity.creation) for entity in (feedback, issue) if entity is not None]
    # An issue changes its status many times, and nothing in the body is a version; these together come closest (the
    # contract's section 2.5).
    change = (previous, issue.status, issue.updatedAt) if kind.is_change and issue is not None else ()
    return (*entities, *change)


def _occurred(name: str, about: Feedback | Issue) -> float:
    """Seconds since 1970, 0 when unknown. A creation happened when the entity was created: `updatedAt` may have moved
    on by the time that the event is sent (or be earlier: it is sometimes cut to whole seconds)."""
    return max(0.0, seconds_of(about.createdAt if name.endswith("_CREATION") else about.updatedAt) or 0.0)
