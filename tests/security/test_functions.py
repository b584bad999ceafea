"""What the service does with users' text takes time in proportion to the text, for 1 MB of the worst.

One feedback of an end user is enough to try it. The functions are measured whole: their patterns alone are in
test_patterns.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from bridge.http import without_halves
from bridge.redaction import Redactor
from bridge.settings import load
from bridge.templates import render_template
from bridge.text import abc_length, cut, inert, is_blank, utf16_length
from connectors.alerts.contents import digest
from connectors.jandi.render import render
from connectors.jira.markup import MARKUP as JIRA
from connectors.jira.settings import Settings
from connectors.tickets.markup import MARKDOWN, Markup
from connectors.tickets.render import Writer
from connectors.translate.language import has_words, language_of
from connectors.translate.parts import Limits, pack, split, to_translate, translated
from connectors.translate.plausible import objection
from connectors.translate.providers.unwrap import NoTranslation, unwrapped
from sources.abc.errors import words_of
from sources.abc.models import AbcEvent, Feedback, Issue, Named
from sources.base import Event, Subject
from sources.receive import holds_too_much
from tests.connectors.jandi import test_render as jandi
from tests.connectors.slack import world as slack
from tests.security.linear import assert_all_linear

UNITS = {
    "laughter": "ㅋ",
    "one word": "a",
    "exclamation": "!",
    "closing marks": "!)",
    "stops": "。",
    "blanks": " ",
    "lines": "\n",
    "mail": "a@",
    "dots": "a.",
    "words": "wort ",
    "thoughts": "<think>",
    "ends of thoughts": "</think>",
    "channels": "<|message|>",
    "labels": "translation: ",
    "remarks": "\n\nNote: ",
    "fences": "```\n",
    "quotes": '"',
    "braces": '{"',
    "marks": "\u0301\u0316",
    "flags": "🇰",
    "joined": "👨\u200d",
    "fillers": "\u3164",
    "halves": "\ud83d",
    "ligature": "\ufdfa",
    "jamo": "\u1112\u1161\u11ab",
    "markup": "{*_[h1. ",
    "entities": "&amp;<",
    "values": "(value: ",
    "escapes": '\\"',
    "paragraphs": "\n\n",
}
FILTERS = ("{{ text|urlize }}", "{{ text|striptags }}", "{{ text|wordwrap }}")
"""Those of an operator's template that look for something in a text."""
JIRA_SETTINGS = load(Settings, {"JIRA_URL": "https://jira.test", "JIRA_PAT": "pat-of-a-test", "JIRA_PROJECT": "PROJ"})
SECRET = "a" * 40  # as a text of one letter might hold it again and again


def event(text: str) -> Event:
    return AbcEvent(
        id="e",
        source="abc",
        name="ISSUE_ADDITION",
        subject=Subject("abc", "issue", 1, 1),
        occurred=0.0,
        body={},
        project=Named(id=1, name=text),
        channel=Named(id=1, name=text),
        feedback=Feedback.model_validate({"id": 1, "message": text}),
        issue=Issue(id=1, name=text, description=text, status=text),
    )


def writer(markup: Markup) -> Writer:
    return Writer(JIRA_SETTINGS, markup, "test", "en")


def taken_off(content: str, text: str) -> None:
    with suppress(NoTranslation):
        unwrapped(content, text)


FUNCTIONS: dict[str, Callable[[Any], object]] = {
    "has_words": has_words,
    "language_of": language_of,
    "split": lambda text: split(text, 2000),
    "to_translate": lambda text: to_translate(split(text, 2000)),
    "translated": lambda text: translated(split(text, 2000), lambda part: part),
    "pack": lambda text: pack([text[start : start + 50] for start in range(0, len(text), 50)], Limits(2000, 20)),
    "objection to an answer": lambda text: objection("결제가 안 돼요", text, "en"),
    "objection to a text": lambda text: objection(text, text, "en"),
    "unwrapped": lambda text: taken_off(text, "결제가 안 돼요"),
    "unwrapped of a text": lambda text: taken_off("It fails", text),
    **{
        f"{name} {what}": measured
        for name, markup in (("jira", JIRA), ("markdown", MARKDOWN))
        for what, measured in (
            ("escape", markup.literal),
            ("cut", lambda text, markup=markup: markup.cut(text, 1_000)),
            ("title", lambda text, markup=markup: writer(markup).title(text, 1)),
            ("comment", lambda text, markup=markup: writer(markup).feedback_comment(1, text, {"m": text}, "marker")),
        )
    },
    "template filters": lambda text: [render_template(source, {"text": text}) for source in FILTERS],
    "slack message": lambda text: slack.render(event(text), "en", ticket=text, ticket_url="https://x/{id}"),
    "slack digest": lambda text: slack.render_digest([event(text)] * 3, "ko"),
    "jandi message": lambda text: jandi.message(event(text)),
    "jandi digest": lambda text: render(digest([event(text)] * 3, "ko")),
    "redaction": Redactor([SECRET, "https://hooks.slack.com/services/T0/B0/" + SECRET]),
    "ABC's refusal": lambda text: words_of({"message": [text, text]}),
    "a body's containers": lambda text: holds_too_much(b"[" * 10_001 + b'"' + text.encode("utf-8", "replace")),
    "halves of characters": lambda text: without_halves(text.encode("utf-8", "replace")),
    "is_blank": is_blank,
    "cut": lambda text: cut(text, 255),
    "cut far behind": lambda text: cut(text, len(text) - 1),
    "inert": inert,
    "utf16_length": utf16_length,
    "abc_length": abc_length,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_time_in_proportion_to_its_text(name: str) -> None:
    run = FUNCTIONS[name]
    texts = [lambda size, unit=unit: unit * (size // len(unit)) for unit in UNITS.values()]
    assert_all_linear(run, texts)
