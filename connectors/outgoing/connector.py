"""Sends one webhook for each event. All attempts have the same id; each has its own time and signature."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode, urlsplit

from bridge.http import SMALL_ANSWER_BYTES, Forbidden, new_session, send
from bridge.networks import is_public
from bridge.signing import hub_signature, standard_key, standard_signature
from bridge.templates import TemplateMistake
from connectors.base import Check, Failed, Links, Outcome, Preview, Skipped, Tools, note
from connectors.outgoing.settings import OutgoingSettings
from connectors.webhooks.answers import Advice
from connectors.webhooks.body import as_form, as_json, body_of, shown
from connectors.webhooks.checks import reached
from connectors.webhooks.sender import Sender
from connectors.webhooks.template import render
from sources.base import Event

TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
IN_QUERY = ("type", "id", "timestamp")
"""The values of the body that a GET has in its query, because it has no body."""


class Outgoing(Sender[OutgoingSettings, bytes]):
    """By its `webhook-id` the receiver recognises a webhook that it already has."""

    def __init__(self, settings: OutgoingSettings, tools: Tools, now: Callable[[], float] = time.time) -> None:
        super().__init__(settings, tools, _advice(settings.variable))
        self._now = now
        self._url = settings.url.get_secret_value()
        allowed = None if settings.allow_private else is_public
        self._session = new_session(tools.concurrency, SMALL_ANSWER_BYTES, allowed)

    def preview(self, event: Event, links: Links) -> Preview | Skipped | Failed:  # noqa: ARG002
        body = self._content(event)
        if isinstance(body, Failed):
            return body
        names = [*self._headers(body), *self._signed(self._tools.delivery_of(event), body)]
        where = f"{self._name}: {self._settings.method} to the address in {self._settings.variable('url')}"
        format_ = self._settings.template_format if self._settings.template else self._settings.format
        content = shown(body, format_) if body else _query(event)
        return Preview(where, content, (f"headers: {', '.join(names)}",))

    def _sent(self, event: Event, id_: str, content: bytes) -> Outcome:
        headers = {**self._headers(content), **self._signed(id_, content)}
        try:
            return self._outcome(
                send(self._session, self._settings.method, self._address(event), headers=headers, data=content)
            )
        except Forbidden as error:
            return Failed(f"{self._name}: {error}; {self._settings.variable('allow_private')}=true allows it", "config")

    def check(self) -> Iterator[Check]:
        variable = self._settings.variable
        yield from reached(self._session, self._url, variable)
        what = f"accepts it, and whether {variable('secret')} and {variable('headers')} are correct"
        yield note(f"only a webhook shows whether the receiver {what}: flask send-test")

    def _content(self, event: Event, id_: str = "") -> bytes | Failed:  # noqa: ARG002  the id is in the headers
        if self._settings.method == "GET":
            return b""
        if self._settings.template:
            try:
                return render(self._settings.template, event, self._settings.template_format)
            except TemplateMistake as mistake:
                return self._wrong("template", mistake)
        try:
            return (as_json if self._settings.format == "json" else as_form)(body_of(event))
        except ValueError as error:
            return Failed(f"{error}; {self._settings.variable('format')}=json sends it", "config")

    def _address(self, event: Event) -> str:
        if self._settings.method != "GET":
            return self._url
        return f"{self._url}{'&' if urlsplit(self._url).query else '?'}{urlencode(_query(event))}"

    def _headers(self, body: bytes) -> dict[str, str]:
        own = {name: value.get_secret_value() for name, value in self._settings.headers.items()}
        if not body or any(name.lower() == "content-type" for name in own):
            return own
        return {"Content-Type": TYPES[self._settings.format], **own}

    def _signed(self, id_: str, body: bytes) -> dict[str, str]:
        headers, timestamp = {"webhook-id": id_}, str(int(self._now()))
        secrets = [secret.get_secret_value() for secret in self._settings.secret]
        if self._settings.signature == "standard":
            keys = map(standard_key, secrets)
            headers["webhook-timestamp"] = timestamp
            headers["webhook-signature"] = " ".join(standard_signature(key, id_, timestamp, body) for key in keys)
        elif self._settings.signature == "github":
            headers["x-hub-signature-256"] = hub_signature(secrets[0], body)
        return headers


def _query(event: Event) -> dict[str, str]:
    """The query of a GET."""
    body = body_of(event)
    return {name: body[name] or "" for name in IN_QUERY}


def _advice(variable: Callable[[str], str]) -> Advice:
    access = (
        f"the receiver refuses our signature or credentials: look at {variable('secret')} and {variable('headers')}"
    )
    nobody = (
        f"no receiver is at this address, or it is switched off: look at {variable('url')} and {variable('method')}"
    )
    gone = f"the receiver wants no more webhooks: look at {variable('url')}"
    return {
        401: ("auth", access),
        403: ("auth", access),
        404: ("config", nobody),
        405: ("config", nobody),
        410: ("gone", gone),
    }
