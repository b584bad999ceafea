"""Values as people write them: what is meant is taken, an obvious mistake is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.values import INVISIBLE, mistake_in, mistake_in_secret, pairs_of, parts_of, tidy


@given(st.text(INVISIBLE + " \t\r\n\u00a0\u3000", max_size=8), st.text(INVISIBLE + " \n", max_size=8))
def test_blanks_and_invisible_characters_at_the_ends_are_no_part_of_a_value(before: str, after: str) -> None:
    assert tidy(f"{before}a {INVISIBLE} b{after}") == f"a {INVISIBLE} b"
    assert tidy(before + after) == ""


@given(st.text(max_size=30))
def test_tidying_twice_changes_nothing(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.parametrize("value", ['"xoxb-1"', "'xoxb-1'", "“값”", "‘x’", "`x`", "''", '"'])
def test_quotes_around_a_value_are_noticed(value: str) -> None:
    assert bool(mistake_in(value)) == (len(value) > 1)


@pytest.mark.parametrize(
    "value", ["<your token>", "<TOKEN>", "${SLACK_BOT_TOKEN}", "$SLACK_BOT_TOKEN", "$(openssl rand -hex 32)"]
)
def test_placeholders_and_what_nothing_replaces_are_noticed(value: str) -> None:
    assert mistake_in(value)


@pytest.mark.parametrize(
    "value",
    [
        *('"bug" in feedback.message or issue.name == "x"', "'a' == 'a'", "a < b > c", "<a><b>", "p$SS", "$5", "$a"),
        *('{"a": "b"}', "it's", "#feedback", "INIT=To Do"),
    ],
)
def test_what_only_looks_like_a_mistake_is_left_alone(value: str) -> None:
    assert mistake_in(value) == ""


@pytest.mark.parametrize(
    "value",
    [
        *("xoxb-...", "xoxb-…", "changeme", "CHANGE-ME-please", "your-api-token", "paste-it-here", "xxxxxxxx"),
        *("with blank", "two\nlines", "비밀", "ｘｏｘｂ", "a\u200bb"),
    ],
)
def test_what_can_be_no_key_is_noticed(value: str) -> None:
    problem = mistake_in_secret(value)
    assert problem
    assert value not in problem


def test_a_key_may_be_any_printable_ascii() -> None:
    assert mistake_in_secret("".join(map(chr, range(33, 127)))) == ""


def test_lists_are_taken_as_they_are_meant() -> None:
    assert parts_of(" a, b ,,c,") == ["a", "b", "c"]
    assert parts_of(",") == []
    assert pairs_of("a=b, c = d=e ,") == {"a": "b", "c": "d=e"}


@pytest.mark.parametrize("text", ["a，b", "a=b，c=d", "a＝b", "'a','b'", '"a",b'])
def test_other_signs_than_those_of_a_list_are_noticed(text: str) -> None:
    with pytest.raises(ValueError, match=r"full-width|quotes"):
        parts_of(text)


@pytest.mark.parametrize("text", ["a", "a=", "=b", "a=b,a=c"])
def test_pairs_that_are_none_are_noticed(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        pairs_of(text)
