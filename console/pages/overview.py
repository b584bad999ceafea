"""`/` and `/connectors`: whether all is well, and what is not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from console.condition import conditions
from console.pages import chart
from console.pages.console import Console, done, page
from jobs.health import eviction, info_of

DAY, WEEK = 86_400, 7 * 86_400
SPANS = {"day": DAY, "week": WEEK}
NEARLY_FULL, FULL = 0.9, 0.99
"""Shares of Redis's memory: from the first on somebody has to act, from the second on it may refuse to store."""
WELL = ("healthy", "unknown", "limited", "failing")
"""States of a connector instance in which nobody has to do anything: failures in a row make it `down`."""


def add(blueprint: Blueprint, console: Console) -> None:
    @blueprint.get("/")
    def overview() -> tuple[str, int]:
        return page("overview", **seen(), span=span())

    @blueprint.get("/part/overview")
    def overview_part() -> tuple[str, int]:
        """What follows what happens."""
        return page("parts/overview", **seen(), span=span())

    @blueprint.get("/connectors")
    def connectors() -> tuple[str, int]:
        return page("connectors", conditions=conditions(console.runtime))

    @blueprint.get("/part/connectors")
    def connectors_part() -> tuple[str, int]:
        name = "cards" if "short" in request.args else "connectors"
        return page(f"parts/{name}", conditions=conditions(console.runtime))

    @blueprint.post("/connectors/<name>/resume")
    def resume(name: str) -> Response:
        if name not in console.configuration.connectors:
            abort(404)
        console.record("resume", name)
        resumed = console.runtime.replayer.resume(name)
        return done("connectors", "resumed" if resumed else "not_stopped")

    def seen() -> dict[str, Any]:
        runtime, now = console.runtime, time.time()
        numbers, memory = runtime.health.numbers(), info_of(runtime.redis, "memory")
        found = conditions(runtime)
        hours = chart.summed(runtime.records.hours(now - SPANS[span()]))
        newest = runtime.records.events("", 1)
        states = numbers["states"]
        return {
            "numbers": numbers,
            "conditions": found,
            "unwell": [condition for condition in found if condition.state not in WELL],
            "waiting": states["queued"] + states["running"] + states["retrying"],
            "last_event": age(newest[0]["received_at"], now) if newest else None,
            "memory": memory,
            "evicts": eviction(memory or {}),
            "share": share(memory or {}),
            "is_full": share(memory or {}) >= FULL,
            "is_nearly_full": share(memory or {}) >= NEARLY_FULL,
            "hours": hours,
            "chart": chart.drawn(hours),
            "success": chart.success(hours),
            "totals": chart.totals(hours),
        }

    def span() -> str:
        asked = request.args.get("span", "day")
        return asked if asked in SPANS else "day"


def share(memory: Mapping[str, Any]) -> float:
    """How much of its memory Redis uses, 0 where it has no limit. `memory`: that part of its INFO."""
    most = memory.get("maxmemory", 0)
    return memory.get("used_memory", 0) / most if most else 0.0


def age(moment: str | None, now: float) -> float:
    """Seconds since a time in ISO 8601."""
    return now - datetime.fromisoformat(moment).timestamp() if moment else 0.0
