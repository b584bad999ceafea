"""Starts a workflow by its webhook trigger. https://docs.nocobase.com/workflow/triggers/webhook"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

from bridge.http import SMALL_ANSWER_BYTES, Answer, new_session, send
from bridge.signing import hub_signature
from bridge.text import cut, without_controls
from connectors.base import Check, Done, Failed, Links, Outcome, Preview, Skipped, Tools, note
from connectors.nocobase.settings import NocoBaseSettings
from connectors.webhooks.answers import Advice
from connectors.webhooks.body import as_json, body_of, shown
from connectors.webhooks.checks import reached
from connectors.webhooks.sender import Sender
from sources.base import Event

LONGEST_JSON = 8000
"""A workflow's answer of up to this many bytes is kept as JSON. Of a longer answer, or of a text, the start is kept."""
LONGEST_TEXT = 1000


class Workflow(Sender[NocoBaseSettings, bytes]):
    """By the id of the event, a workflow recognises that it was started with this event before."""

    def __init__(self, settings: NocoBaseSettings, tools: Tools) -> None:
        super().__init__(settings, tools, _advice(settings.variable))
        self._url = settings.url.get_secret_value()
        self._session = new_session(tools.concurrency, SMALL_ANSWER_BYTES)

    def preview(self, event: Event, links: Links) -> Preview | Skipped | Failed:  # noqa: ARG002
        body = self._content(event)
        names = self._headers(self._tools.delivery_of(event), body)
        where = f"{self._name}: POST to the address in {self._settings.variable('url')}"
        return Preview(where, shown(body, "json"), (f"headers: {', '.join(names)}",))

    def _content(self, event: Event, id_: str = "") -> bytes:  # noqa: ARG002  the id is in the headers
        return as_json(body_of(event))

    def _sent(self, event: Event, id_: str, content: bytes) -> Outcome:  # noqa: ARG002
        answer = send(self._session, "POST", self._url, headers=self._headers(id_, content), data=content)
        return Done({"status": answer.status, "answer": kept(answer)}) if answer.ok else self._outcome(answer)

    def check(self) -> Iterator[Check]:
        variable = self._settings.variable
        yield from reached(self._session, self._url, variable)
        keys = ", ".join(map(variable, ("user", "password", "secret")))
        yield note(f"only a start of the workflow shows whether it is on, and {keys} are correct: flask send-test")

    def _headers(self, id_: str, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "webhook-id": id_}
        user, password, secret = self._settings.user, self._settings.password, self._settings.secret
        if user and password:
            credentials = base64.b64encode(f"{user}:{password.get_secret_value()}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        if secret:
            headers["x-hub-signature-256"] = hub_signature(secret.get_secret_value(), body)
        return headers


def kept(answer: Answer) -> Any:
    """A workflow's answer for the record, which masks secrets: the JSON value, else the start of the text."""
    value = answer.json() if len(answer.body) <= LONGEST_JSON else None
    return cut(without_controls(answer.text).strip(), LONGEST_TEXT) if value is None else value


def _advice(variable: Callable[[str], str]) -> Advice:
    access = f"look at {variable('user')} and {variable('password')}: the webhook trigger must have the same"
    return {
        401: ("auth", access),
        403: ("auth", access),
        404: ("config", f"this workflow does not exist, or is switched off: look at {variable('url')}"),
        405: ("config", f"this is not the address of a webhook trigger: look at {variable('url')}"),
    }
