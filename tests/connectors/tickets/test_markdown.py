"""A user's text in Markdown is shown as it was typed, and notifies nobody."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.text import utf16_length
from connectors.tickets.markup import MARKDOWN, UNSEEN

HOSTILE = [
    "@mina and @acme/team",
    "안녕@mina",
    "#12, GH-12, acme/app#3",
    "https://github.com/acme/app/issues/3",
    "www.github.com/acme/app/pull/3",
    ":+1: :tada:",
    "**bold** _it_ ~~gone~~ `code`",
    "# heading",
    "- item\n+ item\n* item",
    "1. one\n2) two",
    "> quoted",
    "    code",
    "\tcode",
    "```\nfence\n```",
    "a | b\n--|--\n1 | 2",
    "a\n:-:",
    "title\n===",
    "[link](http://evil.example) ![image](http://evil.example/x.gif)",
    "[note]: http://evil.example",
    "[^1]",
    "<script>x</script> <!-- abc-test-1-3 -->",
    "&lt;b&gt;",
    "$x$ $$y$$",
    "\\*not bold\\*",
    "ends with \\",
]
PLAIN = ["Payment fails (v2.1), 50% off", "결제가 안 돼요. 좋아요 ㅎㅎ 👍", "10:30, see https://example.com/a"]
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def shown(markdown: str) -> str:
    """What a person reads, with an ordinary blank for each that does not break."""
    return ESCAPED.sub(r"\1", markdown).replace(UNSEEN, "").replace("\u00a0", " ")


def constructs(markdown: str) -> list[str]:
    """What GitHub would make something of: first Markdown, then what it finds in the text that is left."""
    inert = ESCAPED.sub("·", markdown)
    found = re.findall(r"[\\`*_\[\]<>|~&$]|^[ \t]+|^(?:[-+=]|:-|\d{1,9}[.)](?=\s|$))", inert, re.MULTILINE)
    read = ESCAPED.sub(r"\1", markdown)
    found += re.findall(r"@\w|#\w|(?<![A-Za-z0-9])GH-[0-9]|:[\w+-]{1,50}:", read, re.IGNORECASE)
    return [*found, *re.findall(r"(?:://|www\.)(?!\u200b)[^\s/]+/[^\s/]+/[^\s/]+/(?:issues|pull)/", read)]


@pytest.mark.parametrize("text", HOSTILE + PLAIN)
def test_text_is_shown_literally_and_refers_to_nothing(text: str) -> None:
    assert shown(MARKDOWN.literal(text)) == text.replace("\t", " ")
    assert constructs(MARKDOWN.literal(text)) == []


@pytest.mark.parametrize("text", PLAIN)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert MARKDOWN.literal(text) == text


@given(st.text(alphabet=st.sampled_from("ab1 \n\\`*_{}[]<>#+-=.!|~&$@:/wGH%가👍"), max_size=40))
def test_any_text_is_shown_literally(text: str) -> None:
    literal = MARKDOWN.literal(text)
    assert re.sub("^ +", "", shown(literal), flags=re.MULTILINE) == re.sub("^ +", "", text, flags=re.MULTILINE)
    assert constructs(literal) == []


@given(st.text(alphabet=st.sampled_from("a\\_@👍가\n"), max_size=60), st.integers(4, 40))
def test_a_cut_text_fits_and_ends_in_no_escape(text: str, limit: int) -> None:
    made = MARKDOWN.quote(MARKDOWN.literal(text), limit)
    assert utf16_length(made) <= limit
    assert not made.endswith("\\…")
    assert all(line.startswith(">") for line in made.split("\n") if line != "…")


def test_a_marker_is_a_whole_line_that_a_user_s_text_can_t_write() -> None:
    line = MARKDOWN.marker_line("abc-test-1-3")
    assert line == "<!-- abc-test-1-3 -->"
    assert MARKDOWN.markers_in(f"text\r\n{line}\r\nmore") == ("abc-test-1-3",)
    assert MARKDOWN.markers_in(f"text {line}") == ()
    assert MARKDOWN.markers_in(MARKDOWN.literal(f"x\n{line}\n")) == ()
