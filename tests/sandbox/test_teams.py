"""The stand-in for a workflow of Teams takes what its trigger takes, and shows what a card may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tools.sandbox.app import Sandbox
from tools.sandbox.teams import KIND, PATH, QUERY, WEBHOOK_PATH


def send(sandbox: Sandbox, body: Any, path: str = WEBHOOK_PATH) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    return requests.post(f"{sandbox.url}/teams/{path}", data=data, headers=headers, timeout=5)


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def text(line: str = "a") -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line}]}


def message(*body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    card = {"type": "AdaptiveCard", "version": "1.4", "body": list(body), **changes}
    return {"type": "message", "attachments": [{"contentType": KIND, "contentUrl": None, "content": card}]}


@pytest.fixture(autouse=True)
def _no_limits(sandbox: Sandbox) -> None:
    sandbox.teams.has_limits = False


def test_a_card_is_accepted_with_nothing_in_the_answer(sandbox: Sandbox) -> None:
    answer = send(sandbox, message({"type": "Container", "style": "good", "items": [text("a")]}, text("b")))
    assert (answer.status_code, answer.content) == (202, b"")
    (found,) = sandbox.teams.messages
    assert (found.lines, found.style) == (["a", "b"], "good")


@pytest.mark.parametrize(
    "body", [b"", b"{", [], {}, {"text": "a"}, {"type": "message"}, {"type": "message", "attachments": 1}]
)
def test_what_is_no_message_is_refused_by_the_trigger(sandbox: Sandbox, body: Any) -> None:
    assert code(send(sandbox, body)) == (400, "TriggerInputSchemaMismatch")


@pytest.mark.parametrize(
    "body",
    [
        {"type": "message", "attachments": []},
        {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.teams.card.o365connector"}]},
        message(),
        message(text(), version="1.9"),
        message({"type": "TextBlock", "text": "reads Markdown"}),
        message({"type": "RichTextBlock", "inlines": []}),
        message({"type": "Container", "style": "purple", "items": [text()]}),
        message(text(), actions=[{"type": "Action.OpenUrl", "title": "a", "url": "javascript:1"}]),
    ],
)
def test_a_card_that_teams_cannot_show_is_accepted_and_not_shown(sandbox: Sandbox, body: Any) -> None:
    assert send(sandbox, body).status_code == 202
    assert not sandbox.teams.messages
    assert len(sandbox.teams.broken) == 1


@pytest.mark.parametrize(("character", "most"), [("a", 14_000), ("한", 4_600)])
def test_28_kb_are_the_most(sandbox: Sandbox, character: str, most: int) -> None:
    assert send(sandbox, message(text(character * most))).status_code == 202
    assert code(send(sandbox, message(text(character * (most + 300))))) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        (f"powerautomate/{PATH}", (400, "MissingApiVersionParameter")),
        (f"powerautomate/{PATH}?{QUERY}x", (401, "DirectApiAuthorizationRequired")),
        (f"powerautomate/{PATH}?{QUERY.replace('%2F', '/')}", (401, "DirectApiAuthorizationRequired")),
        (f"powerautomate/{PATH.replace('0a1b', 'ffff')}?{QUERY}", (404, "WorkflowNotFound")),
    ],
)
def test_another_address_is_refused(sandbox: Sandbox, path: str, refused: tuple[int, str]) -> None:
    assert code(send(sandbox, message(text()), path)) == refused


def test_a_workflow_that_is_off_or_gone_refuses(sandbox: Sandbox) -> None:
    sandbox.teams.state = "Stopped"
    assert code(send(sandbox, message(text()))) == (400, "WorkflowTriggerIsNotEnabled")
    sandbox.teams.state = "Gone"
    assert code(send(sandbox, message(text()))) == (404, "WorkflowNotFound")


def test_4_in_a_second(sandbox: Sandbox) -> None:
    sandbox.teams.has_limits = True
    answers = [send(sandbox, message(text())) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202] * 4 + [429]
    assert answers[4].headers["Retry-After"] == "1"
    sandbox.teams.window.pass_time(1)
    assert send(sandbox, message(text())).status_code == 202
