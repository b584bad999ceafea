"""The operator's templates for summary and description.

A template sees `issue` (as ABC User Feedback has it now), `project` (`id`, `name`), `instance` and `marker`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.templates import render_template, unfolded

SAMPLE: Mapping[str, Any] = {
    "issue": {
        "id": 1,
        "name": "name",
        "description": "description",
        "status": "INIT",
        "externalIssueId": "",
        "feedbackCount": 0,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
    },
    "project": {"id": 1, "name": "project"},
    "instance": "default",
    "marker": "abc-default-1-1-t1767225600",
}


def check_template(source: str | None) -> str | None:
    """The template with a line break for each \\n in it: `.env` files and hosts' forms have room for one line only.

    Renders a sample, so that a mistake shows at start and not at the first issue.
    """
    if source is None:
        return None
    source = unfolded(source)
    render_template(source, SAMPLE)
    return source
