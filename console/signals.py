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
        reasons = health.reasons()
        if reasons:
            return jsonify(status="unavailable", reasons=reasons), 503
        return jsonify(status="ok"), 200

    @blueprint.get("/metrics")
    def metrics() -> Response:
        try:
            numbers = health.numbers()
        except RedisError:
            numbers = None
        return Response(render(numbers, health.connectors), content_type="text/plain; version=0.0.4; charset=utf-8")

    return blueprint
