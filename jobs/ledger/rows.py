"""Stored fields as people and programs read them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bridge.times import iso
from jobs.ledger.values import split

DELIVERY_FIELDS = ("entity", "state", "attempts", "result", "why", "reason", "created", "updated", "next")
"""Of a delivery, what a row shows: not its notes and its log, which may be large."""
EVENT_FIELDS = ("name", "source", "entity", "state", "why", "received", "seen")
"""Of an event: not its body, which may be large."""


def delivery_row(delivery_id: str, stored: Mapping[str, str], event: Mapping[str, str]) -> dict[str, Any]:
    """`event`: its fields `name`, `source` and `received`, as far as they are stored."""
    event_id, connector = split(delivery_id)
    row = {
        "id": delivery_id,
        "event_id": event_id,
        "event": event.get("name", ""),
        "source": event.get("source", ""),
        "connector": connector,
        "entity": stored.get("entity", ""),
        "state": stored.get("state", ""),
        "attempts": int(stored.get("attempts", 0)),
        "result": from_json(stored.get("result", "")) or None,
        "error": stored.get("why") or None,
        "reason": stored.get("reason") or None,
        "received_at": time_of(event.get("received")),
        "created_at": time_of(stored.get("created")),
        "updated_at": time_of(stored.get("updated")),
    }
    if stored.get("next"):
        row["next_attempt_at"] = time_of(stored["next"])
    return row


def event_row(event_id: str, stored: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": event_id,
        "event": stored.get("name", ""),
        "source": stored.get("source", ""),
        "entity": stored.get("entity", ""),
        "state": stored.get("state", ""),
        "why": stored.get("why") or None,
        "received_at": time_of(stored.get("received")),
        "seen": int(stored.get("seen", 1)),
    }


def time_of(milliseconds: str | bytes | None) -> str | None:
    return iso(float(milliseconds)) if milliseconds else None


def from_json(text: str) -> Any:
    """The value, or the text itself where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def texts(pairs: Mapping[bytes, bytes]) -> dict[str, str]:
    """A hash as Redis answers it."""
    return {name.decode(): value.decode("utf-8", "replace") for name, value in pairs.items()}


def some_texts(names: tuple[str, ...], values: list[bytes | None]) -> dict[str, str]:
    """Some fields of a hash, as Redis answers them; what is not stored is left out."""
    return {name: value.decode("utf-8", "replace") for name, value in zip(names, values, strict=True) if value}
