"""`POST /webhook`: who calls, with which token, how much, what; then it is stored, and answered."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from ipaddress import ip_address
from math import isfinite
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from settings import ServiceSettings
from sources.abc.events import Unknown, Unreadable, event_id, parse
from sources.event import Event, Unread

log = structlog.get_logger("receive")

RETRY_AFTER_SECONDS = "5"
DEEPEST = 64
"""Levels of a body; real ones have six. What is much deeper can be read here, but not everywhere after (Python's
recursion limit)."""

Accept = Callable[[str, Event | Unread, bytes], tuple[str, bool]]
"""(source, event, body as sent) -> (event id, whether it was known). Raises CannotStore."""


class CannotStore(Exception):
    """Nothing was stored, or that is not known: the sender must try again."""


def make_blueprint(service: ServiceSettings, accept: Accept) -> Blueprint:
    blueprint = Blueprint("abc", __name__)
    tokens = [token.get_secret_value().encode() for token in service.webhook_token]
    networks = service.allowed_ips

    @blueprint.post("/webhook", provide_automatic_options=False)
    def receive() -> tuple[Response, int] | Response:
        if networks and not _address_in(networks, request.remote_addr):
            return jsonify(error="Forbidden: this address is not in ALLOWED_IPS"), 403
        # Before a byte of the body is read: a stranger who sends slowly, or much, must not hold a thread.
        if not _is_token(request.headers.get("x-webhook-token", ""), tokens):
            return jsonify(error="Unauthorized"), 401
        if not request.is_json:
            return jsonify(error="Unsupported Media Type: send application/json"), 415
        raw = _read_at_most(service.max_body_bytes)
        if raw is None:
            return jsonify(error=f"the body is larger than MAX_BODY_BYTES ({service.max_body_bytes})"), 413
        body = _json_object(raw)
        if body is None:
            return jsonify(error="Bad Request: the body must be one JSON object in UTF-8"), 400
        event = read(body, raw, service.bridge_instance)
        try:
            id_, known = accept("abc", event, raw)
        except CannotStore as trouble:
            log.error("event not stored; the sender will try again", because=str(trouble))
            answer = jsonify(error="Service Unavailable: the event could not be stored, please send it again")
            answer.headers["Retry-After"] = RETRY_AFTER_SECONDS
            return answer, 503
        log.info("event received", event_id=id_, name=event.name, duplicate=known)
        return jsonify(success=True, event_id=id_, **({"duplicate": True} if known else {}))

    return blueprint


def read(body: dict[str, Any], raw: bytes, instance: str) -> Event | Unread:
    """What an authentic body means: an event, or something to keep and show."""
    try:
        return parse(body, instance)
    except Unknown as unknown:
        name = body["event"][:80].encode("ascii", "backslashreplace").decode()
        return Unread(event_id(instance, raw), "ignored", str(unknown), name)
    except Unreadable as unreadable:
        name = str(body.get("event", ""))[:80].encode("ascii", "backslashreplace").decode()
        return Unread(event_id(instance, raw), "unreadable", str(unreadable), name)


def _is_token(given: str, tokens: list[bytes]) -> bool:
    """Constant time in the token's content, the same work whichever of them matches. No token set: nobody passes."""
    candidate = given.encode("utf-8", "surrogateescape")
    matches = [hmac.compare_digest(candidate, token) for token in tokens]
    return any(matches)


def _address_in(networks: Any, address: str | None) -> bool:
    try:
        caller = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(caller, "ipv4_mapped", None)  # ::ffff:192.0.2.1 is 192.0.2.1
    return any((mapped or caller) in network for network in networks)


def _read_at_most(most: int) -> bytes | None:
    """The body, or None when it is longer. One that comes in chunks does not say how long it is: werkzeug reads as far
    as it may and stops silently, so it may read one byte more than we take."""
    request.max_content_length = most + 1
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return None
    return raw if len(raw) <= most else None


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
