"""Sample events in the shape in which Blue sends them."""

from __future__ import annotations

import time
from typing import Any

from bridge.times import iso
from sources.base import Sample
from sources.blue.events import NAME


def sample(name: str) -> Sample:
    """The event (`blue.TODO_MOVED`) as it would be sent now."""
    kind = name.removeprefix(f"{NAME}.")
    now = iso(time.time() * 1000)
    value: dict[str, Any] = {"id": "samplerecord", "uid": "sample", "updatedAt": now}
    if kind.startswith("COMMENT_"):
        value |= {"text": "Sample comment", "category": "TODO", "categoryId": "samplerecord"}
    elif kind.startswith("TODO_LIST_"):
        value |= {"title": "Sample list"}
    else:
        project = {"id": "sampleproject", "slug": "sample"}
        where = {"id": "samplelist", "title": "Doing", "projectId": project["id"], "project": project}
        value |= {"title": "Sample record", "done": kind == "TODO_DONE_STATUS_UPDATED", "todoList": where}
    created, deleted = kind.endswith("CREATED"), kind.endswith("DELETED")
    body = {
        "event": kind,
        "webhook": {"id": "samplewebhook", "name": "bridge", "secret": "", "enabled": True},
        "previousValue": None if created else value,
        "currentValue": None if deleted else value,
    }
    return Sample.of(body)
