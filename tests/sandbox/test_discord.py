"""The stand-in for Discord refuses what Discord refuses according to its pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tools.sandbox.app import Sandbox
from tools.sandbox.discord import WEBHOOK, WEBHOOK_PATH


def send(sandbox: Sandbox, body: Any, path: str = WEBHOOK_PATH, query: str = "?wait=true") -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    return requests.post(f"{sandbox.url}/discord/{path}{query}", data=data, headers=headers, timeout=5)


def code(answer: requests.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


def reasons(answer: requests.Response) -> list[str]:
    """The codes in the tree of a form error."""
    assert code(answer) == (400, 50035)
    return [error["code"] for name in answer.json()["errors"].values() for error in name["_errors"]]


@pytest.fixture(autouse=True)
def _no_limits(sandbox: Sandbox) -> None:
    sandbox.discord.has_limits = False


def test_a_message_is_taken_and_its_id_returned(sandbox: Sandbox) -> None:
    answer = send(sandbox, {"content": "a", "allowed_mentions": {"parse": []}})
    assert answer.status_code == 200
    (message,) = sandbox.discord.messages
    assert answer.json()["id"] == message.id


def test_without_wait_nothing_is_returned_and_a_mistake_is_hidden(sandbox: Sandbox) -> None:
    assert send(sandbox, {"content": "a"}, query="").status_code == 204
    assert send(sandbox, {"content": "a" * 2001}, query="").status_code == 204
    assert len(sandbox.discord.messages) == 1


@pytest.mark.parametrize("text", ["a", "한", "😀"])
def test_2000_characters_are_taken_and_2001_refused(sandbox: Sandbox, text: str) -> None:
    assert send(sandbox, {"content": text * 2000}).status_code == 200
    assert reasons(send(sandbox, {"content": text * 2001})) == ["BASE_TYPE_MAX_LENGTH"]


@pytest.mark.parametrize(
    ("embed", "reason"),
    [
        ({"title": "a" * 257}, "BASE_TYPE_MAX_LENGTH"),
        ({"description": "a" * 4097}, "BASE_TYPE_MAX_LENGTH"),
        ({"fields": [{"name": "a" * 257, "value": "a"}]}, "BASE_TYPE_MAX_LENGTH"),
        ({"fields": [{"name": "a", "value": "a" * 1025}]}, "BASE_TYPE_MAX_LENGTH"),
        ({"fields": [{"name": "a", "value": ""}]}, "BASE_TYPE_REQUIRED"),
        ({"fields": [{"name": "a", "value": "a"}] * 26}, "BASE_TYPE_REQUIRED"),
        ({"fields": [{"name": "a", "value": "a" * 1000}] * 6}, "MAX_EMBED_SIZE_EXCEEDED"),
        ({}, "BASE_TYPE_REQUIRED"),
        ({"description": "a", "color": 0x1000000}, "NUMBER_TYPE_MAX"),
    ],
)
def test_an_embed_beyond_the_limits_is_refused(sandbox: Sandbox, embed: dict[str, Any], reason: str) -> None:
    assert reasons(send(sandbox, {"embeds": [embed]})) == [reason]


@pytest.mark.parametrize("body", [b"", b"{", {"content": 5}, [], {"content": "a", "text": "unknown"}])
def test_a_body_of_another_form_is_refused(sandbox: Sandbox, body: Any) -> None:
    assert code(send(sandbox, body)) in ((400, 50035), (400, 50109))
    assert not sandbox.discord.messages


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"embeds": []}])
def test_an_empty_message_is_refused(sandbox: Sandbox, body: Any) -> None:
    assert code(send(sandbox, body)) == (400, 50006)


def test_a_wrong_address_is_refused(sandbox: Sandbox) -> None:
    assert code(send(sandbox, {"content": "a"}, f"api/webhooks/{WEBHOOK}/wrong")) == (401, 50027)
    assert code(send(sandbox, {"content": "a"}, "api/webhooks/1/wrong")) == (404, 10015)
    sandbox.discord.exists = False
    assert code(send(sandbox, {"content": "a"})) == (404, 10015)


def test_a_forum_takes_threads_only(sandbox: Sandbox) -> None:
    sandbox.discord.is_forum = True
    assert code(send(sandbox, {"content": "a"})) == (400, 220001)
    assert send(sandbox, {"content": "a"}, query="?wait=true&thread_id=5").status_code == 200


def test_a_mention_that_nothing_forbids_is_counted(sandbox: Sandbox) -> None:
    send(sandbox, {"content": "@everyone <@1>"})
    send(sandbox, {"content": "@everyone <@1>", "allowed_mentions": {"parse": []}})
    assert [message.pings for message in sandbox.discord.messages] == [["@everyone", "<@1>"], []]


def test_5_in_2_seconds(sandbox: Sandbox) -> None:
    sandbox.discord.has_limits = True
    answers = [send(sandbox, {"content": "a"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    last = answers[5].json()
    assert 0 < last["retry_after"] <= 2
    assert float(answers[5].headers["Retry-After"]) >= last["retry_after"]
    sandbox.discord.window.pass_time(2)
    assert send(sandbox, {"content": "a"}).status_code == 200


def test_a_get_shows_the_webhook(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.url}/discord/{WEBHOOK_PATH}", timeout=5)
    assert answer.json()["name"] == "feedback"
