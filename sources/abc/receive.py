"""`POST /webhook`: who calls, with which token, how much, what; then it is stored, and answered."""

from __future__ import annotations

import hmac
import json
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from math import isfinite
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify, request

from bridge.networks import is_in
from bridge.settings import ServiceSettings
from sources.abc.events import Unknown, Unreadable, parse
from sources.abc.models import NAME
from sources.base import Event, Unread, event_id
from sources.refusals import Reason

log = structlog.get_logger("receive")

RETRY_AFTER_SECONDS = "5"
DEEPEST = 64
"""Levels of a body; real ones have six. What is much deeper can be read here, but not everywhere after (Python's
recursion limit)."""

MOST_CONTAINERS = 10_000
"""Objects and lists in a body: a feedback with its issues has a few dozen."""
# A text without an end is one up to the end: were it none, every quote in it would be tried as a start.
TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
BIG = 65_536
big_bodies = threading.Semaphore(2)
"""Bodies of more than BIG bytes are parsed two at a time: each may need fifty times its size for a moment."""

Accept = Callable[[str, Event | Unread, bytes], tuple[str, bool]]
"""(source, event, body as sent) -> (event id, whether it was known). Raises CannotStore."""
Refused = Callable[[str, str], None]
"""(reason, address): called for each refused request."""


class CannotStore(Exception):
    """Nothing was stored, or that is not known: the sender must try again."""


def make_blueprint(service: ServiceSettings, accept: Accept, refused: Refused) -> Blueprint:
    blueprint = Blueprint("abc", __name__)
    tokens = [token.get_secret_value().encode() for token in service.webhook_token]
    networks = service.allowed_ips

    def refuse(status: int, reason: Reason, error: str) -> tuple[Response, int]:
        refused(reason, request.remote_addr or "")
        return jsonify(error=error), status

    @blueprint.post("/webhook", provide_automatic_options=False, strict_slashes=False)
    @blueprint.post("/webhook/", provide_automatic_options=False)
    def receive() -> tuple[Response, int] | Response:
        if networks and not is_in(request.remote_addr, networks):
            return refuse(403, "forbidden", "Forbidden: this address is not in ALLOWED_IPS")
        if not is_token(request.headers.get("x-webhook-token", ""), tokens):
            return refuse(401, "unauthorized", "Unauthorized")
        if (request.content_length or 0) > service.max_body_bytes:
            return refuse(413, "too_large", f"the body is larger than MAX_BODY_BYTES ({service.max_body_bytes})")
        if not request.is_json:
            return refuse(415, "media_type", "Unsupported Media Type: send application/json")
        raw = request.get_data(cache=False)
        if holds_too_much(raw):
            return refuse(413, "too_large", f"the body holds more than {MOST_CONTAINERS} objects and lists")
        with big_bodies if len(raw) > BIG else nullcontext():
            body = _json_object(raw)
            event = read(body, raw, service.bridge_instance) if body is not None else None
        if event is None:
            return refuse(400, "bad_request", "Bad Request: the body must be one JSON object in UTF-8")
        try:
            id_, known = accept("abc", event, raw)
        except CannotStore as problem:
            log.error("event not stored; the sender will try again", because=str(problem))
            answer = jsonify(error="Service Unavailable: the event could not be stored, please send it again")
            answer.headers["Retry-After"] = RETRY_AFTER_SECONDS
            return answer, 503
        log.info("event received", event_id=id_, name=event.name, duplicate=known)
        return jsonify(success=True, event_id=id_, **({"duplicate": True} if known else {}))

    return blueprint


def body_limit(service: ServiceSettings) -> Callable[[str, Mapping[str, str]], int]:
    """How many bytes of a request's body are read, from its path and its headers (lower-case names). Only the body of a
    webhook with a valid token is used, so a caller without a token costs no memory."""
    tokens = [token.get_secret_value().encode() for token in service.webhook_token]

    def limit(path: str, headers: Mapping[str, str]) -> int:
        is_webhook = path.rstrip("/") == "/webhook"
        return service.max_body_bytes if is_webhook and is_token(headers.get("x-webhook-token", ""), tokens) else 0

    return limit


def read(body: dict[str, Any], raw: bytes, instance: str) -> Event | Unread:
    """What an authentic body means: an event, or something to keep and show."""
    try:
        return parse(body, instance)
    except Unknown as unknown:
        name = body["event"][:80].encode("ascii", "backslashreplace").decode()
        return Unread(event_id(instance, NAME, raw), "ignored", str(unknown), name)
    except Unreadable as unreadable:
        name = str(body.get("event", ""))[:80].encode("ascii", "backslashreplace").decode()
        return Unread(event_id(instance, NAME, raw), "unreadable", str(unreadable), name)


def is_token(given: str, tokens: list[bytes]) -> bool:
    """Constant time in the token's content, the same work whichever of them matches. No token set: nobody passes."""
    candidate = given.encode("utf-8", "surrogateescape")
    matches = [hmac.compare_digest(candidate, token) for token in tokens]
    return any(matches)


def holds_too_much(raw: bytes) -> bool:
    """Whether the JSON text has more than MOST_CONTAINERS objects and lists. Parsed, each costs many times its two
    characters of text. Brackets inside texts do not count; they are looked for only where there are many brackets."""
    found = raw.count(b"{") + raw.count(b"[")
    if found > MOST_CONTAINERS:
        found -= sum(text[0].count(b"{") + text[0].count(b"[") for text in TEXTS.finditer(raw))
    return found > MOST_CONTAINERS


def _json_object(raw: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) and not _is_deeper(body, DEEPEST) else None


def _finite(text: str) -> float:
    """Python's parser takes NaN and Infinity, which JSON does not have (RFC 8259, 6): others could not read them."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def _is_deeper(value: Any, levels: int) -> bool:
    level = [value]
    for _ in range(levels):
        containers = (item.values() if isinstance(item, dict) else item for item in level)
        level = [inner for container in containers for inner in container if isinstance(inner, dict | list)]
        if not level:
            return False
    return True
