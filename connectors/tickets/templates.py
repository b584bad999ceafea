"""The operator's templates for a ticket's title and description, and for the comment of a feedback.

A ticket's template can use `issue` (as ABC User Feedback has it now), `project` (`id`, `name`), `instance` and
`marker`. A comment's template can use `issue`, `project`, `channel` (`id`, `name`), `feedback` (`id`, `createdAt`,
`updatedAt` and its text fields; a missing field is "") and `text`, the built-in comment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from bridge.templates import checked

TIMES = {"createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z"}
ISSUE = {
    "id": 1,
    "name": "name",
    "description": "description",
    "status": "INIT",
    "externalIssueId": "",
    "feedbackCount": 0,
    **TIMES,
}


class Texts(dict[str, Any]):
    """A feedback for a template. A missing field is "", because each channel has its own fields."""

    def __missing__(self, _field: str) -> str:
        return ""


class BuiltIn(str):
    """A built-in text, which is already markup and is not escaped. If a template changes it, the result is a plain
    text, and is escaped."""

    __slots__ = ()


SAMPLE: Mapping[str, Any] = {
    "issue": ISSUE,
    "project": {"id": 1, "name": "project"},
    "instance": "default",
    "marker": "abc-default-1-1-t1767225600",
}
COMMENT_SAMPLE: Mapping[str, Any] = {
    "issue": ISSUE,
    "project": SAMPLE["project"],
    "channel": {"id": 1, "name": "channel"},
    "feedback": Texts({"id": 1, **TIMES}),
    "text": BuiltIn("text"),
}

Template = Annotated[str, AfterValidator(lambda source: checked(source, SAMPLE))]
CommentTemplate = Annotated[str, AfterValidator(lambda source: checked(source, COMMENT_SAMPLE))]
