"""No regular expression of the service takes more than linear time, whatever text it is given.

A pattern that backtracks keeps the interpreter's lock: no other thread moves, leases run out, signals are not obeyed.
"""

from __future__ import annotations

import re

import pytest

from connectors.jandi.client import CAUSES
from connectors.translate.keep import BREAK, KEPT
from tests.security.linear import assert_all_linear
from tests.security.patterns import Pattern, collect, files, hostile_texts

PATTERNS, UNREAD = collect()
COMPOSED = {
    r'bridge/templates.py: re.compile(rf"\b{re.escape(unknown[0])}\b")': [re.compile(r"\bname\b")],
    r"connectors/jandi/client.py: re.search(words, message, re.IGNORECASE)": [
        re.compile(words, re.IGNORECASE) for words, *_ in CAUSES
    ],
    r'connectors/slack/errors.py: re.fullmatch(f"[{alphabet}]{{1,60}}", value)': [
        re.compile(r"[a-z_]{1,60}"),
        re.compile(r"[a-z.:_,]{1,60}"),
    ],
    r'connectors/tickets/back.py: re.compile( rf"abc-{re.escape(tools.scope)}-([0-9]{{1,16}})-([0-9]{{1,16}})'
    r'(?:-t([0-9]{{1,11}}))?" )': [re.compile(r"abc-default\.label-([0-9]{1,16})-([0-9]{1,16})(?:-t([0-9]{1,12}))?")],
    r'connectors/translate/keep.py: re.sub(rf"</?{re.escape(mode.tag)}(?: [^<>]*)?>", "", answer)': [
        re.compile(rf"</?{tag}(?: [^<>]*)?>") for tag in ("span", r"apertium\-notrans")
    ],
    # A filter's pattern, which is only compiled here, to show its mistakes: RE2 runs it, which does not backtrack.
    "jobs/patterns.py: re.compile(text)": [],
}
"""Expressions whose pattern is known only where they run, each with what it becomes: measured like the others."""
PATTERNS += [
    Pattern(f"{expression.partition(':')[0]} {number}", compiled, anchored=False)
    for expression, becomes in COMPOSED.items()
    for number, compiled in enumerate(becomes, 1)
]
# Quadratic in flags, and only ever given slices of 128 characters: tests/security/test_functions.py measures `cut`.
ONLY_SLICES = {r"\X"}


def test_the_collection_finds_the_patterns() -> None:
    assert len(files()) > 60
    assert len(PATTERNS) > 20
    assert any(pattern.where.startswith("bridge/redaction.py") for pattern in PATTERNS)
    assert any(isinstance(pattern.compiled.pattern, bytes) for pattern in PATTERNS)
    assert any(pattern.anchored for pattern in PATTERNS)


def test_patterns_that_are_put_together_at_the_import_are_measured() -> None:
    measured = {pattern.compiled for pattern in PATTERNS}
    assert {KEPT, BREAK} <= measured


def test_every_pattern_can_be_read_from_the_source() -> None:
    """For one that is not read, neither as a constant nor at the import of its module: state in COMPOSED what it is."""
    assert sorted(UNREAD) == sorted(COMPOSED)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.where)
def test_a_pattern_takes_time_in_proportion_to_its_text(pattern: Pattern) -> None:
    if pattern.compiled.pattern in ONLY_SLICES:
        pytest.skip("it sees slices only")
    texts = hostile_texts(pattern.compiled)
    assert_all_linear(pattern.run, texts)


@pytest.mark.parametrize(
    "pattern",
    [
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",  # an address, looked for from every character of a run
        r"[.!?…]+[\"')\]]*(?=\s)",  # marks before a blank that never comes
        r"\(value: .*, type: ",
    ],
)
def test_the_measure_finds_patterns_that_are_not_linear(pattern: str) -> None:
    bad = Pattern("here", re.compile(pattern, re.DOTALL), anchored=False)
    with pytest.raises(AssertionError, match="took"):
        assert_all_linear(bad.run, hostile_texts(bad.compiled))
