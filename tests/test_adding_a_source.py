"""docs/adding-a-source.md is true: its source, as printed on the page, does what the page promises."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sys
from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from dotenv import dotenv_values
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

import sources
from app import create_app
from bridge.environment import ConfigError
from jobs.configuration import configure
from sources.base import Event, Request, Subject, Summary, Unread
from tests.sources import test_contract as contract
from tools.sandbox.processes import ROOT

OLD, NEW = "the-old-made-up-secret", "the-new-made-up-secret"
PAGE = (ROOT / "docs" / "adding-a-source.md").read_text(encoding="utf-8")


def example(language: str) -> str:
    [code] = re.findall(rf"(?ms)^```{language}\n(.*?)^```", PAGE)
    return str(code)


BODY = example("json").strip().encode()


def package() -> ModuleType:
    module = ModuleType("sources.till")
    sys.modules[module.__name__] = module  # where pydantic looks for what annotations name
    exec(compile(example("python"), "docs/adding-a-source.md", "exec"), module.__dict__)  # noqa: S102
    return module


TILL = package()
EACH = pytest.mark.parametrize("name", TILL.SOURCE.events)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sources.REGISTRY, "till", TILL.SOURCE)


@pytest.fixture
def client(redis_url: str) -> FlaskClient:
    slack = {"CONNECTORS": "slack", "SLACK_BOT_TOKEN": "xoxb-made-up", "SLACK_CHANNEL": "C0FEEDBACK"}
    till = {"SOURCES": "till", "TILL_WEBHOOK_SECRET": f"{OLD},{NEW}", "SLACK_EVENTS": "till.*"}
    app = create_app({**slack, **till, "REDIS_URL": redis_url, "CONSOLE_PASSWORD": "made-up-password"})
    return app.test_client()


def send(client: FlaskClient, secret: str = NEW, body: bytes = BODY, signed: bytes | None = None) -> TestResponse:
    signature = hmac.new(secret.encode(), body if signed is None else signed, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "x-till-signature": f"sha256={signature}"}
    return client.post("/webhook/till", data=body, headers=headers)


def parsed(body: Any) -> Event | Unread:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found: Event | Unread = TILL.SOURCE.parse(Request("test", json.loads(raw), raw, {}))
    return found


def test_a_signed_request_is_an_event_with_a_delivery(client: FlaskClient) -> None:
    answer = send(client)
    assert answer.status_code == 200, answer.text
    id_ = answer.get_json()["event_id"]
    shown = client.get(f"/api/events/{id_}", headers={"Authorization": "Bearer made-up-password"}).get_json()
    assert (shown["source"], shown["event"], shown["entity"]) == ("till", "till.order.paid", "till:order:12")
    assert [(row["connector"], row["state"]) for row in shown["deliveries"]] == [("slack", "queued")]


def test_a_repeated_request_is_the_same_event(client: FlaskClient) -> None:
    first, again = send(client).get_json(), send(client, OLD).get_json()
    assert first["event_id"] == again["event_id"]
    assert again["duplicate"] is True


@pytest.mark.parametrize(("secret", "signed"), [("another-made-up-secret", None), (NEW, b"{}")])
def test_what_the_secret_did_not_sign_is_401(client: FlaskClient, secret: str, signed: bytes | None) -> None:
    assert send(client, secret, signed=signed).status_code == 401


def test_the_body_of_the_page_is_read() -> None:
    event = parsed(BODY)
    assert isinstance(event, Event)
    assert event.subject == Subject("till", "order", "", "12")
    assert event.occurred == 1777887000.0
    assert event.summary == Summary("Order 12", who="Kim", link="https://till.example/orders/12", what="updated")


@given(st.dictionaries(st.sampled_from(["event", "id", "at", "order", "clerk"]) | st.text(), contract.JSON))
def test_parse_never_raises(body: dict[str, Any]) -> None:
    assert isinstance(parsed(body), Event | Unread)


@EACH
def test_the_contract_of_every_source_holds(name: str) -> None:
    contract.test_an_unknown_name_is_an_event_that_can_be_routed("till")
    contract.test_what_happened_has_a_text(TILL.SOURCE, name)
    contract.test_what_is_stored_is_read_again_as_the_same_event(TILL.SOURCE, name)
    contract.test_a_sample_with_an_odd_value_never_raises(TILL.SOURCE, name)


@EACH
def test_every_sample_is_an_event_of_its_name(name: str) -> None:
    event = TILL.SOURCE.parse(TILL.SOURCE.samples(name).request("test"))
    assert isinstance(event, Event)
    assert event.name == name
    assert event.occurred > 1.7e9


def test_the_env_file_is_complete_and_shows_the_preview_of_the_page() -> None:
    environ = {name: value or "" for name, value in dotenv_values(stream=StringIO(example("ini"))).items()}
    result = create_app(environ).test_cli_runner().invoke(args=["preview", "till.order.paid", "slack"])
    assert result.exit_code == 0, result.output
    [printed] = re.findall(r"prints the message for the sample: `(.*?)`", PAGE)
    assert json.loads(result.output[result.output.index("{") :])["text"] == printed


def test_the_mistake_of_a_missing_secret_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="TILL_WEBHOOK_SECRET"):
        configure({"SOURCES": "till"})
