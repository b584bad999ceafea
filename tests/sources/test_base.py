"""Subjects and ids: one spelling for each, of bounded length, whatever a sender writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import spelled
from sources.base import Subject
from sources.sweep import Position

TEXT = st.text(min_size=1, max_size=200)
KINDS = st.sampled_from(["issue", "feedback", "user"])


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        (Subject("abc", "issue", 1, 3), "abc:issue:1:3"),
        (Subject("logto", "user", "", "u1a2"), "logto:user:u1a2"),
        (Subject("logto", "user", "", "a:b c"), "logto:user:a%3Ab%20c"),
    ],
)
def test_a_subject_has_one_spelling(subject: Subject, key: str) -> None:
    assert str(subject) == key


@given(KINDS, TEXT, KINDS, TEXT)
def test_different_subjects_have_different_keys(kind: str, id_: str, other: str, others_id: str) -> None:
    keys = str(Subject("logto", kind, "", id_)), str(Subject("logto", other, "", others_id))
    assert (keys[0] == keys[1]) == ((kind, id_) == (other, others_id))
    assert all(key.isascii() and key.isprintable() and len(key) < 130 and key.count(":") == 2 for key in keys)


@given(TEXT)
def test_a_position_is_read_as_it_was_written(key: str) -> None:
    assert Position.read(str(Position("abc", key))) == Position("abc", key)


def test_without_a_source_an_entity_is_one_of_abc() -> None:
    """So it was written before there were other sources."""
    assert spelled("issue:1:3") == spelled("abc:issue:1:3") == "abc:issue:1:3"
    assert spelled("logto:user:u1") == "logto:user:u1"
    assert spelled("") == ""
