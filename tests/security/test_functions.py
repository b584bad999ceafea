"""What the service does with users' text takes time in proportion to the text, for 1 MB of the worst.

One feedback of an end user is enough to try it. The functions are measured whole: their patterns alone are in
test_patterns.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

import connectors
from bridge.http import without_halves
from bridge.redaction import Redactor
from bridge.templates import TemplateMistake, render_template
from bridge.text import abc_length, cut, inert, is_blank, utf16_length
from sources.abc.errors import words_of
from sources.receive import holds_too_much
from tests.connectors.contract import functions_of
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
SECRET = "a" * 40  # as a text of one letter might hold it again and again


def of_connectors() -> Iterator[tuple[str, str, Callable[[str], object]]]:
    """Of every registered connector; one that names none is reported by its contract test."""
    for kind in connectors.REGISTRY:
        with suppress(LookupError):
            yield from ((kind, name, function) for name, function in functions_of(kind).items())


def filtered(source: str, text: str) -> str:
    return render_template(source, {"text": text})


FUNCTIONS: dict[str, Callable[[Any], object]] = {
    **{f"{kind} {name}": function for kind, name, function in of_connectors()},
    **{source: partial(filtered, source) for source in FILTERS},
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
    def run(text: Any) -> None:
        try:
            FUNCTIONS[name](text)
        except TemplateMistake as mistake:
            if mistake.kind != "TooMuchWork":  # where a template ends: test_templates.py
                raise

    texts = [lambda size, unit=unit: unit * (size // len(unit)) for unit in UNITS.values()]
    assert_all_linear(run, texts)
