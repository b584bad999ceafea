"""The routes of the stand-in for Slack: Web API methods as slack_sdk 3.47 calls them, and the incoming webhook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from tools.sandbox.slack import Channel, Message, Slack, SlackError


def blueprint(slack: Slack) -> Blueprint:
    """The routes below `/slack`."""
    routes = Blueprint("slack", __name__)

    def need(scope: str) -> None:
        if scope not in slack.scopes:
            provided = ",".join(sorted(slack.scopes))
            raise SlackError("missing_scope", needed=scope, provided=provided)

    @routes.post("/api/auth.test")
    def auth_test() -> Any:
        _arguments(slack)
        who = {"url": "https://demo.slack.com/", "team": "Demo", "user": "bridge", "team_id": "T0DEMO"}
        answer = _ok({**who, "user_id": "U0BRIDGE", "bot_id": "B0BRIDGE", "is_enterprise_install": False})
        answer.headers["x-oauth-scopes"] = ",".join(sorted(slack.scopes))
        return answer

    @routes.post("/api/chat.postMessage")
    def post_message() -> Any:
        values = _arguments(slack)
        need("chat:write")
        channel = slack.find_channel(str(values.get("channel", "")))
        if channel.is_archived:
            raise SlackError("is_archived")
        if not channel.is_member:
            raise SlackError("not_in_channel")
        message = slack.post(channel, values)
        return _ok({"channel": channel.id, "ts": message.ts, "message": _shown(message, metadata=True)})

    @routes.route("/api/chat.getPermalink", methods=["GET", "POST"])
    def permalink() -> Any:
        """Needs no scope."""
        values = _arguments(slack)
        channel, ts = _by_id(slack, values), str(values.get("message_ts"))
        if not any(message.channel == channel.id and message.ts == ts for message in slack.messages):
            raise SlackError("message_not_found")
        address = f"https://demo.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
        return _ok({"channel": channel.id, "permalink": address})

    @routes.route("/api/conversations.info", methods=["GET", "POST"])
    def info() -> Any:
        values = _arguments(slack)
        channel = _by_id(slack, values)
        need(channel.scope("read"))
        return _ok({"channel": {**_listed(channel), "is_member": channel.is_member}})

    @routes.route("/api/users.conversations", methods=["GET", "POST"])
    def joined() -> Any:
        values = _arguments(slack)
        kinds = str(values.get("types") or "public_channel").split(",")
        for kind, scope in (("public_channel", "channels:read"), ("private_channel", "groups:read")):
            if kind in kinds:
                need(scope)
        found = [
            _listed(channel)
            for channel in slack.channels.values()
            if channel.is_member
            and ("private_channel" if channel.is_private else "public_channel") in kinds
            and not (channel.is_archived and str(values.get("exclude_archived")) in ("1", "true", "True"))
        ]
        page, rest = _page(found, values)
        return _ok({"channels": page, **rest})

    @routes.route("/api/conversations.history", methods=["GET", "POST"])
    def history() -> Any:
        values = _arguments(slack)
        channel = _by_id(slack, values)
        need(channel.scope("history"))
        if not channel.is_member:
            raise SlackError("not_in_channel")
        found = [
            message
            for message in reversed(slack.messages)
            if message.channel == channel.id and (message.thread_ts is None or message.broadcast)
        ]
        return _listing(found, values)

    @routes.route("/api/conversations.replies", methods=["GET", "POST"])
    def replies() -> Any:
        values = _arguments(slack)
        channel, thread = _by_id(slack, values), values.get("ts")
        need(channel.scope("history"))
        found = [m for m in slack.messages if m.channel == channel.id and thread in (m.ts, m.thread_ts)]
        if not found:
            raise SlackError("thread_not_found")
        return _listing(found, values)

    @routes.route("/api/<method>", methods=["GET", "POST"])
    def unknown(method: str) -> Any:
        raise SlackError("unknown_method", req_method=method)

    @routes.post("/services/<path:secret>")
    def webhook(secret: str) -> Any:
        channel = slack.channels.get(slack.webhook_channel)
        if secret != slack.webhook_path:
            return _plain(
                403 if secret.count("/") == 2 else 404, "invalid_token" if secret.count("/") == 2 else "no_team"
            )
        if not slack.webhook_active:
            return _plain(404, "no_service")
        if channel is None:
            return _plain(404, "channel_not_found")
        if channel.is_archived:
            return _plain(410, "channel_is_archived")
        values = _webhook_values()
        if values is None:
            return _plain(400, "invalid_payload")
        try:
            slack.post(channel, values, "webhook")
        except SlackError as error:
            status = error.status if error.status != 200 else 400
            return _plain(status, "rate_limited" if status == 429 else error.error, error.headers)
        return _plain(200, "ok")

    @routes.errorhandler(SlackError)
    def refused(error: SlackError) -> Response:
        return _json(error.status, {"ok": False, "error": error.error, **error.more}, error.headers)

    return routes


def _arguments(slack: Slack) -> dict[str, Any]:
    """The call's arguments, from JSON or a form, after the token was checked. Raises SlackError."""
    values: dict[str, Any] = dict(request.args)
    token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if request.mimetype == "application/json" and request.get_data():  # slack_sdk also sends this type without a body
        given = request.get_json(silent=True)
        if not isinstance(given, dict):
            raise SlackError("invalid_json" if given is None else "json_not_object")
        values |= given
    else:
        for key, text in request.form.items():
            values[key] = _parsed(text) if key in ("blocks", "attachments", "metadata") else text
        for flag in ("reply_broadcast", "include_all_metadata"):
            if flag in values:
                values[flag] = values[flag] in ("1", "true", "True")
        token = token or str(values.get("token", ""))
    if not token:
        raise SlackError("not_authed")
    if token != slack.token:
        raise SlackError("invalid_auth")
    return values


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise SlackError("invalid_json") from None


def _webhook_values() -> dict[str, Any] | None:
    text = request.form.get("payload") or request.get_data(as_text=True)
    try:
        values = json.loads(text)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def _by_id(slack: Slack, values: Mapping[str, Any]) -> Channel:
    """The channel of a method that reads: these methods accept only ids."""
    channel = slack.channels.get(str(values.get("channel", "")))
    if channel is None:
        raise SlackError("channel_not_found")
    return channel


def _listing(found: list[Message], values: Mapping[str, Any]) -> Response:
    oldest, latest = str(values.get("oldest") or "0"), str(values.get("latest") or "9999999999.999999")
    inclusive = str(values.get("inclusive", "")) in ("1", "true", "True")
    if inclusive:
        found = [message for message in found if float(oldest) <= float(message.ts) <= float(latest)]
    else:
        found = [message for message in found if float(oldest) < float(message.ts) < float(latest)]
    metadata = values.get("include_all_metadata") in (True, "1", "true")
    page, rest = _page([_shown(message, metadata=metadata) for message in found], values)
    return _ok({"messages": page, "has_more": bool(rest["response_metadata"]["next_cursor"]), **rest})


def _page(found: list[Any], values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """A page, and the cursor to the next ("" at the end)."""
    limit, start = int(values.get("limit") or 100), int(values.get("cursor") or 0)
    cursor = str(start + limit) if start + limit < len(found) else ""
    return found[start : start + limit], {"response_metadata": {"next_cursor": cursor}}


def _listed(channel: Channel) -> dict[str, Any]:
    state = {"is_channel": True, "is_private": channel.is_private, "is_archived": channel.is_archived}
    return {"id": channel.id, "name": channel.name, **state}


def _shown(message: Message, *, metadata: bool) -> dict[str, Any]:
    ours = message.by in ("bot", "webhook")
    shown: dict[str, Any] = {"type": "message", "ts": message.ts, "text": message.text, "blocks": message.blocks}
    shown |= {"user": "U0BRIDGE", "bot_id": "B0BRIDGE"} if ours else {"user": "U0ANOTHER", "bot_id": "B0ANOTHER"}
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.broadcast:
        shown["subtype"] = "thread_broadcast"
    if message.metadata and metadata:
        shown["metadata"] = message.metadata
    return shown


def _ok(values: Mapping[str, Any]) -> Response:
    return _json(200, {"ok": True, **values})


def _json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, headers, content_type="application/json; charset=utf-8")


def _plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(text, status, headers, content_type="text/html")
