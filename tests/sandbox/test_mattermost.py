"""The stand-in for Mattermost does what the server's source does."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tools.sandbox.app import Sandbox
from tools.sandbox.mattermost import MOST_PROPS, WEBHOOK_PATH


def send(sandbox: Sandbox, body: Any, path: str = WEBHOOK_PATH, kind: str = "application/json") -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": kind}
    return requests.post(f"{sandbox.url}/mattermost/{path}", data=data, headers=headers, timeout=5)


def refusal(answer: requests.Response) -> tuple[int, str]:
    assert answer.json()["status_code"] == answer.status_code
    return answer.status_code, answer.json()["id"].removesuffix(".app_error").rpartition(".")[2]


def test_a_post_is_answered_with_ok(sandbox: Sandbox) -> None:
    answer = send(sandbox, {"text": "a", "attachments": [{"color": "#FAC11B", "text": "b"}]})
    assert (answer.status_code, answer.text) == (200, "ok")
    (post,) = sandbox.mattermost.messages
    assert (post.text, post.attachments[0]["text"]) == ("a", "b")


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b"", "parse"),
        (b"{", "parse"),
        ([], "decode"),
        ({"text": 5}, "decode"),
        ({"text": "a", "attachments": {}}, "decode"),
        ({"attachments": [{"fields": {}}]}, "decode"),
        ({}, "text"),
        ({"text": ""}, "text"),
    ],
)
def test_a_body_of_another_form_is_refused(sandbox: Sandbox, body: Any, refused: str) -> None:
    assert refusal(send(sandbox, body)) == (400, refused)
    assert not sandbox.mattermost.messages


def test_a_body_of_another_type_is_refused(sandbox: Sandbox) -> None:
    assert refusal(send(sandbox, {"text": "a"}, kind="text/plain")) == (400, "parse")


def test_an_unknown_webhook_and_a_server_without_webhooks_refuse(sandbox: Sandbox) -> None:
    assert refusal(send(sandbox, {"text": "a"}, "hooks/wrong")) == (400, "invalid")
    assert refusal(send(sandbox, {"text": "a", "channel": "other"})) == (403, "channel_locked")
    sandbox.mattermost.may_post = False
    assert refusal(send(sandbox, {"text": "a"})) == (403, "permissions")
    sandbox.mattermost.channel_exists = False
    assert refusal(send(sandbox, {"text": "a"})) == (404, "existing")
    sandbox.mattermost.is_enabled = False
    assert refusal(send(sandbox, {"text": "a"})) == (501, "disabled")


def test_a_long_text_becomes_several_posts(sandbox: Sandbox) -> None:
    assert send(sandbox, {"text": "한" * 16_384, "attachments": [{"text": "b"}]}).status_code == 200
    assert [(len(post.text), len(post.attachments)) for post in sandbox.mattermost.messages] == [(16_383, 0), (1, 1)]


def test_a_long_attachment_is_cut_and_long_fields_are_refused(sandbox: Sandbox) -> None:
    assert send(sandbox, {"attachments": [{"text": "b" * 9000}]}).status_code == 200
    assert 7000 < len(sandbox.mattermost.messages[0].attachments[0]["text"]) < MOST_PROPS
    fields = [{"title": "a", "value": "&" * 2000}]
    assert refusal(send(sandbox, {"attachments": [{"fields": fields}]})) == (400, "split_props_length")


def test_slacks_links_and_mentions_are_read(sandbox: Sandbox) -> None:
    send(sandbox, {"text": "<!channel> <https://a.example|b>", "attachments": [{"text": "@kim a@b.example"}]})
    (post,) = sandbox.mattermost.messages
    assert post.text == "@channel [b](https://a.example)"
    assert post.mentions == ["@channel", "@kim"]


def test_a_post_may_be_stored_in_part(sandbox: Sandbox) -> None:
    sandbox.mattermost.fails_to_store = True
    assert refusal(send(sandbox, {"text": "a" * 17_000})) == (500, "creating")
    assert len(sandbox.mattermost.messages) == 1


def test_a_limit_is_kept(sandbox: Sandbox) -> None:
    sandbox.mattermost.left = 1
    answers = [send(sandbox, {"text": "a"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["0", "0"]
