"""The stand-in for a Mattermost server with one incoming webhook: how it shows, splits, cuts and refuses texts.

From the server's source: server/channels/web/webhook.go and server/channels/app/webhook.go.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request

from tools.sandbox.web import Refusal, blueprint_of, parsed

HOOK = "madeuphookofmattermost0001"
WEBHOOK_PATH = f"hooks/{HOOK}"
MOST_TEXT = 16_383
MOST_PROPS = 8000 - 400
"""Characters of the JSON in which attachments are kept."""
SLACK_LINK = re.compile(r"<([^\n<|>]+)\|([^|\n>]+)>")
SLACK_MENTIONS = {"<!channel>": "@channel", "<!here>": "@here", "<!all>": "@all"}
MENTION = re.compile(r"(?<!\w)@[a-z][a-z0-9._-]*")


@dataclass(frozen=True)
class Post:
    """`mentions`: the people that the post notifies."""

    text: str
    attachments: list[dict[str, Any]]
    mentions: list[str]


class MattermostError(Refusal):
    def __init__(self, status: int, id_: str, message: str) -> None:
        body = {"id": f"{id_}.app_error", "message": message, "detailed_error": "", "status_code": status}
        super().__init__(status, body)


@dataclass
class Mattermost:
    """`is_enabled`: whether the server accepts webhooks; `may_post`: whether the creator of the webhook may post in the
    channel."""

    hook: str = HOOK
    is_enabled: bool = True
    may_post: bool = True
    channel_exists: bool = True
    fails_to_store: bool = False
    left: int | None = None
    """How many more requests it accepts; None: no limit, as on a new server."""
    messages: list[Post] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    def post(self, hook: str, raw: bytes) -> None:
        """Stores a message. Raises MattermostError."""
        if not self.is_enabled:
            raise MattermostError(501, "web.incoming_webhook.disabled", "Incoming webhooks have been disabled.")
        values = _parsed(raw)
        if hook != self.hook:
            raise MattermostError(400, "web.incoming_webhook.invalid", "Invalid webhook.")
        if not values.get("text") and not values.get("attachments"):
            raise MattermostError(400, "web.incoming_webhook.text", "No text specified.")
        if not self.channel_exists:
            raise MattermostError(404, "app.channel.get.existing", "Unable to find the existing channel.")
        if "channel" in values:
            raise MattermostError(403, "web.incoming_webhook.channel_locked", "This webhook is locked to its channel.")
        if not self.may_post:
            raise MattermostError(403, "web.incoming_webhook.permissions", "Inappropriate channel permissions.")
        posts = _posts(values)
        with self.lock:
            self.messages += posts[:-1] if self.fails_to_store else posts
        if self.fails_to_store:
            raise MattermostError(500, "api.post.create_webhook_post.creating", "Error creating post.")


def _parsed(raw: bytes) -> dict[str, Any]:
    values = parsed(raw, MattermostError(400, "web.incoming_webhook.parse", "Unable to parse incoming data."))
    attachments = values.get("attachments", []) if isinstance(values, dict) else None
    fine = isinstance(attachments, list) and all(
        isinstance(one, dict) and isinstance(one.get("fields", []), list) for one in attachments
    )
    if not fine or not isinstance(values.get("text", ""), str):
        raise MattermostError(400, "web.incoming_webhook.decode", "Could not decode the payload.")
    return dict(values)


def _posts(values: dict[str, Any]) -> list[Post]:
    """The posts of a message: several if the text is too long for one. An attachment that is too long is cut or
    refused."""
    text = _from_slack(values.get("text", ""))
    pieces = [text[start : start + MOST_TEXT] for start in range(0, len(text), MOST_TEXT)] or [""]
    attachments = [
        {**one, "text": _from_slack(one.get("text", "")), "fields": [_field(item) for item in one.get("fields", [])]}
        for one in values.get("attachments", [])
    ]
    for one in attachments:
        too_many = kept_length({"attachments": [one]}) - MOST_PROPS
        if too_many > len(one["text"]):
            raise MattermostError(400, "web.incoming_webhook.split_props_length", "Unable to split webhook props.")
        if too_many > 0:
            one["text"] = one["text"][: len(one["text"]) - too_many]
    shown = [_post(piece, []) for piece in pieces[:-1]]
    return [*shown, _post(pieces[-1], attachments)]


def _post(text: str, attachments: list[dict[str, Any]]) -> Post:
    parts = [text, *(part for one in attachments for part in _texts(one))]
    return Post(text, attachments, [name for part in parts for name in MENTION.findall(part)])


def _texts(attachment: dict[str, Any]) -> list[str]:
    return [attachment["text"], *(str(item["value"]) for item in attachment["fields"])]


def _field(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "value": _from_slack(str(item.get("value", "")))}


def _from_slack(text: str) -> str:
    for mention, name in SLACK_MENTIONS.items():
        text = text.replace(mention, name)
    return SLACK_LINK.sub(r"[\2](\1)", text)


def kept_length(props: Any) -> int:
    """The number of characters of the JSON as Go writes it: without blanks, and six for each of `<`, `>` and `&`."""
    text = json.dumps(props, ensure_ascii=False, separators=(",", ":"))
    return len(text) + 5 * sum(map(text.count, "<>&\u2028\u2029"))


def blueprint(mattermost: Mattermost) -> Blueprint:
    """The routes below `/mattermost`."""
    routes = blueprint_of("mattermost")

    @routes.post("/hooks/<hook>")
    def post(hook: str) -> Any:
        headers = {}
        if mattermost.left is not None:
            mattermost.left -= 1
            headers = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": str(max(mattermost.left, 0))}
            headers["X-RateLimit-Reset"] = "3"
            if mattermost.left < 0:
                return Response("limit exceeded\n", 429, {**headers, "Retry-After": "3"})
        if request.mimetype != "application/json":
            raise MattermostError(400, "web.incoming_webhook.parse", "Unable to parse incoming data.")
        mattermost.post(hook, request.get_data())
        return Response("ok", 200, headers, content_type="text/plain")

    return routes
