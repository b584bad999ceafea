"""Sample events in the shape that docs/sources/nocobase.md asks for."""

from __future__ import annotations

import time

from bridge.times import iso
from sources.base import Sample
from sources.nocobase.events import NAME


def sample(name: str) -> Sample:
    """The event (`nocobase.record.updated`) as it would be sent now."""
    now = iso(time.time() * 1000)
    body = {
        "event": name.removeprefix(f"{NAME}."),
        "id": f"12-{now}",
        "collection": "orders",
        "title": "Sample order",
        "url": "https://nocobase.example.com/admin/orders/12",
        "who": "Sample",
        "data": {"id": 12, "createdAt": now, "updatedAt": now},
    }
    return Sample.of(body)
