"""The admin API of ABC User Feedback: webhooks and channels of a project (docs/sources/abc.md).

It takes no API key: a person signs in. The sign-in lasts ten minutes, so a client is made for one task and thrown away.
Nothing is tried again here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import requests
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from bridge.http import new_session
from sources.abc.call import call
from sources.abc.errors import AbcError, not_understood, refusal, words_of

Permission = Literal["project_webhook_read", "project_webhook_create", "project_webhook_update"]
ON, OFF = "ACTIVE", "INACTIVE"
MOST_CHANNELS = 1000
"""Channels of a project that are asked for, in one page."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook of a project. `events`: those that are on, each with the ids of its channels (none for the events that
    are about issues alone)."""

    name: str
    url: str
    active: bool
    token: SecretStr | None
    events: Mapping[str, frozenset[int]]
    id: int = 0
    """0 for one that does not exist yet."""


class _Channel(BaseModel):
    id: int
    name: str = ""


class _Event(BaseModel):
    type: str
    status: str
    channels: list[_Channel] = []


class _Webhook(BaseModel):
    id: int
    name: str
    url: str
    status: str
    token: SecretStr | None = None
    events: list[_Event]

    def plain(self) -> Webhook:
        events = {
            event.type: frozenset(channel.id for channel in event.channels)
            for event in self.events
            if event.status == ON
        }
        return Webhook(self.name, self.url, self.status == ON, self.token, events, self.id)


class _Items(BaseModel):
    items: list[Any]


class _Created(BaseModel):
    id: int


_CHANNELS = TypeAdapter(list[_Channel])
_WEBHOOKS = TypeAdapter(list[_Webhook])


class AdminClient:
    """For one task of one thread. Every method raises AbcError.

    `url`: as ABC_API_URL, with or without `/api`.
    """

    def __init__(self, url: str, email: str, password: SecretStr, session: requests.Session | None = None) -> None:
        self._base = url.rstrip("/").removesuffix("/api") + "/api/admin"
        self._email = email
        self._password = password
        self._session = session or new_session(1)
        self._token: SecretStr | None = None

    def channels(self, project: int) -> dict[int, str]:
        """The name of each channel of the project, by its id; none also where there is no such project."""
        query = urlencode({"limit": MOST_CHANNELS, "page": 1})
        found = self._call("GET", project, f"/channels?{query}", None)
        rows = _read(_CHANNELS, _read(TypeAdapter(_Items), found, "channels").items, "channels")
        return {row.id: row.name for row in rows}

    def webhooks(self, project: int) -> list[Webhook]:
        """Those of the project, by id."""
        found = self._call("GET", project, "/webhooks", "project_webhook_read")
        rows = _read(_WEBHOOKS, _read(TypeAdapter(_Items), found, "webhooks").items, "webhooks")
        return sorted((row.plain() for row in rows), key=lambda webhook: webhook.id)

    def save(self, project: int, webhook: Webhook) -> Webhook:
        """Creates the webhook, or replaces the one with its id as a whole, and returns it as ABC shows it then."""
        body = _body(webhook)
        if webhook.id:
            self._call("PUT", project, f"/webhooks/{webhook.id}", "project_webhook_update", body)
            id_ = webhook.id
        else:
            created = self._call("POST", project, "/webhooks", "project_webhook_create", body)
            id_ = _read(TypeAdapter(_Created), created, "the id of a webhook").id
        found = self._call("GET", project, f"/webhooks/{id_}", "project_webhook_read")  # a list of one
        rows = _read(_WEBHOOKS, found, "a webhook")
        if [row.id for row in rows] != [id_]:
            raise AbcError("server_error", f"ABC User Feedback saved webhook {id_}, but does not show it", again=True)
        saved: _Webhook = rows[0]
        return saved.plain()

    def _call(self, method: str, project: int, path: str, permission: Permission | None, body: Any = None) -> Any:
        if self._token is None:
            self._token = self._signed_in()
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        where = f"project {project} of ABC User Feedback"
        return self._send(method, f"/projects/{project}{path}", headers, body, self._missing(permission, where))

    def _signed_in(self) -> SecretStr:
        body = {"email": self._email, "password": self._password.get_secret_value()}
        advice = "look at ABC_API_URL, and at a proxy before ABC"
        found = self._send("POST", "/auth/signIn/email", {}, body, advice)
        if not isinstance(found, dict) or not isinstance(found.get("accessToken"), str) or not found["accessToken"]:
            raise not_understood("a sign-in")
        return SecretStr(found["accessToken"])

    def _missing(self, permission: Permission | None, where: str) -> str:
        if permission is None:
            return f"the user of ABC_ADMIN_EMAIL must be a member of {where}"
        return f"the role of the user of ABC_ADMIN_EMAIL in {where} needs the permission {permission}"

    def _send(self, method: str, path: str, headers: dict[str, str], body: Any, forbidden: str) -> Any:
        """`forbidden`: what to do about a 403."""
        answer, found = call(self._session, method, self._base + path, headers=headers, json_body=body)
        if answer.ok:
            return found
        raise _refusal(answer.status, found, answer.retry_after, answer.request, forbidden)


def _refusal(status: int, body: Any, retry_after: float | None, request: str, forbidden: str) -> AbcError:
    """As `refusal`, with the advice that fits a person who has signed in."""
    known = words_of(body, request)
    answered = f"ABC User Feedback answered {status}" + (f": {known}" if known else "")
    code = body.get("code") if isinstance(body, dict) else None
    if status == 404 and code in ("PasswordNotMatch", "UserNotFound"):
        wrong = "ABC_ADMIN_PASSWORD is not the password" if code == "PasswordNotMatch" else "ABC knows no user"
        return AbcError("auth", f"{answered}. {wrong} of ABC_ADMIN_EMAIL", again=False)
    if status == 403:
        return AbcError("auth", f"{answered}. To do: {forbidden}", again=False)
    if status == 401:
        advice = "the sign-in of ABC_ADMIN_EMAIL is no longer accepted; run the command again"
        return AbcError("auth", f"{answered}. To do: {advice}", again=False)
    if status == 400 and "url must be" in known:
        return AbcError("invalid", f"{answered}. It refuses names without a dot, such as localhost", again=False)
    if status == 400 and "event and channels" in known:
        return AbcError("invalid", f"{answered}. One of the channels does not exist (any more)", again=False)
    return refusal(status, body, retry_after, request)


def _body(webhook: Webhook) -> dict[str, Any]:
    return {
        "name": webhook.name,
        "url": webhook.url,
        "status": ON if webhook.active else OFF,
        "token": webhook.token.get_secret_value() if webhook.token else None,
        "events": [
            {"type": name, "status": ON, "channelIds": sorted(channels)} for name, channels in webhook.events.items()
        ],
    }


def _read(kind: TypeAdapter[Any], value: Any, what: str) -> Any:
    try:
        return kind.validate_python(value)
    except (ValidationError, RecursionError):
        raise not_understood(what) from None
