"""`/deliveries`: every delivery by filter, a page at a time, and all of them as JSON lines."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from connectors.base import Reason
from console.pages.console import Console, page
from jobs.ledger.query import FILTERS, LONGEST_PAGE, BadQuery, Query
from jobs.ledger.values import STATES

LONGEST_FILTER = 300
MOST_EXPORTED = 10_000
"""Rows of one export; it names the cursor for the rest."""


def add(blueprint: Blueprint, console: Console) -> None:
    @blueprint.get("/deliveries")
    def deliveries() -> tuple[str, int]:
        return page("deliveries", **found(), **choices())

    @blueprint.get("/part/deliveries")
    def deliveries_part() -> tuple[str, int]:
        return page("parts/deliveries", **found())

    @blueprint.get("/deliveries.jsonl")
    def export() -> tuple[str, int] | Response:
        """The rows of the filter, one JSON object a line. `Link: <…>; rel="next"` where there are more."""
        given = filters(request.args)
        try:
            query = replace(
                Query.of({**given, "cursor": request.args.get("cursor", "")}, time.time()), limit=LONGEST_PAGE
            )
            lines: list[str] = []
            while len(lines) < MOST_EXPORTED:
                part = console.runtime.records.deliveries(query)
                lines += [json.dumps(row, ensure_ascii=False) for row in part.rows]
                if part.next is None:
                    break
                query = replace(query, cursor=part.next)
        except BadQuery as problem:
            return page("deliveries", 400, **nothing(given, str(problem)), **choices())
        console.record(
            "export", f"{len(lines)} deliveries {json.dumps(given, ensure_ascii=False) if given else ''}".strip()
        )
        answer = Response("".join(f"{line}\n" for line in lines), content_type="application/x-ndjson; charset=utf-8")
        answer.headers["Content-Disposition"] = 'attachment; filename="deliveries.jsonl"'
        if part.next is not None:
            answer.headers["Link"] = f'<{address("export", given, part.next)}>; rel="next"'
        return answer

    def found() -> dict[str, Any]:
        given = filters(request.args)
        try:
            query = Query.of({**given, "cursor": request.args.get("cursor", "")}, time.time())
            shown = console.runtime.records.deliveries(query)
        except BadQuery as problem:
            return nothing(given, str(problem))
        return {
            "filters": given,
            "rows": shown.rows,
            "next": address("deliveries", given, shown.next) if shown.next else "",
            "searched_until": shown.searched_until,
            "is_first": not request.args.get("cursor"),
            "problem": "",
            "time_of": "updated_at" if query.state and not query.entity else "received_at",
        }

    def choices() -> dict[str, Any]:
        return {
            "states": STATES,
            "connectors": tuple(console.configuration.connectors),
            "sources": tuple(console.configuration.sources.chosen),
            "reasons": get_args(Reason),
        }


def nothing(given: Mapping[str, str], problem: str) -> dict[str, Any]:
    return {"filters": given, "rows": (), "next": "", "searched_until": None, "is_first": True, "problem": problem}


def filters(arguments: Mapping[str, str]) -> dict[str, str]:
    """Those that are set."""
    given = {name: arguments.get(name, "").strip()[:LONGEST_FILTER] for name in FILTERS}
    return {name: value for name, value in given.items() if value}


def address(endpoint: str, given: Mapping[str, str], cursor: str) -> str:
    return url_for(f"console.{endpoint}", cursor=cursor, **given)  # type: ignore[arg-type]
