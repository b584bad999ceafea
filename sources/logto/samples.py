"""Sample events in the shape in which Logto sends them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sources.logto import events

USER = {"id": "sampleuser01", "username": "sample", "name": "Sample User", "primaryEmail": "sample@example.com"}
HOOK = "samplehook00000000000"


def body(name: str) -> bytes:
    """The event (`logto.User.Created`) as it would be sent now."""
    sent = name.removeprefix(f"{events.NAME}.")
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sample: dict[str, Any] = {"event": sent, "createdAt": now, "userAgent": "sample"}
    if sent in events.INTERACTIONS:
        sample |= {"interactionEvent": "SignIn", "userId": USER["id"], "user": USER}
    else:
        sample |= {"path": events.TEST_PATH, "method": "POST", "status": 200, "params": {"id": "sample01"}}
        sample |= {"data": USER if sent.startswith("User.") else {"id": "sample01", "name": "Sample"}}
    sample |= {"application": {"id": "sampleapp", "name": "Sample application"}, "hookId": HOOK}
    return json.dumps(sample, ensure_ascii=False, separators=(",", ":")).encode()
