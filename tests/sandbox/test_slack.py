"""The stand-in for Slack, through slack_sdk and plain HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tools.sandbox.app import Sandbox
from tools.sandbox.slack import TOKEN, WEBHOOK_PATH

METADATA = {"event_type": "bridge", "event_payload": {"id": "1"}}


@pytest.fixture
def web(sandbox: Sandbox) -> WebClient:
    return WebClient(TOKEN, base_url=f"{sandbox.url}/slack/api/", retry_handlers=[])


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_a_message_and_its_metadata_are_found_again(web: WebClient) -> None:
    posted = web.chat_postMessage(channel="#feedback", text="hi", metadata=METADATA, blocks=[section("*hi*")])
    assert posted["channel"] == "C0FEEDBACK"
    (found,) = web.conversations_history(channel="C0FEEDBACK", include_all_metadata=True)["messages"]
    assert (found["ts"], found["metadata"]) == (posted["ts"], METADATA)
    assert "metadata" not in web.conversations_history(channel="C0FEEDBACK")["messages"][0]


def test_threads(web: WebClient) -> None:
    """A reply is not in the channel, unless it is broadcast."""
    first = web.chat_postMessage(channel="C0FEEDBACK", text="one")["ts"]
    web.chat_postMessage(channel="C0FEEDBACK", text="two", thread_ts=first)
    web.chat_postMessage(channel="C0FEEDBACK", text="three", thread_ts=first, reply_broadcast=True)
    replies = web.conversations_replies(channel="C0FEEDBACK", ts=first)["messages"]
    assert [message["text"] for message in replies] == ["one", "two", "three"]
    history = web.conversations_history(channel="C0FEEDBACK")["messages"]
    assert [message["text"] for message in history] == ["three", "one"]


def test_history_is_cut_by_time_and_paged(web: WebClient) -> None:
    stamps = [web.chat_postMessage(channel="C0FEEDBACK", text=str(number))["ts"] for number in range(4)]
    assert stamps == sorted(set(stamps))
    after = web.conversations_history(channel="C0FEEDBACK", oldest=stamps[1])["messages"]
    assert [message["text"] for message in after] == ["3", "2"]
    page = web.conversations_history(channel="C0FEEDBACK", limit=3)
    assert page["has_more"]
    rest = web.conversations_history(channel="C0FEEDBACK", cursor=page["response_metadata"]["next_cursor"])
    assert [message["text"] for message in rest["messages"]] == ["0"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "#nowhere", "text": "x"}, "channel_not_found"),
        ({"channel": "C0OTHER", "text": "x"}, "not_in_channel"),
        ({"channel": "C0MOBILE", "text": "x"}, "is_archived"),
        ({"channel": "C0FEEDBACK", "text": " "}, "no_text"),
        ({"channel": "C0FEEDBACK", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C0FEEDBACK", "text": "x", "blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"channel": "C0FEEDBACK", "text": "x", "blocks": [section("")]}, "invalid_blocks"),
        ({"channel": "C0FEEDBACK", "text": "x", "blocks": [section("x")] * 51}, "invalid_blocks"),
        ({"channel": "C0FEEDBACK", "text": "x", "blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        (
            {
                "channel": "C0FEEDBACK",
                "text": "x",
                "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
            },
            "invalid_blocks",
        ),
        (
            {
                "channel": "C0FEEDBACK",
                "text": "x",
                "blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}],
            },
            "invalid_blocks",
        ),
        ({"channel": "C0FEEDBACK", "text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
    ],
)
def test_what_it_refuses(web: WebClient, sandbox: Sandbox, arguments: dict[str, Any], error: str) -> None:
    sandbox.slack.channels["C0MOBILE"].is_archived = True
    assert refused(web.api_call, api_method="chat.postMessage", json=arguments) == error
    assert sandbox.slack.messages == []


def test_tokens_and_scopes(web: WebClient, sandbox: Sandbox) -> None:
    base = f"{sandbox.url}/slack/api/"
    assert refused(WebClient("xoxb-wrong", base_url=base, retry_handlers=[]).auth_test) == "invalid_auth"
    assert requests.post(f"{base}auth.test", timeout=5).json() == {"ok": False, "error": "not_authed"}
    sandbox.slack.scopes = frozenset({"chat:write"})
    assert refused(web.conversations_history, channel="C0FEEDBACK") == "missing_scope"
    assert web.auth_test().headers["x-oauth-scopes"] == "chat:write"


def test_forms_do_as_well_as_json(sandbox: Sandbox) -> None:
    data = {"channel": "C0FEEDBACK", "text": "x", "blocks": json.dumps([section("x")]), "token": TOKEN}
    assert requests.post(f"{sandbox.url}/slack/api/chat.postMessage", data=data, timeout=5).json()["ok"]
    assert sandbox.slack.messages[0].blocks == [section("x")]


def test_the_limit_is_for_each_channel(web: WebClient, sandbox: Sandbox) -> None:
    sandbox.slack.seconds_between = 60
    web.chat_postMessage(channel="C0FEEDBACK", text="x")
    web.chat_postMessage(channel="C0MOBILE", text="x")
    with pytest.raises(SlackApiError) as caught:
        web.chat_postMessage(channel="C0FEEDBACK", text="y")
    response = caught.value.response
    assert (response.status_code, response["error"]) == (429, "ratelimited")
    assert 1 <= int(response.headers["Retry-After"]) <= 60


class TestIncomingWebhook:
    def post(self, sandbox: Sandbox, body: str, path: str = WEBHOOK_PATH) -> tuple[int, str]:
        answer = requests.post(f"{sandbox.url}/slack/services/{path}", data=body.encode(), timeout=5)
        return answer.status_code, answer.text

    def test_it_is_posted(self, sandbox: Sandbox) -> None:
        assert self.post(sandbox, '{"text": "hi"}') == (200, "ok")
        assert [(message.text, message.by) for message in sandbox.slack.messages] == [("hi", "webhook")]

    def test_what_it_refuses(self, sandbox: Sandbox) -> None:
        assert self.post(sandbox, "{") == (400, "invalid_payload")
        assert self.post(sandbox, "{}") == (400, "no_text")
        assert self.post(sandbox, '{"text": "x", "blocks": [{}]}') == (400, "invalid_blocks")
        assert self.post(sandbox, '{"text": "x"}', "T000/B000/wrong") == (403, "invalid_token")
        sandbox.slack.channels["C0FEEDBACK"].is_archived = True
        assert self.post(sandbox, '{"text": "x"}') == (410, "channel_is_archived")
        sandbox.slack.webhook_active = False
        assert self.post(sandbox, '{"text": "x"}') == (404, "no_service")
