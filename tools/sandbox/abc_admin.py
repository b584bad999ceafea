"""The part of ABC User Feedback's admin API that is about webhooks. It needs a person's sign-in, not an API key."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, g, request

from tools.sandbox.abc import Abc
from tools.sandbox.abc_rules import Refusal, number, server_fault
from tools.sandbox.abc_sender import Webhook as Subscription
from tools.sandbox.abc_store import now

EMAIL = "admin@example.com"
PASSWORD = "Passw0rd!123"  # the one in the recorded requests
PERMISSIONS = frozenset(f"project_webhook_{what}" for what in ("read", "create", "update", "delete"))
STATUSES = ("ACTIVE", "INACTIVE")
OF_CHANNELS = ("FEEDBACK_CREATION", "ISSUE_ADDITION")
OF_PROJECT = ("ISSUE_CREATION", "ISSUE_STATUS_CHANGE")
TOKEN_RULE = (
    "Token must be at least 16 characters long and contain only alphanumeric characters, dots, hyphens, "
    "and underscores."
)


@dataclass
class User:
    email: str
    password: str
    permissions: frozenset[str] = PERMISSIONS


@dataclass
class EventRow:
    id: int
    type: str
    status: str
    channels: list[int]
    createdAt: str = field(default_factory=now)


@dataclass
class WebhookRow:
    id: int
    project: int
    name: str
    url: str
    token: str | None
    status: str
    events: list[EventRow]
    createdAt: str = field(default_factory=now)
    updatedAt: str = field(default_factory=now)


class Admin:
    """Users, their sign-ins, and the webhooks that they registered. Each change applies to the next event."""

    def __init__(self, abc: Abc) -> None:
        self.abc = abc
        self.users = {EMAIL: User(EMAIL, PASSWORD)}
        self.webhooks: dict[int, WebhookRow] = {}
        self.signed_in: dict[str, User] = {}
        """By access token."""

    def sign_in(self, email: object, password: object) -> dict[str, str]:
        user = self.users.get(str(email))
        if user is None:
            raise Refusal(404, {"code": "UserNotFound", "message": "User is not found"})
        if user.password != password:
            raise Refusal(404, {"code": "PasswordNotMatch", "message": "Password is not matched"})
        access, refresh = (f"header.{secrets.token_hex(16)}.signature" for _ in range(2))
        self.signed_in[access] = user
        return {"accessToken": access, "refreshToken": refresh}

    def check(self, permission: str | None) -> None:
        """Raises Refusal unless the request is that of a signed-in user, with this permission."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        user = self.signed_in.get(token) if scheme == "Bearer" else None
        if user is None:
            raise Refusal(401, "Invalid jwt", "Unauthorized")
        if permission is not None and permission not in user.permissions:
            raise Refusal(403, "Forbidden resource", "Forbidden")

    def save(self, project: int, id_: int | None, body: Any) -> WebhookRow:
        """Adds a webhook or, with `id_`, replaces an existing one completely."""
        body = body if isinstance(body, Mapping) else {}
        if problems := list(_problems(body)):
            raise Refusal(400, problems)
        with self.abc.lock:
            if id_ is not None and id_ not in self.webhooks:
                raise Refusal(404, {"code": "WebhookNotFound", "message": "Webhook not found"})
            for row in self.webhooks.values():
                if (row.project, row.name) == (project, body["name"]) and row.id != id_:
                    raise Refusal(400, {"code": "WebhookAlreadyExists", "message": "Webhook already exists"})
            if not all(self._fits(event) for event in body["events"]):
                raise Refusal(400, "invalid webhook event and channels")
            if project not in self.abc.projects:
                raise server_fault()
            events = [
                EventRow(self.abc.next_id("event"), event["type"], event["status"], list(event["channelIds"]))
                for event in body["events"]
            ]
            number_ = self.abc.next_id("webhook") if id_ is None else id_
            row = WebhookRow(number_, project, body["name"], body["url"], body["token"], body["status"], events)
            if id_ is not None:
                row.createdAt = self.webhooks[id_].createdAt
            self.webhooks[number_] = row
            self._subscribe()
        return row

    def delete(self, id_: int) -> None:
        with self.abc.lock:
            del self.webhooks[id_]
            self._subscribe()

    def _fits(self, event: Mapping[str, Any]) -> bool:
        """Whether the event has the channels that its type needs, and they exist in any project."""
        channels = event.get("channelIds")
        if not isinstance(channels, list):
            raise server_fault()
        if event.get("type") in OF_CHANNELS:
            return len({id_ for id_ in channels if id_ in self.abc.channels}) == len(channels)
        return event.get("type") in OF_PROJECT and not channels

    def _subscribe(self) -> None:
        """Makes the sender send to all registered webhooks, and to those that a test subscribed itself."""
        kept = [webhook for webhook in self.abc.sender.webhooks if not webhook.registered]
        for row in self.webhooks.values():
            for event in row.events if row.status == "ACTIVE" else ():
                if event.status == "ACTIVE":
                    channels = frozenset(event.channels) if event.type in OF_CHANNELS else None
                    events = frozenset({event.type})
                    kept.append(Subscription(row.url, row.token, row.project, events, channels, registered=True))
        self.abc.sender.webhooks = kept

    def as_answer(self, row: WebhookRow) -> dict[str, Any]:
        return {
            "id": row.id,
            "createdAt": row.createdAt,
            "updatedAt": row.updatedAt,
            "deletedAt": None,
            "name": row.name,
            "url": row.url,
            "token": row.token,
            "status": row.status,
            "events": [
                {
                    "id": event.id,
                    "createdAt": event.createdAt,
                    "updatedAt": event.createdAt,
                    "deletedAt": None,
                    "status": event.status,
                    "type": event.type,
                    "channels": [self._channel(id_) for id_ in event.channels if id_ in self.abc.channels],
                }
                for event in row.events
            ],
        }

    def _channel(self, id_: int) -> dict[str, Any]:
        return {
            "id": id_,
            "createdAt": self.abc.channels[id_].createdAt,
            "updatedAt": self.abc.channels[id_].createdAt,
            "deletedAt": None,
            "name": self.abc.channels[id_].name,
            "description": None,
            "imageConfig": None,
            "feedbackSearchMaxDays": self.abc.channels[id_].search_max_days,
        }

    def channels(self, project: int, limit: int, page: int) -> dict[str, Any]:
        """A page of the project's channels; an empty page if the project does not exist."""
        with self.abc.lock:
            found = [id_ for id_, row in self.abc.channels.items() if row.project == project]
            shown = [self._channel(id_) for id_ in found[(page - 1) * limit : page * limit]]
        for channel in shown:
            del channel["deletedAt"], channel["feedbackSearchMaxDays"]
        meta = {
            "itemCount": len(shown),
            "totalItems": len(found),
            "itemsPerPage": limit,
            "totalPages": -(-len(found) // limit),
            "currentPage": page,
        }
        return {"items": shown, "meta": meta}


def add_routes(routes: Blueprint, admin: Admin) -> None:
    """The routes below `/abc/api/admin`. The project of the path is `g.project`, as for the public API."""

    def add(method: str, rule: str, permission: str | None, view: Callable[..., Any]) -> None:
        def checked(**values: str) -> Any:
            admin.check(permission)
            return view(**values)

        routes.add_url_rule(f"/api/admin{rule}", f"admin {method} {rule}", checked, methods=[method])

    def sign_in() -> Any:
        body = g.body if isinstance(g.body, Mapping) else {}
        return admin.sign_in(body.get("email"), body.get("password")), 201

    def create() -> Any:
        return {"id": admin.save(number(g.project), None, g.body).id}, 201

    def update(webhook: str) -> Any:
        return {"id": admin.save(number(g.project), number(webhook), g.body).id}

    def listed() -> Any:
        project = number(g.project)
        return {"items": [admin.as_answer(row) for row in admin.webhooks.values() if row.project == project]}

    def one(webhook: str) -> Any:
        """Answers with a list (measured)."""
        return [admin.as_answer(row) for row in admin.webhooks.values() if row.id == number(webhook)]

    def channels() -> Any:
        return admin.channels(number(g.project), _page("limit", 10), _page("page", 1))

    routes.add_url_rule("/api/admin/auth/signIn/email", "admin sign in", sign_in, methods=["POST"])
    webhooks = "/projects/<project>/webhooks"
    add("POST", webhooks, "project_webhook_create", create)
    add("GET", webhooks, "project_webhook_read", listed)
    add("GET", f"{webhooks}/<webhook>", "project_webhook_read", one)
    add("PUT", f"{webhooks}/<webhook>", "project_webhook_update", update)
    add("GET", "/projects/<project>/channels", None, channels)


def _page(name: str, default: int) -> int:
    text = request.args.get(name, "")
    return max(1, int(text)) if text.isascii() and text.isdigit() else default


def _problems(body: Mapping[str, Any]) -> Any:
    """The validator's messages about a body."""
    name, url, token = body.get("name"), body.get("url"), body.get("token")
    if not isinstance(name, str) or not name:
        yield "name should not be empty"
    if not isinstance(url, str) or not _is_url(url):
        yield "url must be a URL address"
    if body.get("status") not in STATUSES:
        yield "status must be one of the following values: ACTIVE, INACTIVE"
    if not isinstance(body.get("events"), list):
        yield "events must be an array"
    if token is not None and not (isinstance(token, str) and re.fullmatch(r"[A-Za-z0-9._-]{16,}", token)):
        yield TOKEN_RULE


def _is_url(text: str) -> bool:
    """Whether ABC accepts this URL: a name with a dot, or an IP address; the scheme may be missing (measured)."""
    host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return "." in host.strip(".")
    return True
