"""The marks that tell our tickets and comments from others, and from another installation's."""

from __future__ import annotations


def ticket_marker(instance: str, project: int, issue: int) -> str:
    """The label (or field value) of an issue's ticket. The ids stand last, so that no instance name can imitate
    another one's."""
    return f"abc-{instance}-{project}-{issue}"


def feedback_marker(instance: str, project: int, feedback: int) -> str:
    return f"abc-feedback-{instance}-{project}-{feedback}"


def status_marker(instance: str, project: int, issue: int, status: str) -> str:
    return f"abc-status-{instance}-{project}-{issue}-{status}"


def carries(comment: str, marker: str) -> bool:
    """Whether our mark is the comment's last line. Only there: elsewhere it may be a user's own text."""
    # Jira Cloud keeps rich text and writes it back as markup, with backslashes where it thinks best.
    lines = comment.replace("\\", "").split()
    return bool(lines) and lines[-1] == marker
