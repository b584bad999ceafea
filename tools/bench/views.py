"""What the receiver is compared with: the same request, taken in with less done for it, or by plain RQ."""

from __future__ import annotations

import hmac
import os
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from redis import Redis
from rq import Queue

from tools.bench.common import TOKEN

JOB = "tools.bench.plain.post"
KEPT_SECONDS = 86_400


def _redis() -> Redis:
    return Redis.from_url(os.environ["REDIS_URL"])


def _authentic_body() -> Any:
    if not hmac.compare_digest(request.headers.get("x-webhook-token", "").encode(), TOKEN.encode()):
        abort(401)
    return request.get_json()


def empty() -> Flask:
    """Answers, and reads nothing."""
    app = Flask(__name__)

    @app.post("/webhook")
    def receive() -> Response:
        return jsonify(success=True)

    return app


def dedupe() -> Flask:
    """The least that can keep an event once: token, JSON, and one round trip with SET NX and LPUSH."""
    app, redis = Flask(__name__), _redis()

    @app.post("/webhook")
    def receive() -> Response:
        event = _authentic_body()
        store_once(redis, f"{event['event']}:{event['data']['feedback']['id']}", request.get_data())
        return jsonify(success=True)

    return app


def store_once(redis: Redis, identity: str, raw: bytes) -> None:
    with redis.pipeline(transaction=False) as pipeline:
        pipeline.set(f"seen:{identity}", 1, nx=True, ex=KEPT_SECONDS)
        pipeline.lpush("events", raw)
        pipeline.execute()


def pipelined() -> Flask:
    """The least that RQ's own interface can do in one round trip: SET NX, and one job."""
    app, redis = Flask(__name__), _redis()
    queue = Queue("plain", connection=redis)

    @app.post("/webhook")
    def receive() -> Response:
        event = _authentic_body()
        enqueue_pipelined(queue, f"{event['event']}:{event['data']['feedback']['id']}")
        return jsonify(success=True)

    return app


def enqueue_pipelined(queue: Queue, identity: str) -> None:
    with queue.connection.pipeline(transaction=False) as pipeline:
        pipeline.set(f"seen:{identity}", 1, nx=True, ex=KEPT_SECONDS)
        queue.enqueue_many([Queue.prepare_data(JOB, args=(identity,))], pipeline=pipeline)
        pipeline.execute()


def naive() -> Flask:
    """As in RQ's own documentation: one `enqueue` for each of the three systems."""
    app, queue = Flask(__name__), Queue("plain", connection=_redis())

    @app.post("/webhook")
    def receive() -> Response:
        event = _authentic_body()
        for system in ("translate", "jira", "slack"):
            queue.enqueue(JOB, f"https://{system}.example.com", event)
        return jsonify(success=True)

    return app


def enqueue_once() -> Flask:
    """The same with one system: what most people write."""
    app, queue = Flask(__name__), Queue("plain", connection=_redis())

    @app.post("/webhook")
    def receive() -> Response:
        queue.enqueue(JOB, os.environ["BENCH_URL"], _authentic_body())
        return jsonify(success=True)

    return app
