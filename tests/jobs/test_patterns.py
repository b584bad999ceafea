"""Patterns of filters: written for Python's `re`, run by an engine without backtracking."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.patterns import Pattern, Unusable

TEXTS = [
    *[
        "",
        "a",
        "aa",
        "aab",
        "x\n",
        "a\n",
        "aa\n",
        "a\na",
        "bug",
        "a bug.",
        "이bug",
        "b",
        "]",
        "[",
        "ab",
        "[x",
        "^",
        "\\",
    ],
    *["버그", "가나 다", "한한", "ㅤ", "àb", "À", "A", "5", "٣", "Ⅷ", "²", "_", "é", "\u0301", "\x08", "\x1c", "\x85 "],
    *["\x00", "\x07", "\u3000", "\xa0", "😀", "-", "a-d", "\ud800", "한\ud800"],
]


@pytest.mark.parametrize(
    "pattern",
    [
        *[
            r"a+",
            r"(a+)+$",
            r"[\s\S]*x",
            r"\w+",
            r"\W",
            r"\d",
            r"\D+$",
            r"\s",
            r"^\S+$",
            r"[^\W\d]+",
            r"[\w-]+$",
            r"[\D]",
        ],
        *[r"[]a]+", r"[^]a]+", r"[a[]x", r"[\]\\^-]", r"a{,2}b", r"a{2}", r"a$", r"(?m)a$", r"a\Z", r"\Aa", r"^b|^버"],
        *[
            r"\u3164",
            r"\U0001F600",
            r"[\u3000-\u3164]",
            r"\x41",
            r"\.",
            r"\-",
            r"\0",
            r"(?P<x>a)",
            r"(?i)ÀB",
            r"(?s).*b",
        ],
        *[r"(?s).*b", r"[가-힣]+", r"한{2}", r".*나.*", "", r"a|", r"(?:a|b)+?", r"[\s\x08]", r"$", r"\n$", r"\\"],
    ],
)
def test_a_pattern_means_what_it_means_to_python(pattern: str) -> None:
    ours, python = Pattern(pattern), re.compile(pattern)
    for text in TEXTS:
        valid = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert bool(ours.match(text)) == bool(python.match(valid)), text
        assert bool(ours.search(text)) == bool(python.search(valid)), text


PIECES = st.sampled_from(
    [*r"ab한 .*+?|()[]^$-_{,2}\n", r"\w", r"\d", r"\s", r"\W", r"\D", r"\S", r"\u3164", r"\\", "(?:"]
)


@settings(deadline=None)  # the members of a class are looked up once
@given(st.lists(PIECES, max_size=8).map("".join), st.text(alphabet="ab한 \n2-^]\\", max_size=6))
def test_a_pattern_means_the_same_or_is_refused(pattern: str, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            python = re.compile(pattern)
        except re.error:
            with pytest.raises(Unusable):
                Pattern(pattern)
            return
    try:
        ours = Pattern(pattern)
    except Unusable:
        return
    assert bool(ours.match(text)) == bool(python.match(text))
    assert bool(ours.search(text)) == bool(python.search(text))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(", "missing ), unterminated subpattern at character 1 of the regular expression '('"),
        ("a|*", "nothing to repeat at character 3"),
        (r"(?=a)b", "no look-around"),
        (r"(?<!a)b", "no look-around"),
        (r"(a)\1", "back-references"),
        ("a++", "possessive"),
        ("a{1001}", "no repetition above 1000"),
        ("(a{100}){100}", "no repetition above 1000"),
        ("[[a]", "nested set"),
        (r"버그\b", r"\b at character 3"),
        (r"\b\w+", r"use (^|\W) and (\W|$)"),
        ("(" * 5000 + ")" * 5000, "recursion"),
        ("\ud800", "half of a character"),
    ],
)
def test_what_the_engine_cannot_do_is_refused_with_why(pattern: str, expected: str) -> None:
    with pytest.raises(Unusable) as caught:
        Pattern(pattern)
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 400


def test_borders_of_words_are_those_of_latin_letters() -> None:
    """`re` finds no border between 이 and b; people do."""
    assert Pattern(r"\bbug\b").search("이bug가")
    assert not Pattern(r"\bbug\b").search("debugger")
