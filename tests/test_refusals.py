"""What of other systems' refusals is passed on: codes and known messages, and never what we sent."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.refusals import Messages, code_of

known = Messages(
    "unknown id",
    "{} must be a string",
    "{} must be shorter than or equal to {} characters",
    "{}: invalid value (value: {...}, format: {})",
    "Cannot GET {...}",
)


@pytest.mark.parametrize(
    "code",
    ["insufficient_quota", "API_KEY_INVALID", "keyInvalid", "channel_not_found", "auth/expired", "ThrottlingException"],
)
def test_a_code_is_passed_on(code: str) -> None:
    assert code_of(code) == code


@pytest.mark.parametrize("number", [0, 40_000, 400_036, 999_999])
def test_a_number_is_passed_on(number: int) -> None:
    assert code_of(number) == str(number)


@pytest.mark.parametrize(
    "value",
    [
        "",
        None,
        True,
        {},
        [],
        1.5,
        -1,
        1_000_000,
        "two words",
        "sk-abc123",
        "xoxb-2222",
        "오류",
        "a" * 65,
        "end\n",
        "_a",
    ],
)
def test_nothing_else_is_a_code(value: object) -> None:
    assert code_of(value) == ""


def test_a_word_that_was_sent_is_no_code() -> None:
    assert code_of("hello", ["they wrote hello there"]) == ""
    assert code_of("hello", ["they wrote something else"]) == "hello"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("unknown id", "unknown id"),
        ("name must be a string", "name must be a string"),
        ("name must be shorter than or equal to 30 characters", "name must be shorter than or equal to 30 characters"),
        ("k-2.x: invalid value (value: a, format: b), format: text)", "k-2.x: invalid value (value: …, format: text)"),
        ("Cannot GET /api/a person's words", "Cannot GET …"),
        (["unknown id", "free text", 5, "name must be a string"], "unknown id; name must be a string"),
    ],
)  # fmt: skip
def test_a_known_message_is_passed_on(message: object, shown: str) -> None:
    assert known(message) == shown


@pytest.mark.parametrize(
    "message",
    [None, 5, {}, [], "", "unknown id ", "Unknown id", "a b must be a string", "x" * 65 + " must be a string",
     "name must be a string, they wrote", "unknown id\nand more", "name: invalid value (value: secret"],
)  # fmt: skip
def test_a_message_of_another_form_is_not(message: object) -> None:
    assert known(message) == ""


@given(st.text(max_size=60))
@example(", format: x) (value: ")
def test_what_stands_for_anything_never_gets_through(words: str) -> None:
    shown = known(f"message: invalid value (value: {words}, format: text)")
    assert shown == "message: invalid value (value: …, format: text)"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=10))
def test_any_json_will_do(value: object) -> None:
    assert isinstance(known(value), str)
    assert isinstance(code_of(value), str)
