"""`/` and `/connectors`: whether all is well, and what is not."""

from __future__ import annotations

import time
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
WELL = ("healthy", "unknown", "limited")
"""States of a connector instance in which nobody has to do anything."""


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
            "hours": hours,
            "chart": chart.drawn(hours),
            "success": chart.success(hours),
            "totals": chart.totals(hours),
        }

    def span() -> str:
        asked = request.args.get("span", "day")
        return asked if asked in SPANS else "day"


def age(moment: str | None, now: float) -> float:
    """Seconds since a time in ISO 8601."""
    return now - datetime.fromisoformat(moment).timestamp() if moment else 0.0
