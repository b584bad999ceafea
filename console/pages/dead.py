"""`/dead`: dead letters by connector and reason, with what to do; sent again as a group, at a rate, or dropped."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from console.pages import work
from console.pages.console import Console, done, page, translator
from jobs.ledger.query import BadQuery, Query
from jobs.replay import FASTEST, LONGEST_ID, LONGEST_REASON, RATE, SLOWEST


def add(blueprint: Blueprint, console: Console) -> None:
    @blueprint.get("/dead")
    def dead() -> tuple[str, int]:
        return page("dead", **seen())

    @blueprint.get("/part/dead")
    def dead_part() -> tuple[str, int]:
        return page("parts/dead", **seen())

    @blueprint.post("/dead/replay")
    def replay_all() -> Response | tuple[str, int]:
        connector, reason = (request.form.get(name, "").strip() for name in ("connector", "reason"))
        try:
            rate = float(request.form.get("rate", ""))
        except ValueError:
            rate = 0.0
        if not SLOWEST <= rate <= FASTEST:
            problem = translator()("dead.bad_rate", slowest=f"{SLOWEST:g}", fastest=f"{FASTEST:g}")
            return page("dead", 400, **seen() | {"problem": problem})
        console.record("replay_all", " ".join(filter(None, [connector, reason, f"rate={rate:g}"])))
        query = Query(state="dead", connector=connector, reason=reason)
        try:
            bulk = console.runtime.replayer.replay_all(query, rate)
        except BadQuery:
            abort(400)
        notice = "planned_part" if bulk.next else "planned"
        return done("dead", notice, bulk.count, replay=bulk.id, cursor=None)

    @blueprint.post("/dead/drop")
    def drop_group() -> Response:
        connector, reason, why = (request.form.get(name, "").strip() for name in ("connector", "reason", "why"))
        if not (connector and reason and why):
            abort(400)
        why = why[:LONGEST_REASON]
        console.record("drop_group", f"{connector} {reason}: {why}")
        count = sum(group.count for group in console.runtime.records.dead(connector, reason).groups)
        about = {"connector": connector, "reason": reason, "count": count}
        started = console.tasks.start("drop", about, work.drop(console.runtime, connector, reason, why))
        return done("dead", "dropping" if started else "running", count, drop="seen")

    def seen() -> dict[str, Any]:
        replay = request.args.get("replay", "")
        is_id = replay.isascii() and replay.isalnum() and len(replay) <= LONGEST_ID
        asked = console.runtime.replayer.progress(replay) if is_id else None
        others = [each for each in console.runtime.replayer.going_on() if asked is None or each.id != asked.id]
        task = console.tasks.find("drop")
        try:
            found = console.runtime.records.dead(cursor=request.args.get("cursor", ""))
        except BadQuery:
            abort(400)
        return {
            "groups": found.groups,
            "following": found.next,
            "asked": asked,
            "replays": [asked, *others] if asked else others,
            "drop": task if task and (task.state == "running" or "drop" in request.args) else None,
            "rate": RATE,
            "problem": "",
        }
