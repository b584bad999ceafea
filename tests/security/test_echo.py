"""A system that repeats in its error what was sent to it: no client passes on a user's words or a part of a key."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.settings import KeyMap, load
from connectors import jandi, slack
from connectors.jira.port import JiraPort
from connectors.jira.settings import Settings as JiraSettings
from connectors.translate.providers import NAMES, build_provider
from connectors.translate.settings import TranslateSettings
from sources.abc.client import AbcClient
from tests import hostile
from tests.connectors.alerts.world import status_change
from tests.connectors.alerts.world import tools as alert_tools
from tests.connectors.context import MemoryContext
from tests.connectors.slack.world import tools
from tests.connectors.translate.conftest import environment
from tests.hostile import http, listening

WORDS = "ZQmyopinionQZ"
KEY = "zqkey0123-4567-89abc-defgh"
STATUSES = (200, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503)
Call = Callable[[], object]


def jira(url: str) -> Call:
    variables = {"JIRA_URL": url, "JIRA_PROJECT": "PROJ", "JIRA_PAT": KEY, "JIRA_TYPE": "datacenter"}
    port = JiraPort(load(JiraSettings, variables), 4)
    fields = {"project": {"key": "PROJ"}, "issuetype": {"name": "Task"}, "summary": WORDS}
    return lambda: port.create_ticket(fields)


def slack_bot(url: str) -> Call:
    variables = {"SLACK_BOT_TOKEN": f"xoxb-{KEY}", "SLACK_CHANNEL": "C0FEEDBACK", "SLACK_API_URL": f"{url}/api"}
    connector = slack.SPEC.build(load(slack.SPEC.settings, variables), tools())
    return lambda: connector.deliver(status_change(name=WORDS), MemoryContext())


def slack_webhook(url: str) -> Call:
    connector = slack.SPEC.build(
        load(slack.SPEC.settings, {"SLACK_WEBHOOK_URL": f"{url}/services/T0/B0/{KEY}"}), tools()
    )
    return lambda: connector.deliver(status_change(name=WORDS), MemoryContext())


def jandi_webhook(url: str) -> Call:
    variables = {"JANDI_WEBHOOK_URL": f"{url}/connect-api/webhook/1/{KEY}"}
    connector = jandi.SPEC.build(load(jandi.SPEC.settings, variables), alert_tools("jandi"))
    return lambda: connector.deliver(status_change(name=WORDS), MemoryContext())


def abc(url: str) -> Call:
    client = AbcClient(url, KeyMap({"*": SecretStr(KEY)}))
    return lambda: list(client.search_feedbacks(1, 1, {"message": WORDS}))


def translator(name: str) -> Callable[[str], Call]:
    def build(url: str) -> Call:
        provider = build_provider(load(TranslateSettings, environment(name, url, KEY)))
        return lambda: provider.translate([f"{WORDS} 그리고 더"], "en")

    return build


CLIENTS: dict[str, Callable[[str], Call]] = {
    "jira": jira,
    "slack bot": slack_bot,
    "slack webhook": slack_webhook,
    "jandi": jandi_webhook,
    "abc": abc,
    **{name: translator(name) for name in NAMES},
}


def forms(heard: str) -> Iterator[str]:
    """What a system may make of a request that it quotes."""
    yield heard
    yield f"invalid value: {WORDS}"
    yield WORDS
    yield f"Field '{WORDS}' cannot be set"
    yield f"Incorrect API key provided: {KEY[:9]}*****"
    yield f"the value {WORDS} must be a string"
    yield f"{WORDS} {WORDS} is required."
    yield f"invalid value (value: {WORDS}, type: text, format: {WORDS})"
    yield html.escape(f"<b>{WORDS}</b>")
    yield WORDS[:8] + "…"


def bodies(text: str) -> Iterator[bytes]:
    """Where errors stand in the answers of the systems that we know."""
    many: list[Any] = [
        {"message": text},
        {"message": [text], "code": text},
        {"error": text, "ok": False},
        {"error": {"message": text, "code": text, "type": text, "status": text}},
        {"error": {"errors": [{"reason": text, "message": text}], "message": text}},
        [{"error": {"message": text, "status": text}}],
        {"errorMessages": [text], "errors": {text: text, "summary": text}},
        {"detail": text, "errorMessage": text, "response": text, "error_description": text},
        {"ok": False, "error": "missing_scope", "needed": text, "provided": text},
    ]
    yield from (json.dumps(one).encode() for one in many)
    yield text.encode()
    yield f"<html><body>{text}</body></html>".encode()


@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_that_was_sent_comes_back_in_an_error(client: str) -> None:
    current: list[Any] = [200, b"", ""]
    quoted: set[str] = set()

    def behave(connection: Any, stop: Any) -> None:
        while True:
            heard = hostile.request(connection).decode("utf-8", "replace")
            quoted.update(what for what in (WORDS, KEY) if what in heard)
            status, body, header = current
            connection.sendall(http(status, body, f"X-Request-Id: {header}", f"RateLimit-Reason: {header}"))

    with listening(behave) as port:
        call = CLIENTS[client](f"http://127.0.0.1:{port}")
        for status in STATUSES:
            for text in forms(f"POST /{KEY} Authorization: Bearer {KEY} {WORDS}"):
                for body in bodies(text):
                    current[:] = [status, body, f"{WORDS[:8]} {KEY[:9]}"]
                    try:
                        outcome = repr(call())
                    except Exception as error:  # noqa: BLE001  whatever its kind, its text is stored
                        outcome = f"{error!s} {error!r} {getattr(error, 'outcome', '')!r}"
                    for part in (WORDS[:8], KEY[:9]):
                        assert part not in outcome, f"{status} {body!r}: {outcome}"
    assert WORDS in quoted or KEY in quoted
