"""Converts between an attempt's outcome and the fields that the ledger stores. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.http.exchanges import Exchange
from bridge.redaction import Redactor
from bridge.text import cut
from jobs.delivery.schedule import Transition
from jobs.ledger.bounds import (
    KEPT_ATTEMPTS,
    LONGEST_ADDRESS,
    LONGEST_EXCERPT,
    LONGEST_WHY,
    MOST_OF_CALLS,
    result_text,
)
from jobs.ledger.ledger import NOTE_ITEM
from jobs.ledger.values import Lease
from sources import counted_as

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds in seconds of the histogram of attempts."""


def notes_of(delivery: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """The notes of earlier attempts: (those that were kept as a whole, those that were added item by item). If a
    delivery was done before and is replayed, its result is the note `done`, so that the connector knows that the effect
    exists."""
    notes: dict[str, Any] = json.loads(delivery.get("notes") or "{}")
    if any(entry["outcome"] == "done" for entry in log_of(delivery)):
        notes["done"] = json.loads(delivery.get("result") or "{}")
    items: dict[str, dict[str, str]] = {}
    for field, text in delivery.items():
        if field.startswith(NOTE_ITEM):
            note, _, item = field.removeprefix(NOTE_ITEM).partition(":")
            items.setdefault(note, {})[item] = text
    return notes, items


def log_of(delivery: Mapping[str, str]) -> list[dict[str, Any]]:
    """The attempts so far, oldest first: `{at, seconds, outcome, reason, why, calls}`; `at` in seconds since 1970;
    `calls`: the last requests, see `calls_of`."""
    entries: list[dict[str, Any]] = json.loads(delivery.get("log") or "[]")
    return entries


def fields_of(
    lease: Lease, transition: Transition, seconds: float, redact: Redactor, sent: Sequence[Exchange] = ()
) -> dict[str, str]:
    """The delivery's fields after the attempt, without secrets. `sent`: the requests of the attempt."""
    why = clean(cut(redact(transition.why), LONGEST_WHY))
    entry: dict[str, Any] = {"at": round(lease.now, 3), "seconds": round(seconds, 3), "outcome": transition.state}
    if why:
        entry |= {"why": why}
    if transition.reason:
        entry |= {"reason": transition.reason}
    if calls := calls_of(sent, transition.state, redact):
        entry |= {"calls": calls}
    fields = {
        "position": str(transition.position),
        "why": why,
        "reason": transition.reason,
        "log": clean(json.dumps(_within([*log_of(lease.delivery), entry][-KEPT_ATTEMPTS:]), ensure_ascii=False)),
    }
    if transition.result:
        fields["result"] = clean(result_text(transition.result, redact))
    return fields


def calls_of(sent: Sequence[Exchange], state: str, redact: Redactor) -> list[dict[str, Any]]:
    """The requests of an attempt for the log. If it succeeded: only the last one, without its texts. Else: all, and for
    the last one the start of request and answer."""
    succeeded = state in ("done", "skipped")
    calls = []
    for exchange in list(sent)[-1:] if succeeded else sent:
        address = cut(redact(exchange.address), LONGEST_ADDRESS)
        call = {"method": exchange.method, "address": address, "status": exchange.status}
        calls.append(call | {"seconds": round(exchange.seconds, 3)})
    if calls and not succeeded:
        calls[-1] |= {
            "request": cut(redact(sent[-1].request), LONGEST_EXCERPT),
            # An answer may quote only a part of our request, and so a part of a secret.
            "answer": cut(redact.strictly(sent[-1].answer), LONGEST_EXCERPT),
        }
    return calls


def _within(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The log within its bound for requests: the requests of the oldest attempts are removed first."""
    kept: list[dict[str, Any]] = []
    left = MOST_OF_CALLS
    for entry in reversed(log):
        left -= len(json.dumps(entry.get("calls", []), ensure_ascii=False))
        kept.append(entry if left >= 0 else {name: value for name, value in entry.items() if name != "calls"})
    return kept[::-1]


def clean(text: str) -> str:
    """The text without lone surrogates: JSON from other systems can contain them, stored text can't."""
    return text.encode("utf-8", "replace").decode()


def counts_of(lease: Lease, transition: Transition, seconds: float, system: str) -> dict[str, float]:
    """The counters that the attempt raises, and by how much; `console/metrics.py` reads them. `system`: the system that
    the outcome is about, the connector's third party or the source."""
    bucket = next((str(bound) for bound in BUCKETS if seconds <= bound), "+Inf")
    event = counted_as(lease.event.get("name", ""), lease.event.get("source", ""))
    labels = f"{lease.connector}|{event}|{transition.state}|{transition.reason}|{system}"
    return {
        f"attempts|{labels}": 1,
        f"seconds|{lease.connector}|{bucket}": 1,
        f"seconds_sum|{lease.connector}": round(seconds, 4),
    }
