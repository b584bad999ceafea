"""What models put around a translation is taken off, and an answer without one is found out."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.translate.providers.unwrap import NoTranslation, unwrapped

TEXT = "결제 오류"


@pytest.mark.parametrize(
    ("content", "text", "translation"),
    [
        ("Payment fails", TEXT, "Payment fails"),
        (" Payment fails\n", TEXT, "Payment fails"),
        ('"Payment fails"', TEXT, "Payment fails"),
        ("“Payment fails”", TEXT, "Payment fails"),
        ('"Payment fails"', '"결제 오류"', '"Payment fails"'),
        ('"Pay" fails with "error"', TEXT, '"Pay" fails with "error"'),
        ('He said "no"', "아니라고", 'He said "no"'),
        ("```\nPayment fails\n```", TEXT, "Payment fails"),
        ("```text\nPayment fails\n```", TEXT, "Payment fails"),
        ("```\nx = 1\n```", "```\nx = 1\n```", "```\nx = 1\n```"),
        ('{"text": "Payment\\nfails"}', "결제\n오류", "Payment\nfails"),
        ('```json\n{"text": "Payment fails"}\n```', TEXT, "Payment fails"),
        ('{"translation": "Payment fails", "language": "en", "confidence": 0.9}', TEXT, "Payment fails"),
        ('{"source": "결제 오류", "text": "Payment fails"}', TEXT, "Payment fails"),
        ('{"a": "b"}', '{"a": "비"}', '{"a": "b"}'),
        ("<think>Korean, about paying…</think>\n\nPayment fails", TEXT, "Payment fails"),
        ("Korean, about paying…</think>\n\nPayment fails", TEXT, "Payment fails"),
        ("<thinking>Korean</thinking>Payment fails", TEXT, "Payment fails"),
        ("<reasoning>Korean</reasoning>\nPayment fails", TEXT, "Payment fails"),
        ("<think>a</think>no<think>b</think>Payment fails", TEXT, "Payment fails"),
        ("The tag <think> is shown", "<think> 태그가 보여요", "The tag <think> is shown"),
        (
            "<|channel|>analysis<|message|>Korean.<|end|><|start|>assistant<|channel|>final<|message|>Payment fails",
            TEXT,
            "Payment fails",
        ),
        ("analysis<|message|>Korean<|end|>final <|message|>Payment fails<|return|>", TEXT, "Payment fails"),
        ("Translation: Payment fails", TEXT, "Payment fails"),
        ("English translation: Payment fails", TEXT, "Payment fails"),
        ("Here is the English translation:\n\nPayment fails", TEXT, "Payment fails"),
        ("Sure! Here's the translation of the text into English: Payment fails", TEXT, "Payment fails"),
        ("**Translation:** Payment fails", TEXT, "Payment fails"),
        ("번역: Payment fails", TEXT, "Payment fails"),
        ("翻訳：Payment fails", TEXT, "Payment fails"),
        ("Translation: does not work", "번역: 안 돼요", "Translation: does not work"),
        ("The translation is bad", "번역이 이상해요", "The translation is bad"),
        ("The problem: payment fails", TEXT, "The problem: payment fails"),
        ("Payment fails\n\n(Note: 결제 means payment.)", TEXT, "Payment fails"),
        ("Payment fails\n\n**Explanation**: 결제 means payment.", TEXT, "Payment fails"),
        ("Payment fails.\n\nNote: really", "결제 오류.\n\n참고: 정말", "Payment fails.\n\nNote: really"),
        ('"', "따옴표", '"'),
        ("", TEXT, ""),
    ],
)
def test_what_models_put_around_a_translation_is_taken_off(content: str, text: str, translation: str) -> None:
    assert unwrapped(content, text) == translation


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<think>Korean, about paying, and then", "do not end"),
        ("<thinking>Korean\nPayment fails", "do not end"),
        ("done</think><think>but wait", "do not end"),
        ("<|channel|>analysis<|message|>Korean, about paying", "without an answer"),
        ('{"language": "en", "status": "done"}', "JSON without a translation"),
        ('{"translation": null, "error": "no", "why": "no"}', "JSON without a translation"),
    ],
)
def test_an_answer_without_a_translation_is_none(content: str, expected: str) -> None:
    with pytest.raises(NoTranslation, match=expected):
        unwrapped(content, TEXT)


def test_half_a_character_in_an_answer_that_is_json_itself_can_be_kept() -> None:
    assert unwrapped('{"text": "It \\ud83d fails"}', "실패해요") == "It \ufffd fails"


def test_json_of_any_depth_breaks_nothing() -> None:
    assert unwrapped('{"a":' * 50_000, TEXT).startswith('{"a":')


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from('<>/think|message{}":,* \nNotea') | st.characters()), st.text(min_size=1))
def test_taking_off_never_fails(content: str, text: str) -> None:
    with suppress(NoTranslation):
        found = unwrapped(content, text)
        assert found in content or content.strip().startswith(("{", "`", "<"))
