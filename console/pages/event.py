"""`/events/<id>`: one event, what was done with it, and what came before and after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from bridge.text import inert, is_blank
from console.pages import links
from console.pages.console import Console, done, page, translator
from console.pages.masking import masked
from console.pages.shown import as_json, readable
from jobs.ledger.query import Query
from jobs.ledger.values import FINISHED

AROUND = 10
"""Deliveries of the same entity that are shown before, and after."""
LONGEST_REASON = 200


def add(blueprint: Blueprint, console: Console) -> None:
    @blueprint.get("/events/<event_id>")
    def event(event_id: str) -> tuple[str, int]:
        return page("event", **seen(event_id, False))

    @blueprint.get("/part/events/<event_id>")
    def event_part(event_id: str) -> tuple[str, int]:
        return page("parts/event", **seen(event_id, False))

    @blueprint.post("/events/<event_id>/reveal")
    def reveal(event_id: str) -> tuple[str, int]:
        """The same page with personal data."""
        values = seen(event_id, True)
        console.record("reveal", event_id)
        return page("event", **values)

    @blueprint.post("/deliveries/<delivery_id>/replay")
    def replay(delivery_id: str) -> Response:
        console.record("replay", delivery_id)
        return after(delivery_id, console.runtime.replayer.replay(delivery_id))

    @blueprint.post("/deliveries/<delivery_id>/drop")
    def drop(delivery_id: str) -> Response:
        reason = request.form.get("reason", "").strip()[:LONGEST_REASON]
        if not reason:
            abort(400)
        console.record("drop", f"{delivery_id}: {reason}")
        return after(delivery_id, console.runtime.replayer.drop(delivery_id, reason))

    @blueprint.get("/deliveries/<delivery_id>/message")
    def message(delivery_id: str) -> Response:
        """To the message, at the system that has it."""
        event_id = delivery_id.partition(".")[0]
        found = console.runtime.records.event(event_id) or {"deliveries": ()}
        row = next((row for row in found["deliveries"] if row["id"] == delivery_id), None)
        if row is None:
            abort(404)
        address = links.located(console.runtime, links.restored(console.runtime, event_id), row)
        return redirect(address, 303) if address else done("event", "no_message", event_id=event_id)

    def after(delivery_id: str, word: str) -> Response:
        if word == "gone":
            abort(404)
        return done("event", word, event_id=delivery_id.partition(".")[0])

    def seen(event_id: str, whole: bool) -> dict[str, Any]:
        found = console.runtime.records.event(event_id)
        if found is None:
            abort(404)
        known = links.restored(console.runtime, event_id)
        body = found["body"] if whole else masked(found["body"])
        text, is_cut = as_json(body)
        return {
            "event": found,
            "whole": whole,
            "readable": readable,
            "body": text,
            "is_cut": is_cut,
            "happened": sentence(found),
            "at_source": links.source_link(console.runtime, known),
            "links": {row["id"]: links.ticket_link(console.runtime, known, row) for row in found["deliveries"]},
            "located": [row["id"] for row in found["deliveries"] if links.is_located(console.runtime, row)],
            "is_open": any(row["state"] not in FINISHED for row in found["deliveries"]),
            **around(found),
        }

    def around(found: Mapping[str, Any]) -> dict[str, Any]:
        """The line of its entity: the deliveries of events before, and after."""
        if not found["entity"] or not found["received_at"]:
            return {"before": (), "after": ()}
        moment = seconds_of(found["received_at"])
        deliveries = console.runtime.records.deliveries
        earlier = deliveries(Query(entity=found["entity"], until=moment, limit=2 * AROUND)).rows
        later = deliveries(Query(entity=found["entity"], since=moment, limit=2 * AROUND)).rows
        return {
            "before": [row for row in earlier if row["event_id"] != found["id"]][:AROUND],
            "after": [row for row in later if row["event_id"] != found["id"]][-AROUND:],
        }


def sentence(found: Mapping[str, Any]) -> str:
    """What happened, without a text of a user."""
    t = translator()
    body = found["body"] if isinstance(found["body"], dict) else {}
    inside = body.get("data")
    data = inside if isinstance(inside, dict) else {}

    def part(name: str, key: str) -> str:
        inner = data.get(name)
        value = inner.get(key) if isinstance(inner, dict) else None
        return shown(value) or "?"

    key = f"happened.{found['event']}"
    if found["source"] == "abc" and t.maybe(key):
        before, status = shown(data.get("previousStatus")), part("issue", "status")
        if found["event"] == "ISSUE_STATUS_CHANGE" and before in ("", status):
            key = "happened.status"
        return t(
            key,
            project=part("project", "id"),
            channel=part("channel", "id"),
            feedback=part("feedback", "id"),
            issue=part("addedIssue" if found["event"] == "ISSUE_ADDITION" else "issue", "id"),
            status=status,
            before=before,
        )
    return t("happened.other", name=found["event"] or "?", source=found["source"] or "?")


def shown(value: object) -> str:
    """A text or a number, for a sentence; "" for anything else, and where nothing is visible."""
    text = inert(str(value))[:60] if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return "" if is_blank(text) else text


def seconds_of(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
