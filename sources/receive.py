"""The one receiver of all sources: who calls, with which proof, how much, what; then it is stored, and answered.

`POST /webhook` is ABC User Feedback's address, `POST /webhook/<source>` that of each other source in SOURCES.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from math import isfinite
from typing import Any

import structlog
from flask import Blueprint, Response, abort, jsonify, request

from bridge.networks import is_in
from bridge.service import ServiceSettings
from sources.base import Event, Request, Unread
from sources.refusals import Reason
from sources.signatures import Proof
from sources.source import Source

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

Accept = Callable[[Source, Event | Unread, Request], tuple[str, bool]]
"""(source, event, as sent) -> (event id, whether it was known). Raises CannotStore."""
Refused = Callable[[str, str], None]
"""(reason, address): called for each refused request."""


class CannotStore(Exception):
    """Nothing was stored, or that is not known: the sender must try again."""


class Receiver:
    """`sources`: those in SOURCES, each with its proof."""

    def __init__(
        self,
        service: ServiceSettings,
        sources: Mapping[str, tuple[Source, Proof]],
        accept: Accept,
        refused: Refused,
    ) -> None:
        self._service = service
        self._sources = {address_of(name): found for name, found in sources.items()}
        self._accept = accept
        self._refused = refused

    def blueprint(self) -> Blueprint:
        blueprint = Blueprint("receive", __name__)
        for path in ("/webhook", "/webhook/", "/webhook/<path:_source>"):
            blueprint.post(path, provide_automatic_options=False, strict_slashes=False)(self.receive)
        return blueprint

    def body_limit(self, path: str, headers: Mapping[str, str]) -> int:
        """How many bytes of a request's body are read, from its path and its headers (lower-case names). The body of a
        caller who has no token, or not even a signature, is not read: it costs no memory."""
        _, proof = self._sources.get(path.rstrip("/"), (None, None))
        return self._service.max_body_bytes if proof and proof.may_hold(headers) else 0

    def is_authentic(self, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the request with this body comes from the source of its path."""
        _, proof = self._sources.get(path.rstrip("/"), (None, None))
        return proof is not None and proof.holds(headers, body)

    def receive(self, _source: str = "") -> tuple[Response, int] | Response:
        found = self._sources.get(request.path.rstrip("/"))
        if found is None:
            abort(404)
        source, proof = found
        networks, most = self._service.allowed_ips, self._service.max_body_bytes
        if networks and not is_in(request.remote_addr, networks):
            return self._refuse(403, "forbidden", "Forbidden: this address is not in ALLOWED_IPS")
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not proof.may_hold(headers):
            return self._refuse(401, "unauthorized", "Unauthorized")
        if (request.content_length or 0) > most:  # before the body is read: a signature of it can't be checked then
            return self._refuse(413, "too_large", f"the body is larger than MAX_BODY_BYTES ({most})")
        raw = request.get_data(cache=False)
        if not proof.holds(headers, raw):
            return self._refuse(401, "unauthorized", "Unauthorized")
        if not request.is_json:
            return self._refuse(415, "media_type", "Unsupported Media Type: send application/json")
        if holds_too_much(raw):
            return self._refuse(413, "too_large", f"the body holds more than {MOST_CONTAINERS} objects and lists")
        with big_bodies if len(raw) > BIG else nullcontext():
            body = _json_object(raw)
            sent = Request(self._service.bridge_instance, body, raw, headers) if body is not None else None
            event = source.parse(sent) if sent else None
        if sent is None or event is None:
            return self._refuse(400, "bad_request", "Bad Request: the body must be one JSON object in UTF-8")
        return self._stored(source, event, sent)

    def _stored(self, source: Source, event: Event | Unread, sent: Request) -> tuple[Response, int] | Response:
        try:
            id_, known = self._accept(source, event, sent)
        except CannotStore as problem:
            log.error("event not stored; the sender will try again", because=str(problem))
            answer = jsonify(error="Service Unavailable: the event could not be stored, please send it again")
            answer.headers["Retry-After"] = RETRY_AFTER_SECONDS
            return answer, 503
        log.info("event received", event_id=id_, name=event.name, duplicate=known)
        return jsonify(success=True, event_id=id_, **({"duplicate": True} if known else {}))

    def _refuse(self, status: int, reason: Reason, error: str) -> tuple[Response, int]:
        self._refused(reason, request.remote_addr or "")
        return jsonify(error=error), status


def address_of(source: str) -> str:
    """The path that a source sends to."""
    return "/webhook" if source == "abc" else f"/webhook/{source}"


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
