"""The JSON API for operators' scripts, with `Authorization: Bearer $CONSOLE_PASSWORD`; 404 when that is unset.

Each endpoint is declared once, where it is defined; `GET /api/openapi.json` is made from that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from typing import Any, TypeVar

from flask import Blueprint, Response, abort, jsonify, request
from redis.exceptions import RedisError

from bridge.times import instant
from console.advice import advice_for
from console.attempts import Attempts
from console.audit import Audit
from console.condition import conditions
from console.openapi import Endpoint, document
from console.password import LONGEST_PASSWORD, Password, bearer
from jobs.ledger.query import FILTERS, BadQuery, Query, limit_of
from jobs.probe import sentence
from jobs.runtime import Runtime

Answer = Response | tuple[Response, int]
View = TypeVar("View", bound=Callable[..., Any])
DAY = 86_400.0


def make_blueprint(password: Password | None, attempts: Attempts, runtime: Runtime) -> Blueprint:
    """`runtime`: that of the web process for people, who have patience with Redis."""
    blueprint = Blueprint("api", __name__, url_prefix="/api")
    records, replayer = runtime.records, runtime.replayer
    endpoints: list[Endpoint] = []

    def endpoint(method: str, path: str, summary: str, answer: str, **more: Any) -> Callable[[View], View]:
        endpoints.append(Endpoint(method, path, summary, answer, **more))
        return blueprint.route(path.replace("{", "<").replace("}", ">"), methods=[method])

    def record(what: str, about: str) -> None:
        Audit(runtime.redis, runtime.instance).add("api", what, about, request.remote_addr or "")

    @blueprint.before_request
    def only_operators() -> tuple[Response, int] | None:
        if password is None:
            abort(404)
        given = bearer(request.headers.get("Authorization", ""))
        is_bearer = 0 < len(given) <= LONGEST_PASSWORD
        if is_bearer and not password.is_known(given):
            # As many as at the sign-in, or who guesses would do it here. The right one is not counted, and not refused.
            verdict = attempts.check(request.remote_addr, lambda: password.fits(given))
            if verdict.wait:
                answer = jsonify(error=f"Too Many Requests: too many wrong passwords, wait {verdict.wait} s")
                answer.headers["Retry-After"] = str(verdict.wait)
                return answer, 429
            is_bearer = verdict.is_right
        if not is_bearer:
            return jsonify(error="Unauthorized: send Authorization: Bearer CONSOLE_PASSWORD"), 401
        return None

    @blueprint.errorhandler(BadQuery)
    def bad_query(error: BadQuery) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    @blueprint.errorhandler(RedisError)
    def no_redis(error: RedisError) -> tuple[Response, int]:
        return jsonify(error=sentence(error)), 503

    @endpoint(
        "GET", "/deliveries", "Find deliveries, the newest first", "Deliveries", query="DeliveriesQuery", errors=(400,)
    )
    def deliveries() -> Answer:
        page = records.deliveries(Query.of(request.args, time.time()))
        return jsonify(deliveries=page.rows, next=page.next, searched_until=page.searched_until)

    @endpoint("GET", "/events", "List the newest events", "Events", query="EventsQuery", errors=(400,))
    def events() -> Answer:
        limit = limit_of(request.args.get("limit", ""))
        return jsonify(events=records.events(request.args.get("state", ""), limit))

    @endpoint("GET", "/events/{event_id}", "One complete event, with its deliveries and their attempts", "EventWhole")
    def event(event_id: str) -> Answer:
        found = records.event(event_id)
        return (
            jsonify(found)
            if found
            else _refused(404, "there is no such event; finished ones are kept for RETENTION_DAYS")
        )

    @endpoint("GET", "/connectors", "The state of each connector instance, and what to do", "Conditions")
    def connectors() -> Answer:
        return jsonify(connectors=[condition.as_row() for condition in conditions(runtime)])

    @endpoint("GET", "/dead", "Dead letters by connector and reason", "DeadGroups", query="DeadQuery", errors=(400,))
    def dead() -> Answer:
        words = {name: request.args.get(name, "") for name in ("connector", "reason", "cursor")}
        found = records.dead(**words)
        groups = [{**asdict(group), "advice": advice_for(group.reason)} for group in found.groups]
        return jsonify(groups=groups, next=found.next)

    @endpoint(
        "GET", "/hours", "Events and outcomes of each hour, for 8 days", "Hours", query="HoursQuery", errors=(400,)
    )
    def hours() -> Answer:
        now, text = time.time(), request.args.get("since", "")
        try:
            since = instant(text, now) if text else now - DAY
        except ValueError as error:
            raise BadQuery(f"since: {error}") from None
        return jsonify(hours=records.hours(since))

    @endpoint("POST", "/deliveries/{delivery_id}/replay", "Send one again", "Replayed", status=202, errors=(409,))
    def replay(delivery_id: str) -> Answer:
        record("replay", delivery_id)
        result = replayer.replay(delivery_id)
        return _done(delivery_id, result, "queued", 202)

    @endpoint(
        "POST", "/deliveries/{delivery_id}/drop", "Never send one", "Replayed", body="DropBody", errors=(400, 409)
    )
    def drop(delivery_id: str) -> Answer:
        reason = _body("DropBody").reason
        record("drop", f"{delivery_id}: {reason}")
        return _done(delivery_id, replayer.drop(delivery_id, reason), "skipped", 200)

    @endpoint(
        "POST", "/dead/drop", "Never send a group of dead letters", "Dropped", body="DropGroupBody", errors=(400,)
    )
    def drop_group() -> Answer:
        given = _body("DropGroupBody")
        record("drop_group", f"{given.connector} {given.reason}: {given.why}")
        return jsonify(asdict(replayer.drop_group(**given.model_dump())))

    @endpoint(
        "POST",
        "/replay",
        "Send all deliveries that a filter finds again, at a rate",
        "Planned",
        status=202,
        body="ReplayBody",
        errors=(400,),
    )
    def replay_all() -> Answer:
        body = _body("ReplayBody")
        given = body.model_dump()
        if not any(given[name] for name in body.model_fields_set & FILTERS.keys()):
            raise BadQuery('body: needs at least one filter; {"state": "dead"} sends every dead letter again')
        rate, id_ = given.pop("rate"), given.pop("id")
        query = Query.of(given, time.time())
        record("replay", " ".join(f"{name}={value}" for name, value in given.items() if value) + f" rate={rate:g}")
        return jsonify(asdict(replayer.replay_all(query, rate, id_))), 202

    @endpoint("GET", "/replay/{replay_id}", "The progress of a replay", "Progress")
    def progress(replay_id: str) -> Answer:
        found = replayer.progress(replay_id)
        if found is None:
            return _refused(404, "there is no such replay; a replay is kept for 8 days")
        return jsonify({**asdict(found), "left": found.left})

    @endpoint("POST", "/connectors/{name}/resume", "Start a connector that has stopped", "Resumed")
    def resume(name: str) -> Answer:
        if name in runtime.configuration.connectors:
            record("resume", name)
        resumed = replayer.resume(name)
        if not resumed and name not in runtime.configuration.connectors:
            return _refused(404, "CONNECTORS names no such connector")
        return jsonify(name=name, resumed=resumed)

    @endpoint("GET", "/openapi.json", "This description, in OpenAPI 3.1", "Description")
    def openapi() -> Answer:
        return jsonify(described())

    @cache
    def described() -> dict[str, Any]:
        return document(endpoints)

    return blueprint


REFUSALS = {
    "gone": "there is no such delivery",
    "running": "it is running now; look again in a moment",
    "finished": "it is finished: there is nothing to drop",
    "turn": "it has a turn in a rate limit and is sent in a moment; look again",
    "foreign": "it was stored by a newer version of Feedback Bridge",
}


def _done(delivery_id: str, result: str, wanted: str, status: int) -> Answer:
    if result == wanted:
        return jsonify(id=delivery_id, state=result), status
    return jsonify(id=delivery_id, state=result, error=REFUSALS[result]), 404 if result == "gone" else 409


def _refused(status: int, error: str) -> Answer:
    return jsonify(error=error), status


def _body(shape: str) -> Any:
    """The request's body, read by a shape of console/answers.py. Raises BadQuery, which names the field."""
    from pydantic import ValidationError

    from console import answers

    try:
        return getattr(answers, shape).model_validate_json(request.get_data() or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"][:1]) or "body"
        raise BadQuery(f"{name}: {first['msg']}") from None
