"""The markers that identify our tickets and comments among those of other installations. Pure.

A marker is no secret: anybody who may write in the project can copy it. So it counts only on what our own account made
(`JiraPort.is_ours`).
"""

from __future__ import annotations

from dataclasses import dataclass

CLOCKS_APART = 300.0
"""Seconds by which the clocks of Jira and ABC User Feedback may differ."""


@dataclass(frozen=True, slots=True)
class Marker:
    """`text` names the entity with its creation time, so that a reused id is another entity. `short` is the marker of
    versions before that: it counts on what was made after the entity (`since`, seconds since 1970)."""

    text: str
    short: str
    since: float

    def is_text(self, found: str, made: float) -> bool:
        """Whether `found`, on something that was made at `made`, is this marker."""
        return found == self.text or (found == self.short and made > self.since - CLOCKS_APART)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.text, self.short)))

    def ends(self, comment: str, made: float) -> bool:
        """Whether it is the comment's last line. Only there: elsewhere it may be a user's own text."""
        # Jira Cloud keeps rich text and writes it back as markup, with backslashes where it thinks best.
        lines = comment[-1000:].replace("\\", "").split()
        return bool(lines) and self.is_text(lines[-1], made)


def ticket_marker(instance: str, project: int, issue: int, creation: str) -> Marker:
    """The label (or field value) of an issue's ticket."""
    return _marker(f"abc-{instance}-{project}-{issue}", creation)


def feedback_marker(instance: str, project: int, feedback: int, creation: str) -> Marker:
    return _marker(f"abc-feedback-{instance}-{project}-{feedback}", creation)


def status_marker(instance: str, project: int, issue: int, creation: str, status: str) -> Marker:
    return _marker(f"abc-status-{instance}-{project}-{issue}-{status}", creation)


def _marker(short: str, creation: str) -> Marker:
    """`creation`: the entity's `creation`. The letter before it keeps the two forms apart: an instance's name may end
    with a number, and stands before the ids."""
    return Marker(f"{short}-t{creation}", short, float(creation)) if creation else Marker(short, short, 0.0)
