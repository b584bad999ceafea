"""The JSON API for operators' scripts, with `Authorization: Bearer $CONSOLE_PASSWORD`; 404 when that is unset."""

from __future__ import annotations

import time
from collections.abc import Container
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from redis.exceptions import RedisError

from console.attempts import Attempts
from console.password import LONGEST_PASSWORD, Password
from jobs.ledger.records import Records
from jobs.ledger.search import BadQuery, Page, Query, limit_of
from jobs.replay import Replayer


def make_blueprint(
    password: Password | None,
    attempts: Attempts,
    records: Records,
    replayer: Replayer,
    connectors: Container[str],
) -> Blueprint:
    """`connectors`: the names of those that are on."""
    blueprint = Blueprint("api", __name__, url_prefix="/api")

    @blueprint.before_request
    def only_operators() -> tuple[Response, int] | None:
        if password is None:
            abort(404)
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        is_bearer = scheme == "Bearer" and len(given) <= LONGEST_PASSWORD
        if is_bearer and password.is_hash and not password.is_known(given):
            # Each costs time and memory: as many as at the sign-in.
            verdict = attempts.check(request.remote_addr, lambda: password.fits(given))
            if verdict.wait:
                answer = jsonify(error=f"Too Many Requests: too many wrong passwords, wait {verdict.wait} s")
                answer.headers["Retry-After"] = str(verdict.wait)
                return answer, 429
            is_bearer = verdict.is_right
        if not (is_bearer and password.fits(given)):
            return jsonify(error="Unauthorized: send Authorization: Bearer CONSOLE_PASSWORD"), 401
        return None

    @blueprint.errorhandler(BadQuery)
    def bad_query(error: BadQuery) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    @blueprint.errorhandler(RedisError)
    def no_redis(_error: RedisError) -> tuple[Response, int]:
        return jsonify(error="Redis does not answer"), 503

    @blueprint.get("/deliveries")
    def deliveries() -> Response:
        return jsonify(_page(records.deliveries(Query.of(request.args, time.time()))))

    @blueprint.get("/events")
    def events() -> Response:
        return jsonify(
            {"events": records.events(request.args.get("state", ""), limit_of(request.args.get("limit", "")))}
        )

    @blueprint.get("/events/<event_id>")
    def event(event_id: str) -> tuple[Response, int] | Response:
        found = records.event(event_id)
        return jsonify(found) if found else (jsonify(error="there is no such event"), 404)

    @blueprint.post("/deliveries/<delivery_id>/replay")
    def replay(delivery_id: str) -> tuple[Response, int]:
        word = replayer.replay(delivery_id)
        answer: dict[str, Any] = {"id": delivery_id, "state": word}
        if word == "queued":
            return jsonify(answer), 202
        status = {"gone": 404, "running": 409}.get(word, 409)
        return jsonify(answer | {"error": REFUSALS[word]}), status

    @blueprint.post("/connectors/<name>/resume")
    def resume(name: str) -> tuple[Response, int] | Response:
        resumed = replayer.resume(name)
        if not resumed and name not in connectors:
            return jsonify(error="CONNECTORS names no such connector"), 404
        return jsonify(name=name, resumed=resumed)

    return blueprint


REFUSALS = {
    "gone": "there is no such delivery",
    "running": "it is running now; look again in a moment",
    "foreign": "it was stored by a newer version of Feedback Bridge",
}


def _page(page: Page) -> dict[str, Any]:
    return {"deliveries": page.rows, "next": page.next, "searched_until": page.searched_until}
