"""Counts webhooks: each receiver must get each event of ABC User Feedback once. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tools.chaos.facts import Facts, Row

PARTS = {
    "FEEDBACK_CREATION": ("feedback",),
    "ISSUE_CREATION": ("issue",),
    "ISSUE_ADDITION": ("addedIssue", "feedback"),
    "ISSUE_STATUS_CHANGE": ("issue",),
}
"""Event -> the entity that it is about."""


def _of_outgoing(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [json.loads(taken["body"]) for taken in state["outgoing"]["webhooks"]]


def _of_nocobase(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(state["nocobase"]["runs"])


RECEIVERS: Mapping[str, Callable[[Mapping[str, Any]], list[Mapping[str, Any]]]] = {
    "outgoing": _of_outgoing,
    "nocobase": _of_nocobase,
}
"""Connector -> the bodies that its receiver acted on, one for each `webhook-id`."""


def webhooks(facts: Facts) -> list[Row]:
    """A row for each receiver."""
    return [_row(facts, name, bodies(facts.state)) for name, bodies in RECEIVERS.items()]


def _row(facts: Facts, name: str, bodies: Iterable[Mapping[str, Any]]) -> Row:
    """Every accepted webhook must be one webhook here. There may be further ones: of events that reconcile found, and
    of events from before a wipe."""
    row = Row(f"webhooks of {name}")
    sure = {_event(one.event, one.data) for one in facts.received[facts.lost_before :] if one.accepted}
    known = {_event(one.event, one.data) for one in facts.received}
    seen = Counter(_event(body["type"], body["data"]) for body in bodies)
    for event in sorted(sure | seen.keys()):
        row.count(event, seen[event])
        if event not in known and not facts.repairs:
            row.wrong.append(f"{event} never happened")
    return row


def _event(name: str, data: Mapping[str, Any]) -> str:
    what = ", ".join(f"{part} {data[part]['id']}" for part in PARTS[name])
    if name != "ISSUE_STATUS_CHANGE":
        return f"{name} {what}"
    issue = data["issue"]
    return f"{name} {what}: {data.get('previousStatus')} → {issue['status']} at {issue['updatedAt']}"
