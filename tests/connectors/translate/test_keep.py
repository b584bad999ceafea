"""What no translator may change: it is found in linear time, and a text that nobody translates comes back as it was."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.translate.keep import KEPT, Mode, from_html, has_kept, keeping, to_html

MODES = {
    "html": Mode(),
    "own tag": Mode("<apertium-notrans>", "</apertium-notrans>", breaks=False),
    "plain": Mode(breaks=False, escapes=False),
}
PIECES = [
    "<b>",
    "</span>",
    "{name}",
    "{{",
    "}}",
    "%s",
    "https://a.example/?b=1&c",
    "&amp;",
    "&",
    "<",
    "\n",
    "`",
    "가 ",
    "a@b.co",
]


BESIDE_A_BREAK = re.compile(r"[ \t]*\n[ \t]*")


@pytest.mark.parametrize("mode", ["html", "own tag"])
@given(text=st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_a_text_comes_back_from_html_as_it_was(mode: str, text: str) -> None:
    """But for blanks beside a line break: translators add some there, so they are taken away."""
    there = BESIDE_A_BREAK.sub("\n", text) if MODES[mode].breaks else text
    assert from_html(to_html(text, MODES[mode]), MODES[mode]) == there


@pytest.mark.parametrize(
    "kept",
    [
        *(
            "https://example.com/a/b?c=d&e=f#g",
            "www.example.com/x",
            "me.too@example.co.kr",
            "{name}",
            "{0}",
            "{{ x.y }}",
        ),
        *(
            "{% if x %}",
            "${price}",
            "%s",
            "%d",
            "%1$s",
            "%(name)s",
            "%.2f",
            "<b>",
            "</b>",
            "<br/>",
            '<a href="x">',
            "&nbsp;",
        ),
        *(":smile:", "`npm install`", "<b>%s</b>"[:5]),
    ],
)
def test_these_are_kept_between_words(kept: str) -> None:
    assert [found.group() for found in KEPT.finditer(f"앞 {kept}를 뒤")] == [kept]


@pytest.mark.parametrize("text", ["100% sure", "5 < 6", "a & b", "at 12:30:45", "{", "50%", "me@", "그냥 글", "5%soon"])
def test_these_are_words(text: str) -> None:
    assert not has_kept(text)


def test_a_sentence_ends_behind_an_address() -> None:
    assert [found.group() for found in KEPT.finditer("See https://example.com/a. (https://b.example)")] == [
        "https://example.com/a",
        "https://b.example",
    ]


@pytest.mark.parametrize("mode", MODES)
def test_everything_else_can_be_translated(mode: str) -> None:
    marked = to_html("안녕 {name}", MODES[mode])
    assert from_html(marked.replace("안녕", "Hi & <b"), MODES["plain"]) == "Hi & <b {name}" or mode == "own tag"
    assert marked == f"안녕 {MODES[mode].start}{{name}}{MODES[mode].end}"


def test_tags_and_breaks_are_recognised_as_translators_respell_them() -> None:
    answer = "Hi <span translate='no' lang=\"en\">{name}</span> <BR/> <br>you &amp; me"
    assert from_html(answer, Mode()) == "Hi {name}\n\nyou & me"


@pytest.mark.parametrize(
    "piece", ["{", "<a", "%", "a@", "https://", ":a", "`", "aaaa.", "&a", "www.", "{{", "<!--", "{a"]
)
def test_the_time_is_linear_in_the_text(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = time.process_time()
        for mode in MODES.values():
            from_html(to_html(text, mode), mode)
        return time.process_time() - start

    assert seconds(100_000) < 1.5


def asked(texts: list[str], mode: Mode, most: int) -> list[tuple[list[str], bool]]:
    calls = []

    def translate(some: list[str], is_html: bool) -> list[str]:
        calls.append((some, is_html))
        return some

    assert keeping(texts, most, translate, mode) == texts
    return calls


def test_a_request_with_nothing_to_keep_is_plain_text() -> None:
    assert asked(["글 & 글", "둘"], Mode(), 1000) == [(["글 & 글", "둘"], False)]


def test_a_request_is_html_as_soon_as_one_text_has_something_to_keep() -> None:
    assert asked(["글 & 글", "%s"], Mode(), 1000) == [(["글 &amp; 글", '<span translate="no">%s</span>'], True)]


def test_a_request_that_the_tags_would_make_too_long_is_plain_text() -> None:
    """A text of nothing but placeholders may not cost more than the vendor takes."""
    text = "%s " * 100
    assert asked([text], Mode(), 300 + 99 * len(MODES["html"].start)) == [([text], False)]
    assert asked([text], Mode(), 10_000)[0][1]


def test_a_plain_text_with_tags_like_ours_is_sent_as_it_is() -> None:
    text = '<span translate="no">{name}</span>'
    assert asked([text], MODES["plain"], 1000) == [([text], False)]
