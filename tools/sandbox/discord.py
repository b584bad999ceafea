"""The stand-in for Discord's webhooks: one channel, with the limits of a message and of the rate.

Discord documents the fields, the limits of texts, the error codes and the headers of rate limits. It does not document
how many messages a webhook accepts: 5 in 2 seconds is what the headers usually report.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request

from tools.sandbox.web import Refusal, blueprint_of, json_answer, parsed
from tools.sandbox.windows import Window

WEBHOOK, TOKEN = "112233445566778899", "made-up-token_of-a-discord-webhook"
WEBHOOK_PATH = f"api/webhooks/{WEBHOOK}/{TOKEN}"
TEXTS = {"content": 2000, "title": 256, "description": 4096, "name": 256, "value": 1024}
ALL_EMBEDS = 6000
FIELDS = {"content", "embeds", "allowed_mentions", "username", "avatar_url", "tts", "flags", "components", "poll"}
PING = re.compile(r"@everyone|@here|<@[&!]?\d+>")


@dataclass(frozen=True)
class Message:
    """`pings`: the people that the message would notify."""

    id: str
    content: str
    embeds: list[dict[str, Any]]
    pings: list[str]


class DiscordError(Refusal):
    def __init__(self, status: int, code: int, message: str, errors: Any = None) -> None:
        super().__init__(status, {"message": message, "code": code, **({"errors": errors} if errors else {})})


@dataclass
class Discord:
    """One webhook. `is_forum`: whether its channel accepts only threads; `has_limits`: whether it has a rate limit."""

    token: str = TOKEN
    exists: bool = True
    is_forum: bool = False
    has_limits: bool = True
    messages: list[Message] = field(default_factory=list)
    window: Window = field(default_factory=lambda: Window(5, 2.0))

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    def find(self, webhook: str, token: str) -> None:
        """Checks the address. Raises DiscordError."""
        if not self.exists or webhook != WEBHOOK:
            raise DiscordError(404, 10015, "Unknown Webhook")
        if token != self.token:
            raise DiscordError(401, 50027, "Invalid Webhook Token")

    def post(self, raw: bytes, thread: str) -> Message:
        """Checks and stores a message. Raises DiscordError."""
        values = parsed(raw, DiscordError(400, 50109, "The request body contains invalid JSON."))
        if problems := _problems(values):
            raise DiscordError(400, 50035, "Invalid Form Body", problems)
        if not values.get("content") and not values.get("embeds"):
            raise DiscordError(400, 50006, "Cannot send an empty message")
        if self.is_forum and not thread:
            raise DiscordError(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
        content, embeds = values.get("content", ""), values.get("embeds", [])
        pings = [] if values.get("allowed_mentions") == {"parse": []} else PING.findall(content)
        with self.lock:
            message = Message(str(10**17 + len(self.messages)), content, embeds, pings)
            self.messages.append(message)
        return message


def _problems(values: Any) -> dict[str, Any]:
    """The tree of errors, in Discord's form."""
    if not isinstance(values, dict) or not values.keys() <= FIELDS:
        return _tree("_", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    if problem := _too_long("content", values.get("content", "")):
        return problem
    embeds = values.get("embeds", [])
    if not isinstance(embeds, list) or len(embeds) > 10:
        return _tree("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    length = 0
    for embed in embeds:
        fields = embed.get("fields", [])
        if not (embed.get("title") or embed.get("description") or fields) or len(fields) > 25:
            return _tree("embeds", "BASE_TYPE_REQUIRED", "This field is required")
        if not 0 <= embed.get("color", 0) <= 0xFFFFFF:
            return _tree("embeds", "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")
        parts = [(name, embed.get(name, "")) for name in ("title", "description")]
        parts += [(name, item.get(name)) for item in fields for name in ("name", "value")]
        if any(not item.get("name") or not item.get("value") for item in fields):
            return _tree("embeds", "BASE_TYPE_REQUIRED", "This field is required")
        for name, text in parts:
            if problem := _too_long(name, text):
                return problem
            length += len(text)
    return _tree("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds 6000") if length > ALL_EMBEDS else {}


def _too_long(name: str, text: Any) -> dict[str, Any]:
    if not isinstance(text, str):
        return _tree(name, "STRING_TYPE_CONVERT", "Could not interpret as string.")
    most = TEXTS[name]
    return _tree(name, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.") if len(text) > most else {}


def _tree(name: str, code: str, message: str) -> dict[str, Any]:
    return {name: {"_errors": [{"code": code, "message": message}]}}


def blueprint(discord: Discord) -> Blueprint:
    """The routes below `/discord`."""
    routes = blueprint_of("discord")

    @routes.post("/api/webhooks/<webhook>/<token>")
    def execute(webhook: str, token: str) -> Any:
        discord.find(webhook, token)
        window = discord.window
        is_taken = window.take() or not discord.has_limits
        seconds = window.seconds if is_taken else window.wait
        headers = {
            "X-RateLimit-Limit": str(window.most),
            "X-RateLimit-Remaining": str(window.left if discord.has_limits else window.most),
            "X-RateLimit-Reset-After": f"{seconds:.3f}",
        }
        if not is_taken:
            body = {"message": "You are being rate limited.", "retry_after": round(seconds, 3), "global": False}
            return json_answer(429, body, {**headers, "Retry-After": str(int(seconds) + 1)})
        if request.mimetype != "application/json":
            raise DiscordError(400, 50109, "The request body contains invalid JSON.")
        waits = request.args.get("wait") == "true"
        try:
            message = discord.post(request.get_data(), request.args.get("thread_id", ""))
        except DiscordError:
            if waits:
                raise
            return Response("", 204, headers)  # the answer does not show that the message was not stored
        if not waits:
            return Response("", 204, headers)
        return json_answer(200, {"id": message.id, "content": message.content, "channel_id": "1"}, headers)

    @routes.get("/api/webhooks/<webhook>/<token>")
    def show(webhook: str, token: str) -> Any:
        discord.find(webhook, token)
        return json_answer(200, {"id": WEBHOOK, "name": "feedback", "channel_id": "1", "guild_id": "2", "token": TOKEN})

    return routes
