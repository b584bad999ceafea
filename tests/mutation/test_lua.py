"""The mutants of a Lua script are those that the report lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.mutation.lua import mutants
from tools.sandbox.processes import ROOT

SCRIPTS = sorted(ROOT.glob("jobs/**/lua/*.lua"))


def changes(line: str) -> set[str]:
    return {mutant.after for mutant in mutants(line)}


def test_comparisons_logic_and_numbers_are_changed() -> None:
    assert changes("local late = a <= b and c > 5") == {
        "local late = a < b and c > 5",
        "local late = a > b and c > 5",
        "local late = a <= b or c > 5",
        "local late = a <= b and c >= 5",
        "local late = a <= b and c <= 5",
        "local late = a <= b and c > 6",
    }


def test_a_condition_is_also_made_constant() -> None:
    assert {"if true then return 1 end", "if false then return 1 end"} <= changes("if not d then return 1 end")


def test_a_command_that_stands_alone_is_left_out() -> None:
    assert changes("  redis.call('DEL', key)") == {""}


@pytest.mark.parametrize("line", ["-- a < b and c == 5", "local name = 'a < b and 5'", "local now = t[1] * 1000"])
def test_comments_texts_and_the_reading_of_the_clock_stay(line: str) -> None:
    assert changes(line) == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_mutant_differs_from_the_script_in_one_line(script: Path) -> None:
    """A mutant that changes nothing would count as one that no test notices."""
    text = script.read_text(encoding="utf-8")
    for mutant in mutants(text):
        differing = [
            number
            for number, (was, now) in enumerate(zip(text.split("\n"), mutant.text.split("\n"), strict=True), 1)
            if was != now
        ]
        assert differing == [mutant.line]


def test_a_comment_is_not_changed() -> None:
    assert list(mutants("-- Asks if it is so, then goes on 1 or 2 times.\n  -- redis.call('GET', key)")) == []
