"""The stand-in for JANDI refuses what JANDI refuses according to its page."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tools.sandbox.app import Sandbox
from tools.sandbox.jandi import TEAM, TOKEN, WEBHOOK_PATH

ACCEPT = {"Accept": "application/vnd.tosslab.jandi-v2+json"}
JSON = {"Content-Type": "application/json"}


def send(sandbox: Sandbox, body: Any, path: str = WEBHOOK_PATH, **headers: str) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {**ACCEPT, **JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.post(f"{sandbox.url}/jandi/{path}", data=data, headers=headers, timeout=5)


def code(answer: requests.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


def test_the_message_of_the_page_is_taken(sandbox: Sandbox) -> None:
    body = "[[PizzaHouse]](http://url_to_text) You have a new Pizza order."
    info = [
        {"title": "Topping", "description": "Pepperoni"},
        {"title": "Location", "description": "Empire State Building, 5th Ave, New York", "imageUrl": "Url_to_text"},
    ]
    answer = send(sandbox, {"body": body, "connectColor": "#FAC11B", "connectInfo": info})
    assert answer.status_code == 200
    (message,) = sandbox.jandi.messages
    assert (message.body, message.colour, message.info) == (body, "#FAC11B", info)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_only_post_works(sandbox: Sandbox, method: str) -> None:
    answer = requests.request(method, f"{sandbox.url}/jandi/{WEBHOOK_PATH}", json={"body": "a"}, timeout=5)
    assert answer.status_code == 405


@pytest.mark.parametrize("headers", [{"Accept": "application/json"}, {"Accept": "*/*"}, {"Content_Type": "text/plain"}])
def test_both_headers_are_required(sandbox: Sandbox, headers: dict[str, str]) -> None:
    assert code(send(sandbox, {"body": "a"}, **headers)) == (400, 40000)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b'"a"', b"\xff"),
        *({}, {"body": ""}, {"body": " \n"}, {"body": 5}, {"text": "a"}),
        *({"body": "a", "connectColor": colour} for colour in ("red", "#FFF", "#GGGGGG", 5)),
        *({"body": "a", "connectInfo": info} for info in (None, "a", ["a"], [{"title": 5}])),
    ],
)
def test_a_body_of_another_form_is_refused(sandbox: Sandbox, body: Any) -> None:
    assert code(send(sandbox, body)) == (400, 40000)
    assert not sandbox.jandi.messages


@pytest.mark.parametrize("path", [f"connect-api/webhook/{TEAM}/short", f"connect-api/webhook/{TEAM}/{'f' * 32}"])
def test_a_wrong_token_is_refused(sandbox: Sandbox, path: str) -> None:
    assert code(send(sandbox, {"body": "a"}, path)) == (400, 40000)


def test_a_webhook_that_is_off_is_refused(sandbox: Sandbox) -> None:
    sandbox.jandi.active = False
    assert code(send(sandbox, {"body": "a"})) == (400, 40000)
    assert TOKEN


def test_250_000_characters_are_cut_and_270_000_are_refused(sandbox: Sandbox) -> None:
    assert send(sandbox, {"body": "a" * 250_000}).status_code == 200
    assert code(send(sandbox, {"body": "a" * 270_000})) == (400, 40000)
    assert [len(message.body) for message in sandbox.jandi.messages] == [5000]


def test_60_a_minute_and_500_in_ten_minutes(sandbox: Sandbox) -> None:
    answers = [send(sandbox, {"body": "a"}).status_code for _ in range(61)]
    assert answers == [200] * 60 + [429]
    for window in sandbox.jandi.windows:
        window.pass_time(61)
    _, longer = sandbox.jandi.windows
    longer.counted.extend([longer.counted[0]] * (499 - len(longer.counted)))
    assert send(sandbox, {"body": "a"}).status_code == 200
    assert code(send(sandbox, {"body": "a"})) == (429, 42900)
