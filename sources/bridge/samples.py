"""Sample events of the service itself."""

from __future__ import annotations

import json
import time

from bridge.times import iso
from sources.base import Sample
from sources.bridge.events import ABOUT, NAME


def sample(name: str) -> Sample:
    """The event (`bridge.dead_letter`) as it would be made now."""
    kind = name.removeprefix(f"{NAME}.")
    now = iso(time.time() * 1000)
    about = {"connector": "jira", "destination": "jira", "source": "abc", "system": "jira"}[ABOUT[kind]]
    body = {"event": kind, "at": now, ABOUT[kind]: about, "reason": "auth", "count": 1, "why": "Sample", "since": now}
    if kind == "source_silent":
        del body["why"]  # with it the event is about a webhook that is off
    return Sample(json.dumps(body, ensure_ascii=False).encode())
