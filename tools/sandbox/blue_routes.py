"""The route of the stand-in for Blue: `POST /blue/graphql`.

As Blue, it refuses these requests with status 200 and a code: a wrong token, a field that the schema does not have, a
create without the header of the workspace, a role without the permission. Too many requests get 429 and plain JSON.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request
from graphql import GraphQLError, execute, parse, validate

from tools.sandbox.blue import ME, ORG, ORG_ID, TAG, Blue, BlueList, BlueRefusal, Record, Workspace, schema_of

MOST_RESULTS = 500


def blueprint(blue: Blue) -> Blueprint:
    routes = Blueprint("blue", __name__)

    @routes.post("/graphql")
    def graphql() -> Any:
        if blue.requests_left <= 0:
            limit = {"error": "RATE_LIMITED", "message": "Too many requests", "retryAfter": 12}
            headers = {
                "Retry-After": "12",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": str(int(time.time()) + 12),
            }
            return jsonify(limit), 429, headers
        blue.requests_left -= 1
        given = request.get_json(silent=True)
        if not isinstance(given, dict) or not isinstance(given.get("query"), str):
            return jsonify(errors=[{"message": "no query", "extensions": {"code": "BAD_REQUEST"}}]), 400
        schema = schema_of(blue.newer)
        try:
            document = parse(given["query"])
        except GraphQLError as error:
            return _refused([error], "GRAPHQL_PARSE_FAILED")
        if errors := validate(schema, document):
            return _refused(errors, "GRAPHQL_VALIDATION_FAILED")
        result = execute(schema, document, _Root(blue), variable_values=given.get("variables"))
        assert not hasattr(result, "__await__")
        return jsonify(result.formatted)

    return routes


def _refused(errors: list[GraphQLError], code: str) -> tuple[Response, int]:
    return jsonify(errors=[{**error.formatted, "extensions": {"code": code}} for error in errors]), 400


def _header(name: str, older: str) -> str:
    return request.headers.get(f"blue-{name}") or request.headers.get(f"X-Bloo-{older}") or ""


class _Root:
    """The operations, under the names of both generations."""

    def __init__(self, blue: Blue) -> None:
        self._blue = blue
        self.record, self.recordLists = self.todo, self._record_lists
        self.workspace, self.recordQueries = self.project, self.todoQueries
        self.createRecord, self.updateRecords = self.createTodo, self.updateTodos

    def _signed_in(self) -> Blue:
        token = (_header("token-id", "Token-ID"), _header("token-secret", "Token-Secret"))
        if token != (self._blue.token_id, self._blue.token_secret):
            raise BlueRefusal("UNAUTHENTICATED", "Authentication required.")
        if _header("org-id", "Company-ID") not in (ORG, ORG_ID):
            raise BlueRefusal("COMPANY_NOT_FOUND", "Company was not found.")
        return self._blue

    def _here(self) -> Workspace:
        """The workspace that the header names."""
        return self._signed_in().workspace(_header("workspace-id", "Project-ID"))

    def currentUser(self, _info: Any) -> Any:
        self._signed_in()
        return ME

    def project(self, _info: Any, id: str | None = None) -> Any:
        return _workspace(self._signed_in().workspace(id) if id else self._here())

    def todo(self, _info: Any, id: str) -> Any:
        return _shown(self._signed_in().record(id))

    def todoLists(self, _info: Any, projectId: str) -> Any:
        found = self._signed_in().workspace(projectId)
        if projectId != found.id:
            raise BlueRefusal("PROJECT_NOT_FOUND", "Project was not found.")
        return [_list(one) for one in found.lists]

    def _record_lists(self, info: Any, workspaceId: str) -> Any:
        return self.todoLists(info, workspaceId)

    def todoQueries(self, _info: Any) -> Any:
        blue = self._signed_in()

        def todos(_info: Any, filter: Mapping[str, Any], limit: int, skip: int) -> Any:
            found = blue.filtered(filter)
            size = min(limit, MOST_RESULTS) if limit > 0 else MOST_RESULTS
            return {"items": [_shown(one) for one in found[skip : skip + size]], **_page(len(found), skip + size)}

        return {"todos": todos}

    def createTodo(self, _info: Any, input: Mapping[str, Any]) -> Any:
        here = self._here()
        self._blue.may_write(here)
        return _shown(self._blue.create(here, input, ME))

    def updateTodos(self, _info: Any, input: Mapping[str, Any]) -> bool:
        blue, here = self._signed_in(), self._here()
        blue.may_write(here)
        blue.count_bulk()
        for record in blue.filtered(input["filter"]):
            to = blue.list_of(input["todoListId"], record.inside.project) if "todoListId" in input else None
            blue.change(record, to, input.get("done") if here.may_mark_done else None, ME)
        return True

    def updateTodoDoneStatus(self, _info: Any, todoId: str) -> Any:
        record = self._signed_in().record(todoId)
        record.done = not record.done  # whatever its name suggests
        return _shown(record)

    def createComment(self, _info: Any, input: Mapping[str, Any]) -> Any:
        blue = self._signed_in()
        record = blue.record(input["categoryId"])
        blue.may_write(record.inside.project, "VIEW_ONLY")
        if not input["text"].strip() or not input["html"].strip():
            raise BlueRefusal("BAD_USER_INPUT", "Content validation failed")
        return blue.comment(record, input["html"], input["text"], ME)

    def commentList(self, _info: Any, categoryId: str, first: int = 20, skip: int = 0, **more: Any) -> Any:
        comments = self._signed_in().record(categoryId).comments
        ordered = comments[::-1] if more.get("orderBy") == "createdAt_DESC" else comments
        shown = ordered[skip : skip + first]
        return {"comments": shown, "totalCount": len(comments), **_page(len(comments), skip + first)}


def _page(total: int, end: int) -> dict[str, Any]:
    return {"pageInfo": {"totalItems": total, "hasNextPage": end < total}}


def _workspace(found: Workspace) -> dict[str, Any]:
    company = {"id": ORG_ID, "slug": ORG}
    shown = {"id": found.id, "slug": found.slug, "archived": found.archived, "accessLevel": found.level}
    return {**shown, "company": company}


def _list(found: BlueList) -> dict[str, Any]:
    return {"id": found.id, "title": found.title, "position": found.position, "project": _workspace(found.project)}


def _shown(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "title": record.title,
        "html": record.html,
        "text": TAG.sub("", record.html),
        "done": record.done,
        "archived": record.archived,
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
        "createdBy": record.by,
        "todoList": _list(record.inside),
        "tags": [{"id": f"tag-{title}", "title": title, "color": "#4a9fff"} for title in record.tags],
    }
