"""Long texts: cut where it hurts least, packed within the limits, joined without loss."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.translate.parts import Limits, pack, split, to_translate, translated

TEXTS = st.text(alphabet=st.sampled_from("가나 あ。！？.!? \n\r\tabc,👍🏽👨‍👩‍👧🇰🇷é́̈") | st.characters(), max_size=400)


@settings(deadline=None)
@given(TEXTS, st.integers(1, 60))
@example("", 1)
@example("x" * 100, 7)
@example("\r\n" * 20, 3)
@example("\ud83d" * 10, 2)
def test_the_parts_are_the_text_and_within_the_limit(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert "".join(parts) == text
    assert all(0 < len(part) <= limit for part in parts)


@settings(deadline=None)
@given(TEXTS, st.integers(1, 60))
def test_a_text_whose_parts_are_translated_to_themselves_stays_as_it_is(text: str, limit: int) -> None:
    asked: list[str] = []

    def same(part: str) -> str:
        asked.append(part)
        return part

    assert translated(split(text, limit), same) == text
    assert asked == to_translate(split(text, limit))


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=30)), st.integers(30, 90), st.integers(1, 5))
def test_requests_hold_every_part_in_order_within_the_limits(parts: list[str], characters: int, texts: int) -> None:
    requests = pack(parts, Limits(characters, texts))
    assert [part for request in requests for part in request] == parts
    assert all(len(request) <= texts and sum(map(len, request)) <= characters for request in requests)


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("It is slow. It crashes. Why?", 24, ["It is slow. It crashes. ", "Why?"]),
        ("느려요。 고쳐 주세요！ 네", 13, ["느려요。 고쳐 주세요！ ", "네"]),
        ("落ちます。直して！", 6, ["落ちます。", "直して！"]),
        ("「落ちる。」と言う", 8, ["「落ちる。」", "と言う"]),
        ("first line\nsecond line", 15, ["first line\n", "second line"]),
        ("one two three four", 12, ["one two ", "three four"]),
        ("version 5.2 fails", 16, ["version 5.2 ", "fails"]),
    ],
)
def test_cuts_are_at_sentence_ends_then_between_words(text: str, limit: int, parts: list[str]) -> None:
    assert split(text, limit) == parts


@pytest.mark.parametrize("whole", ["👨‍👩‍👧", "👍🏽", "🇰🇷", "é", "❤️", "한"])
def test_what_people_see_as_one_character_is_not_cut(whole: str) -> None:
    text = whole * 30
    for limit in range(len(whole), 3 * len(whole) + 1):
        assert all(part.count(whole) * len(whole) == len(part) for part in split(text, limit))


def test_blanks_between_parts_survive_a_translator_that_trims() -> None:
    text = "  One sentence. \n\nAnother one.\t"
    assert translated(split(text, 16), lambda part: f" <{part}> \n") == "  <One sentence.> \n\n<Another one.>\t"


def test_parts_without_words_are_not_sent() -> None:
    assert to_translate(split("좋아요.\n\n12345.\n\n👍👍👍👍\n\n네.", 7)) == ["좋아요.", "네."]
