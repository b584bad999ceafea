"""Sample events in the shape in which Logto sends them."""

from __future__ import annotations

import time
from typing import Any

from bridge.times import iso
from sources.base import Sample
from sources.logto import events

USER = {"id": "sampleuser01", "username": "sample", "name": "Sample User", "primaryEmail": "sample@example.com"}
HOOK = "samplehook00000000000"


def sample(name: str) -> Sample:
    """The event (`logto.User.Created`) as it would be sent now."""
    sent = name.removeprefix(f"{events.NAME}.")
    now = iso(time.time() * 1000)
    body: dict[str, Any] = {"event": sent, "createdAt": now, "userAgent": "sample"}
    if sent in events.INTERACTIONS:
        body |= {"interactionEvent": "SignIn", "userId": USER["id"], "user": USER}
    else:
        body |= {"path": events.TEST_PATH, "method": "POST", "status": 200, "params": {"id": "sample01"}}
        body |= {"data": USER if sent.startswith("User.") else {"id": "sample01", "name": "Sample"}}
    body |= {"application": {"id": "sampleapp", "name": "Sample application"}, "hookId": HOOK}
    return Sample.of(body)
