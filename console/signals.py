"""`/healthz`, `/readyz` and `/metrics`: no secret in them, no token needed."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError

from console.metrics import render
from jobs.health import Health


def make_blueprint(health: Health) -> Blueprint:
    blueprint = Blueprint("signals", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """200 as long as webhooks can be stored and a worker runs; `status` is ok, degraded or unavailable."""
        found = health.readiness()
        answer = {
            "status": found.status,
            "reasons": [*found.unavailable, *found.degraded],
            "workers": found.workers,
            "sources": dict(found.sources),
            "connectors": dict(found.connectors),
        }
        return jsonify(answer), 503 if found.unavailable else 200

    @blueprint.get("/metrics")
    def metrics() -> Response:
        try:
            numbers = health.numbers()
        except RedisError:
            numbers = None
        return Response(render(numbers, health.routes), content_type="text/plain; version=0.0.4; charset=utf-8")

    return blueprint
