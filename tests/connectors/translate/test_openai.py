"""OpenAI-compatible servers: the text is data, and only the translation comes out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Failed
from connectors.translate.providers.base import ProviderTrouble
from connectors.translate.providers.openai import INSTRUCTIONS, request_body, without_additions
from sandbox.app import Sandbox
from tests.connectors.translate.conftest import provider_at


@settings(deadline=None)
@given(st.text(min_size=1))
def test_the_text_is_data_and_never_among_the_instructions(text: str) -> None:
    """It travels whole, JSON-encoded, in the user's message; the instructions are the same for every text."""
    body = request_body("m", text, "ja")
    system, user = body["messages"]
    assert system == {"role": "system", "content": INSTRUCTIONS.format(target="ja")}
    assert user["role"] == "user"
    assert json.loads(user["content"]) == {"text": text}
    assert body["temperature"] == 0


@pytest.mark.parametrize(
    ("content", "text", "translation"),
    [
        ("Payment fails", "결제 오류", "Payment fails"),
        (" Payment fails\n", "결제 오류", "Payment fails"),
        ('"Payment fails"', "결제 오류", "Payment fails"),
        ("“Payment fails”", "결제 오류", "Payment fails"),
        ('"Payment fails"', '"결제 오류"', '"Payment fails"'),
        ('"Pay" fails with "error"', "결제 오류", '"Pay" fails with "error"'),
        ('He said "no"', "아니라고", 'He said "no"'),
        ("```\nPayment fails\n```", "결제 오류", "Payment fails"),
        ("```text\nPayment fails\n```", "결제 오류", "Payment fails"),
        ("```\nx = 1\n```", "```\nx = 1\n```", "```\nx = 1\n```"),
        ('{"text": "Payment\\nfails"}', "결제\n오류", "Payment\nfails"),
        ('```json\n{"text": "Payment fails"}\n```', "결제 오류", "Payment fails"),
        ('{"a": "b"}', '{"a": "비"}', '{"a": "b"}'),
        ("<think>Korean, about paying…</think>\n\nPayment fails", "결제 오류", "Payment fails"),
        ('"', "따옴표", '"'),
        ("", "결제 오류", ""),
    ],
)
def test_what_models_put_around_a_translation_is_taken_off(content: str, text: str, translation: str) -> None:
    assert without_additions(content, text) == translation


def test_half_a_character_in_an_answer_that_is_json_itself_can_be_kept() -> None:
    assert without_additions('{"text": "It \\ud83d fails"}', "실패해요") == "It \ufffd fails"


@settings(deadline=None)
@given(st.text(), st.text(min_size=1))
def test_taking_off_never_fails(content: str, text: str) -> None:
    assert without_additions(content, text) in content or content.strip().startswith(("{", "`", "<"))


@pytest.mark.parametrize(
    ("choice", "reason", "says"),
    [
        ({"message": {"content": "half a sen"}, "finish_reason": "length"}, "config", "cut the translation off"),
        ({"message": {"content": ""}, "finish_reason": "content_filter"}, "client_error", "refused"),
        ({"message": {"content": None, "refusal": "I can't"}, "finish_reason": "stop"}, "client_error", "refused"),
    ],
)
def test_a_cut_or_refused_translation_is_none(
    sandbox: Sandbox, choice: dict[str, object], reason: str, says: str
) -> None:
    sandbox.faults.add("status", system="openai", status=200, body={"choices": [choice]})
    with pytest.raises(ProviderTrouble, match=says) as caught:
        provider_at("openai", sandbox.url).translate(["결제 오류"], "en")
    assert isinstance(caught.value.outcome, Failed)
    assert caught.value.outcome.reason == reason


def test_a_missing_model_is_told_by_its_variable(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="openai", status=404, body={"error": {"code": "model_not_found"}})
    with pytest.raises(ProviderTrouble, match="OPENAI_MODEL"):
        provider_at("openai", sandbox.url).translate(["결제 오류"], "en")


def test_the_check_names_a_model_that_is_not_there(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="openai", status=200, body={"data": [{"id": "another"}]})
    [check] = provider_at("openai", sandbox.url).check(["en"])
    assert not check.ok
    assert "OPENAI_MODEL" in check.what


def test_a_server_that_lists_no_models_passes_the_check(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="openai", status=404)
    [check] = provider_at("openai", sandbox.url).check(["en"])
    assert check.ok
    assert "not checked" in check.what
