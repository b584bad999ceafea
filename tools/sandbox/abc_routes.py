"""The routes of the stand-in for ABC User Feedback: the answers of its public API, including refusals."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, request

from tools.sandbox.abc import Abc
from tools.sandbox.abc_admin import Admin, add_routes
from tools.sandbox.abc_rules import Refusal, number
from tools.sandbox.abc_search import search_feedbacks, search_issues
from tools.sandbox.web import add

BODY_LIMIT = 1024 * 1024
PROJECT = "/api/projects/<project>"
ISSUE = f"{PROJECT}/issues/<issue>"
FEEDBACKS = f"{PROJECT}/channels/<channel>/feedbacks"


def blueprint(abc: Abc, admin: Admin) -> Blueprint:
    """The routes below `/abc`."""
    routes = Blueprint("abc", __name__)

    @routes.url_value_preprocessor
    def take_place(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        g.project = (values or {}).pop("project", None)
        g.channel = (values or {}).pop("channel", None)

    @routes.before_request
    def check() -> None:
        """Checks first the body, then the key, as the real server does; the route checks its arguments afterwards."""
        g.body = _body()
        if g.project is not None and not request.path.startswith("/abc/api/admin/"):
            known = abc.projects.get(int(g.project)) if g.project.isdecimal() else None
            if known is None or request.headers.get("x-api-key") != known.key:
                raise Refusal(403, "Forbidden resource", "Forbidden")

    def by() -> str:
        return request.headers.get("x-api-key", "")

    def project_answer() -> Any:
        row = abc.projects[number(g.project)]
        zone = {"countryCode": "KR", "name": "Asia/Seoul", "offset": "+09:00"}
        head = {"id": row.id, "name": row.name, "description": None, "timezone": zone}
        return {**head, "createdAt": row.createdAt, "updatedAt": row.updatedAt}

    def fields_answer() -> Any:
        # The real answer has no `property` either: there is no way to ask which fields are read-only.
        keys = ("id", "key", "name", "format", "status")
        return [{key: getattr(spec, key) for key in keys} for spec in abc.channel(number(g.channel)).fields.values()]

    def create_issue() -> Any:
        return {"id": abc.create_issue(number(g.project), g.body, by()).id}, 201

    def get_issue(issue: str) -> Any:
        return abc.issue(number(issue)).as_answer()

    def put_issue(issue: str) -> Any:
        abc.update_issue(number(issue), g.body, by())
        return _empty(200)

    def delete_issue(issue: str) -> Any:
        abc.delete_issue(abc.issue(number(issue)).id)
        return _empty(200)

    def create_feedback() -> Any:
        place = abc.channels.get(number(g.channel))
        if place is None or place.project != number(g.project):
            raise Refusal(400, "Invalid channel id")
        return {"id": abc.create_feedback(place.id, g.body, by()).id}, 201

    def get_feedback(feedback: str) -> Any:
        row = abc.feedbacks.get(number(feedback))
        abc.channel(number(g.channel))
        if row is None:
            raise Refusal(400, "unknown id")
        return abc.feedback_answer(row)

    def put_feedback(feedback: str) -> Any:
        abc.update_feedback(number(g.channel), number(feedback), g.body, by())
        return _empty(200)

    def attach(feedback: str, issue: str) -> Any:
        abc.attach(number(feedback), number(issue), by())
        return _empty(201)

    def detach(feedback: str, issue: str) -> Any:
        with abc.lock:
            row = abc.feedbacks[number(feedback)]
            row.issues = [other for other in row.issues if other != number(issue)]
        return _empty(200)

    def issue_search() -> Any:
        return search_issues(abc, number(g.project), g.body or {}), 201

    def feedback_search() -> Any:
        place = abc.channels.get(number(g.channel))
        if place is None:
            raise Refusal(400, "invalid channel")  # measured: other calls have a code, this one has none
        return search_feedbacks(abc, place, g.body or {}), 201

    database = {"database": {"status": "up"}}
    on = partial(add, routes)
    on("/api/health", GET=lambda: {"status": "ok", "info": database, "error": {}, "details": database})
    on(PROJECT, GET=project_answer)
    on(f"{PROJECT}/channels/<channel>/fields", GET=fields_answer)
    on(f"{PROJECT}/issues", POST=create_issue)
    on(f"{PROJECT}/issues/search", POST=issue_search)
    on(ISSUE, GET=get_issue, PUT=put_issue, DELETE=delete_issue)
    on(FEEDBACKS, POST=create_feedback)
    on(f"{FEEDBACKS}/search", POST=feedback_search)
    on(f"{FEEDBACKS}/<feedback>", GET=get_feedback, PUT=put_feedback)
    on(f"{FEEDBACKS}/<feedback>/issue/<issue>", POST=attach, DELETE=detach)
    add_routes(routes, admin)
    routes.register_error_handler(Refusal, _refused)
    return routes


def _empty(status: int) -> Response:
    answer = Response(status=status)
    del answer.headers["Content-Type"]
    return answer


def _body() -> Any:
    data = request.get_data(cache=False) if (request.content_length or 0) <= BODY_LIMIT else b"x" * (BODY_LIMIT + 1)
    if len(data) > BODY_LIMIT:
        raise Refusal(413, None, response="Request body is too large")
    if not data:
        return None
    try:
        return json.loads(data)
    except ValueError:
        words = "Body is not valid JSON but content-type is set to 'application/json'"
        raise Refusal(400, None, response=words) from None


def _path() -> str:
    return request.path.removeprefix("/abc")


def _refused(refusal: Refusal) -> Response:
    return _json(refusal.status, refusal.as_answer(_path()))


def not_found() -> Response:
    """The answer to an unknown route below `/abc`, or to another method there."""
    words = f"Cannot {request.method} {_path()}"
    return _json(404, {"message": words, "error": "Not Found", "statusCode": 404, "path": _path()})


def _json(status: int, body: Any) -> Response:
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        status,
        content_type="application/json; charset=utf-8",
    )
