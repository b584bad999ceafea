"""What a user wrote stands behind a mark on every line, so that none of it passes for a message of the bot."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.text import is_blank
from connectors.alerts.quotation import quotation

FORGED = 'The status of issue "Cannot log in" changed from New to Resolved.'


def columns(line: str) -> int:
    """On the screen: a wide character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It fails.", "> It fails."),
        (f"Thanks\n{FORGED}", f"> Thanks\n> {FORGED}"),
        ("a\n\n\n\nb", "> a\n>\n> b"),
        ("\n \n\u3164\n a  \t b \n\u200b\n", "> a b"),
        ("a\r\nb\rc\u2028d\u2029e\x85f\x0bg\x0ch\x1ci", "> a\n> b\n> c\n> d\n> e\n> f\n> g\n> h\n> i"),
        ("> quoted\n>> twice", "> > quoted\n> >> twice"),
        ("a\u202eb\u2066c\x07d", "> abcd"),
        ("", ""),
        (" \n\u3164\u2800\u200b\n", ""),
    ],
)
def test_every_line_is_marked(text: str, shown: str) -> None:
    assert quotation(text) == shown


@pytest.mark.parametrize("filler", [" ", "\u00a0", "\u3000", "\u2003", "\t", "\u200b", "\u3164", "x", "한", "."])
def test_a_line_is_broken_before_slack_breaks_it(filler: str) -> None:
    """Slack puts no mark before the rest of a long line: it would stand there as if the bot had written it."""
    lines = quotation(f"Thanks {filler * 100} {FORGED}").splitlines()
    assert all(line == ">" or line.startswith("> ") for line in lines)
    assert all(columns(line) <= 72 for line in lines)
    assert not any(line.removeprefix("> ").startswith(FORGED) and columns(FORGED) > 70 for line in lines)


def test_words_stay_whole_where_they_can() -> None:
    text = "word " * 30
    assert all(set(line.removeprefix("> ").split()) == {"word"} for line in quotation(text).splitlines())


def test_many_lines_do_not_push_the_rest_out_of_sight() -> None:
    lines = quotation("\n".join("abcdefghij" * 10)).splitlines()
    assert len(lines) == 30
    assert lines[-1] == "> …"


def test_a_thousand_characters_are_shown() -> None:
    for character, count in (("가", 1000), ("😀", 500)):  # an emoji is two of Slack's characters
        shown = quotation(character * 2000).replace("\n", "").replace("> ", "")
        assert shown == character * (count - 1) + "…"
        assert quotation(character * count).count(character) == count


def test_a_long_text_is_cut() -> None:
    quoted = quotation("word " * 1000)
    assert quoted.endswith("…")
    assert 900 < len(quoted.replace("\n> ", " ").removeprefix("> ")) <= 1000


TEXTS = st.text(st.one_of(st.sampled_from(" \n\r>\u3164\u200b\u2028가漢👩🏽‍💻e\u0301a"), st.characters()), max_size=120)


@given(TEXTS.flatmap(lambda text: st.integers(1, 30).map(lambda times: text * times)))
def test_whatever_users_write_no_line_is_without_a_mark(text: str) -> None:
    quoted = quotation(text)
    lines = quoted.splitlines()
    assert lines == quoted.split("\n") or not quoted
    assert len(lines) <= 30
    assert all(line == ">" or line.startswith("> ") for line in lines)
    assert not any(first == second == ">" for first, second in pairwise(lines))
    assert bool(quoted) == (not is_blank(text)) or is_blank(quoted.replace("> ", "").replace("…", ""))
    assert len(quoted) <= 1000 + 30 * 3
