"""No regular expression of the service takes more than linear time, whatever text it is given.

A pattern that backtracks keeps the interpreter's lock: no other thread moves, leases run out, signals are not obeyed.
"""

from __future__ import annotations

import re

import pytest

from tests.security.linear import assert_all_linear
from tests.security.patterns import Pattern, collect, files, hostile_texts

PATTERNS, UNREAD = collect()
# Put together while running, and bounded by themselves: `{1,120}`, words and tags of ours. jobs/patterns.py and
# bridge/templates read what an operator wrote, to show mistakes at the start, as sources/configuration.py reads names
# of variables; jobs/ledger/scripts.py reads our own Lua.
KNOWN_UNREAD = {
    "bridge/templates.py",
    "connectors/jandi/client.py",
    "connectors/slack/errors.py",
    "connectors/tickets/back.py",
    "connectors/translate/keep.py",
    "jobs/ledger/scripts.py",
    "jobs/patterns.py",
    "sources/configuration.py",
}
# Quadratic in flags, and only ever given slices of 128 characters: tests/security/test_functions.py measures `cut`.
ONLY_SLICES = {r"\X"}


def test_the_collection_finds_the_patterns() -> None:
    assert len(files()) > 60
    assert len(PATTERNS) > 20
    assert any(pattern.where.startswith("bridge/redaction.py") for pattern in PATTERNS)
    assert any(isinstance(pattern.compiled.pattern, bytes) for pattern in PATTERNS)
    assert any(pattern.anchored for pattern in PATTERNS)


def test_every_pattern_can_be_read_from_the_source() -> None:
    """What is not a constant is not tested below: make it one, or argue for it here."""
    assert {text.split(":")[0] for text in UNREAD} <= KNOWN_UNREAD, UNREAD


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
