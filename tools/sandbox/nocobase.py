"""The stand-in for NocoBase: one workflow with a webhook trigger, and collections with the REST API, with their errors.

The workflow follows docs/connectors/nocobase.md: it acts once for each `webhook-id`.
"""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, jsonify, request

from tools.sandbox.receiver import hub_signature
from tools.sandbox.web import Refusal, blueprint_of, json_answer

KEY = "w1k2f3l4o5w6"
WEBHOOK_PATH = f"api/webhook:trigger/{KEY}"
USER, PASSWORD, SECRET = "bridge", "a-made-up-workflow-password", "bridge-secret-0123456789"
API_KEY = "a-made-up-api-key-of-nocobase"
COLLECTION = "feedback"
MOST = 200


class NocoBaseError(Refusal):
    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(status, {"errors": [{"message": message, **({"code": code} if code else {})}]})


@dataclass
class Collection:
    """`unique`: columns with a unique index."""

    columns: frozenset[str] = frozenset({"bridge_id", "title", "status", "rating"})
    unique: frozenset[str] = frozenset({"bridge_id"})
    records: list[dict[str, Any]] = field(default_factory=list)

    def matching(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        if unknown := sorted(wanted.keys() - self.columns - {"id"}):
            raise NocoBaseError(400, f"Unknown column {unknown[0]}")
        return [record for record in self.records if all(record.get(name) == value for name, value in wanted.items())]

    def create(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Creates a record, without the columns that do not exist."""
        known = {name: value for name, value in values.items() if name in self.columns}
        for name in self.unique:
            if known.get(name) is not None and self.matching({name: known[name]}):
                raise NocoBaseError(400, f"{name} must be unique")
        record = {"id": len(self.records) + 1, **dict.fromkeys(self.columns), **known}
        self.records.append(record)
        return record


@dataclass
class NocoBase:
    """`synchronous`: whether the request waits for the workflow; then the answer is `status` and `answer`."""

    active: bool = True
    secret: str = ""
    synchronous: bool = False
    status: int = 200
    answer: Any = None
    may_create: bool = True
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The bodies with which the workflow was started, by `webhook-id`."""
    collections: dict[str, Collection] = field(default_factory=lambda: {COLLECTION: Collection()})

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    @property
    def records(self) -> list[dict[str, Any]]:
        return self.collections[COLLECTION].records

    def act(self, name: str, action: str, query: Mapping[str, list[str]], values: Any) -> Any:
        """Carries out a request; returns `data` of the answer. Raises NocoBaseError."""
        collection = self.collections.get(name)
        if collection is None:
            raise NocoBaseError(404, f"{name} collection not found")
        if action == "list":
            filter_ = json.loads(query.get("filter", ["{}"])[0])
            size = min(int(query.get("pageSize", ["20"])[0]), MOST)
            return collection.matching({column: test["$eq"] for column, test in filter_.items()})[:size]
        if not self.may_create:
            raise NocoBaseError(403, "No permissions")
        if not isinstance(values, dict):
            raise NocoBaseError(400, "values are required")
        if action == "create":
            return collection.create(values)
        if action in ("firstOrCreate", "updateOrCreate"):
            keys = query.get("filterKeys[]", [])
            # If the new record does not have the key column, it matches a record in which that column is empty.
            found = collection.matching({key: values.get(key) for key in keys}) if keys else []
            if not found:
                return collection.create(values)
            if action == "updateOrCreate":
                found[0].update(values)
            return found[0]
        raise NocoBaseError(404, f"{action} action not found")

    def trigger(self, id_: str, body: dict[str, Any]) -> Response:
        self.runs.setdefault(id_, body)
        if not self.synchronous:
            return Response("ok", 200, content_type="text/plain")
        return json_answer(self.status, self.answer)


def blueprint(nocobase: NocoBase) -> Blueprint:
    """The routes below `/nocobase`."""
    routes = blueprint_of("nocobase")

    @routes.route("/api/webhook:trigger/<key>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def trigger(key: str) -> Any:
        if request.method != "POST":
            raise NocoBaseError(405, "Method Not Allowed")
        if key != KEY or not nocobase.active:
            raise NocoBaseError(404, "Not Found")
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if not hmac.compare_digest(request.headers.get("Authorization", ""), expected):
            raise NocoBaseError(401, "Unauthorized")
        body = request.get_json(silent=True) if request.mimetype == "application/json" else None
        if not isinstance(body, dict):
            raise NocoBaseError(400, "only application/json is taken")
        if nocobase.secret:  # a script in the workflow, which has only the parsed body
            written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            if request.headers.get("x-hub-signature-256") != hub_signature(nocobase.secret, written):
                raise NocoBaseError(500, "the workflow has failed")
        with nocobase.lock:
            return nocobase.trigger(request.headers.get("webhook-id", ""), body)

    @routes.route("/api/<name>:<action>", methods=["GET", "POST"])
    def act(name: str, action: str) -> Any:
        given = request.headers.get("Authorization", "")
        if not given:
            raise NocoBaseError(401, "Unauthenticated. Please sign in to continue.", "EMPTY_TOKEN")
        if not hmac.compare_digest(given, f"Bearer {API_KEY}"):
            raise NocoBaseError(401, "Your session has expired. Please sign in again.", "INVALID_TOKEN")
        if (request.method == "GET") != (action == "list"):
            raise NocoBaseError(404, f"{action} action not found")
        with nocobase.lock:
            query = dict(request.args.lists())
            return jsonify({"data": nocobase.act(name, action, query, request.get_json(silent=True))})

    return routes
