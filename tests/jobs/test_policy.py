"""The numbers that the Lua scripts decide by have names, and every name is used."""

from __future__ import annotations

import re

from jobs.ledger.policy import POLICY
from jobs.ledger.scripts import LUA, TEXTS

NAME = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
WHOLE_NUMBER = re.compile(r"(?<![\w.])(\d{3,})(?![\w.])")


def test_every_name_in_a_script_has_a_value_and_every_value_is_used() -> None:
    used = {name for text in TEXTS.values() for name in NAME.findall(text)}
    assert used == POLICY.keys()


def test_no_name_is_left_in_what_is_sent() -> None:
    for name, text in LUA.items():
        assert NAME.findall(text) == [], name


def test_a_script_has_no_large_number_of_its_own() -> None:
    """Except for the thousandths between microseconds, milliseconds and seconds."""
    for name, text in TEXTS.items():
        code = re.sub(r"--[^\n]*", "", text)
        assert set(WHOLE_NUMBER.findall(code)) <= {"1000"}, name
