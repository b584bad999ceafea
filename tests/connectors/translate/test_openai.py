"""OpenAI-compatible servers: the text is data, and only the translation is returned."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Failed, Retry
from connectors.translate.providers.base import ProviderError
from connectors.translate.providers.openai import INSTRUCTIONS, request_body
from tests.connectors.translate.conftest import provider_at
from tools.sandbox.app import Sandbox

KOREAN = "로그인이 자꾸 풀려요"
ENGLISH = "I keep getting logged out"


def answer(content: Any, finish: Any = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content, **message}, "finish_reason": finish}]}


def failure(sandbox: Sandbox, **fault: Any) -> ProviderError:
    sandbox.faults.add("status", system="openai", method="POST", **fault)
    with pytest.raises(ProviderError) as caught:
        provider_at("openai", sandbox.url).translate([KOREAN], "en")
    return caught.value


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


@pytest.mark.parametrize("finish", ["length", "max_tokens"])
@pytest.mark.parametrize("content", ["half a sen", "", None])
def test_a_translation_that_was_cut_off_is_none_and_asks_for_smaller_parts(
    sandbox: Sandbox, finish: str, content: str | None
) -> None:
    error = failure(sandbox, status=200, body=answer(content, finish))
    assert error.outcome == Failed(error.outcome.why, "config")
    assert "more output" in error.outcome.why
    assert error.smaller


@pytest.mark.parametrize(
    "body",
    [
        answer("", "content_filter"),
        answer(None, "content_filter"),
        answer("I", "safety"),
        answer(None, "stop", refusal="I can't"),
    ],
)
def test_a_text_that_a_model_refuses_fails_at_once(sandbox: Sandbox, body: dict[str, Any]) -> None:
    error = failure(sandbox, status=200, body=body)
    assert error.outcome == Failed(error.outcome.why, "client_error")
    assert "refuses" in error.outcome.why


@pytest.mark.parametrize("finish", ["tool_calls", "function_call", "error", "unknown", "", None, 3])
def test_an_answer_that_did_not_end_by_itself_is_no_translation(sandbox: Sandbox, finish: Any) -> None:
    error = failure(sandbox, status=200, body=answer(ENGLISH, finish))
    assert "finish_reason" in error.returned


@pytest.mark.parametrize("finish", ["stop", "STOP", "eos", "end_turn"])
def test_an_answer_that_ended_by_itself_is_a_translation(sandbox: Sandbox, finish: str) -> None:
    sandbox.faults.add("status", system="openai", status=200, body=answer(ENGLISH, finish))
    assert provider_at("openai", sandbox.url).translate([KOREAN], "en") == [ENGLISH]


def test_the_parts_of_a_message_are_joined_without_its_thoughts(sandbox: Sandbox) -> None:
    parts = [
        {"type": "thinking", "text": "They want English."},
        {"type": "text", "text": "I keep getting "},
        {"type": "text", "text": "logged out"},
        {"type": "image_url", "image_url": "no"},
        "nothing",
    ]
    sandbox.faults.add("status", system="openai", status=200, body=answer(parts))
    assert provider_at("openai", sandbox.url).translate([KOREAN], "en") == [ENGLISH]


@pytest.mark.parametrize("content", [None, [], [{"type": "thinking", "text": "hm"}], 3])
def test_a_message_without_text_is_no_translation(sandbox: Sandbox, content: Any) -> None:
    assert failure(sandbox, status=200, body=answer(content)).returned == "a message without text"


def test_a_model_that_refuses_the_temperature_is_asked_without_it(sandbox: Sandbox) -> None:
    sandbox.translate.openai.temperature = False
    provider = provider_at("openai", sandbox.url)
    assert provider.translate([KOREAN], "en") == [ENGLISH]
    assert provider.translate([KOREAN], "en") == [ENGLISH]
    assert sandbox.translate.openai.calls == 2
    assert [check.ok for check in provider.check(["en"])] == [True]


@pytest.mark.parametrize(
    ("status", "error", "reason", "kind", "expected"),
    [
        (401, {"code": "invalid_api_key"}, "auth", Failed, "OPENAI_API_KEY"),
        (403, {"code": "unsupported_country_region_territory"}, "config", Failed, "region"),
        (429, {"code": "insufficient_quota"}, "quota", Failed, "quota"),
        (429, {"code": "billing_not_active"}, "quota", Failed, "billing"),
        (429, {"code": "rate_limit_exceeded"}, "rate_limited", Retry, "too much"),
        (403, {"code": "model_not_found"}, "config", Failed, "OPENAI_MODEL"),
        (404, {"code": "model_not_found"}, "config", Failed, "OPENAI_MODEL"),
        (404, {}, "config", Failed, "OPENAI_BASE_URL"),
        (403, {"code": "something else"}, "auth", Failed, "OPENAI_API_KEY"),
        (400, {"code": "content_filter"}, "client_error", Failed, "refuses"),
        (400, {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}, "auth", Failed, "_API_KEY"),
        (400, {"message": "API key not valid. Please pass a valid API key."}, "auth", Failed, "OPENAI_API_KEY"),
        (400, {"code": 400, "status": "FAILED_PRECONDITION"}, "config", Failed, "region"),
    ],
)
def test_refusals_are_distinguished_by_their_codes(
    sandbox: Sandbox, status: int, error: dict[str, Any], reason: str, kind: type[Retry | Failed], expected: str
) -> None:
    """In an object, as OpenAI sends it, and in a list, as Gemini does."""
    for body in ({"error": error}, [{"error": error}]):
        outcome = failure(sandbox, status=status, body=body).outcome
        assert isinstance(outcome, kind)
        assert outcome.reason == reason
        assert expected in outcome.why


def test_a_text_that_is_too_long_for_the_model_asks_for_smaller_parts(sandbox: Sandbox) -> None:
    assert failure(sandbox, status=400, body={"error": {"code": "context_length_exceeded"}}).smaller


def test_the_check_finds_a_missing_model(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="openai", status=404, body={"error": {"code": "model_not_found"}})
    with pytest.raises(ProviderError, match="OPENAI_MODEL"):
        list(provider_at("openai", sandbox.url).check(["en"]))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("설정 화면을 열면 앱이 멈춰요.", "untranslated"),
        ("app " * 3000, "longer"),
        ("죄송합니다. 도와드릴 수 없습니다.", "not in en"),
    ],
)
def test_the_check_names_a_model_that_does_not_translate(sandbox: Sandbox, content: str, expected: str) -> None:
    sandbox.faults.add("status", system="openai", status=200, body=answer(content))
    [check] = provider_at("openai", sandbox.url).check(["en"])
    assert not check.ok
    assert expected in check.what
    assert "OPENAI_MODEL" in check.what
