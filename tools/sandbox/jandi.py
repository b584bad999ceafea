"""The stand-in for JANDI's incoming webhook: one address, one topic, and its refusals.

JANDI documents the required headers, the fields, the limits and the codes. It does not document the HTTP status and the
JSON of an error: 400 with `code` and `message` is a guess.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request

from tools.sandbox.web import Refusal, blueprint_of, parsed
from tools.sandbox.windows import Window

TEAM, TOKEN = "12345678", "0123456789abcdef0123456789abcdef"
WEBHOOK_PATH = f"connect-api/webhook/{TEAM}/{TOKEN}"
ACCEPT = "application/vnd.tosslab.jandi-v2+json"
MOST_BYTES = 256 * 1024
SHOWN = 5000


@dataclass(frozen=True)
class Message:
    """A message as a person sees it: `body` is cut to the visible part."""

    body: str
    colour: str
    info: list[dict[str, Any]]
    email: str = ""


class JandiError(Refusal):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(code // 100, {"code": code, "message": message})


@dataclass
class Jandi:
    """One team with one webhook. `has_limits`: whether it has a rate limit."""

    token: str = TOKEN
    active: bool = True
    has_limits: bool = True
    messages: list[Message] = field(default_factory=list)
    windows: tuple[Window, ...] = field(default_factory=lambda: (Window(60), Window(500, 600.0)))

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    def take(self, team: str, token: str) -> None:
        """Checks the address, and counts the request. Raises JandiError."""
        if not team.isdecimal() or not re.fullmatch("[0-9a-f]{32}", token):
            raise JandiError(40000, "Invalid webhook token format")
        if token != self.token or not self.active:
            raise JandiError(40000, "Invalid webhook (inactive or deleted)")
        with self.lock:
            if self.has_limits and not all(window.left for window in self.windows):
                raise JandiError(42900, "Too Many Requests")
            for window in self.windows:
                window.take()

    def post(self, raw: bytes) -> None:
        """Checks and stores a message. Raises JandiError."""
        if len(raw) > MOST_BYTES:
            raise JandiError(40000, "Invalid request data: too large")
        values = parsed(raw, JandiError(40000, "Invalid request data format"))
        if problem := _problem(values):
            raise JandiError(40000, f"Invalid request data format: {problem}")
        message = Message(
            values["body"][:SHOWN],
            values.get("connectColor", ""),
            values.get("connectInfo", []),
            values.get("email", ""),
        )
        with self.lock:
            self.messages.append(message)


def _problem(values: Any) -> str:
    if not isinstance(values, dict):
        return "not an object"
    body, colour = values.get("body"), values.get("connectColor", "#000000")
    if not isinstance(body, str) or not body.strip():
        return "body"
    if not isinstance(colour, str) or not re.fullmatch("#[0-9A-Fa-f]{6}", colour):
        return "connectColor"
    info = values.get("connectInfo", [])
    if not isinstance(info, list) or not all(isinstance(item, dict) for item in info):
        return "connectInfo"
    texts = [text for item in info for text in item.values()]
    return "" if all(isinstance(text, str) for text in [*texts, values.get("email", "")]) else "a text"


def blueprint(jandi: Jandi) -> Blueprint:
    """The routes below `/jandi`."""
    routes = blueprint_of("jandi")

    @routes.post("/connect-api/webhook/<team>/<token>")
    def post(team: str, token: str) -> Any:
        jandi.take(team, token)
        if request.headers.get("Accept") != ACCEPT:
            raise JandiError(40000, "Invalid request data format: Accept")
        if request.mimetype != "application/json":
            raise JandiError(40000, "Invalid request data format: Content-Type")
        jandi.post(request.get_data())
        return Response("", 200)

    return routes
