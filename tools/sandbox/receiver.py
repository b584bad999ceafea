"""A receiver of webhooks that checks them as Standard Webhooks and GitHub require."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request

SECRET = "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gh"
OTHER_SECRET = "whsec_YW5vdGhlci1hbm90aGVyLWFub3RoZXIh"
KEY = "the-receivers-own-key"
WINDOW = 300
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Received:
    """One request, as it arrived. Header names are in lower case."""

    method: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")


@dataclass
class Receiver:
    """`proof`: the required signature (`standard`, `github`, `none`); `key`: the required value of the header `x-key`,
    "" for none."""

    secret: str = SECRET
    proof: str = "standard"
    key: str = ""
    types: frozenset[str] = frozenset({"application/json", "application/x-www-form-urlencoded"})
    """Of the bodies that it takes."""
    requests: list[Received] = field(default_factory=list)
    """Every accepted request, including those that repeat a webhook."""

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    @property
    def webhooks(self) -> dict[str, Received]:
        """The webhooks that it acted on: the first request of each id."""
        with self.lock:
            return {taken.id: taken for taken in reversed(self.requests)}

    def refusal(self, taken: Received) -> tuple[int, str] | None:
        """Status and code of the refusal; None for a valid request."""
        if self.key and not hmac.compare_digest(taken.headers.get("x-key", ""), self.key):
            return 401, "no_key"
        if not re.fullmatch(r"[!-~]{1,200}", taken.id):
            return 400, "no_id"
        if self.proof == "github" and not hmac.compare_digest(
            taken.headers.get("x-hub-signature-256", ""), hub_signature(self.secret, taken.body)
        ):
            return 401, "bad_signature"
        return self._standard(taken) if self.proof == "standard" else None

    def _standard(self, taken: Received) -> tuple[int, str] | None:
        timestamp = taken.headers.get("webhook-timestamp", "")
        if not re.fullmatch("[0-9]{10}", timestamp) or abs(time.time() - int(timestamp)) > WINDOW:
            return 401, "old_timestamp"
        key = base64.b64decode(self.secret.removeprefix("whsec_"), validate=True)
        signed = f"{taken.id}.{timestamp}.".encode() + taken.body
        right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        given = taken.headers.get("webhook-signature", "").split(" ")
        return None if any(hmac.compare_digest(one, right) for one in given) else (401, "bad_signature")


def hub_signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def blueprint(receiver: Receiver) -> Blueprint:
    """The routes below `/outgoing`: `hook`."""
    routes = Blueprint("outgoing", __name__)

    @routes.route("/hook", methods=METHODS)
    def take() -> Any:
        headers = {name.lower(): value for name, value in request.headers.items()}
        taken = Received(request.method, request.query_string.decode(), headers, request.get_data())
        if taken.body and request.mimetype not in receiver.types:
            return {"code": "media_type"}, 415
        if (
            taken.body
            and request.mimetype == "application/json"
            and not isinstance(request.get_json(silent=True), dict)
        ):
            return {"code": "bad_json"}, 400
        if refusal := receiver.refusal(taken):
            return {"code": refusal[1]}, refusal[0]
        with receiver.lock:
            receiver.requests.append(taken)
        return Response("", 202)

    return routes
