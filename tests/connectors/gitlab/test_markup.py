"""A user's text in GitLab's Markdown is shown as it was typed, notifies nobody and runs no quick action."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.gitlab.markup import MARKUP, unlinked
from connectors.tickets.markup import UNSEEN
from tests.connectors.tickets.test_markdown import ESCAPED, HOSTILE, PLAIN, constructs, shown
from tools.sandbox.gitlab import COMMAND

OWN = [
    "/close",
    "text\n/label ~bug\n/assign @mina",
    "  /confidential",
    "a\r\n/close\r\nb",
    "!12 $34 &5 ~label %milestone ~\"two words\" %'1.0'",
    "acme/app#12 acme/app!3 acme&7",
    "GL-12",
    "[issue:3] [vulnerability:4]",
    "https://gitlab.example/acme/app/-/issues/23",
    "https://gitlab.example/acme/sub/app/merge_requests/2",
    "http://gitlab.example/groups/acme/work_items/9",
    "[[_TOC_]]",
]
# What GitLab takes for a reference in the text that is left after Markdown, and what it runs.
REFERENCE = re.compile(
    r"""[@#!$%&~][\w"]|\[[a-z_]{1,30}:|(?<![A-Za-z0-9])GL-[0-9]|://[^\s\u200b]+/(?:-|issues|merge_requests|work_items)/""",
    re.I,
)


@pytest.mark.parametrize("text", HOSTILE + OWN + PLAIN)
def test_text_is_shown_literally_refers_to_nothing_and_runs_nothing(text: str) -> None:
    literal = MARKUP.literal(text)
    assert shown(literal).lstrip() == text.replace("\t", " ").replace("\r\n", "\n").lstrip()
    assert constructs(literal) == []
    assert REFERENCE.findall(ESCAPED.sub(r"\1", literal)) == []
    assert COMMAND.findall(literal) == []
    assert not re.search(r"^\s*/", literal, re.MULTILINE)


@given(st.text(alphabet=st.sampled_from('ab1 \n\\`*_{}[]<>#+-=.!|~&$@:/wGL%가👍"close'), max_size=40))
def test_any_text_refers_to_nothing_and_runs_nothing(text: str) -> None:
    literal = MARKUP.literal(text)
    assert REFERENCE.findall(ESCAPED.sub(r"\1", literal)) == []
    assert not re.search(r"^\s*/", literal, re.MULTILINE)


@pytest.mark.parametrize("text", PLAIN)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert MARKUP.literal(text) == text


def test_a_title_refers_to_nothing_either() -> None:
    assert unlinked("@mina see #12, !3 and 50% off") == (f"@{UNSEEN}mina see #{UNSEEN}12, !{UNSEEN}3 and 50% off")
