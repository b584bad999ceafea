"""Every language has all the words, and Korean its particle."""

from __future__ import annotations

import dataclasses

import pytest

from connectors.alerts.texts import TEXTS, ro


def test_every_language_names_the_five_statuses() -> None:
    for texts in TEXTS.values():
        assert set(texts.statuses) == {"INIT", "ON_REVIEW", "IN_PROGRESS", "RESOLVED", "PENDING"}


def test_every_language_has_all_sentences_with_the_same_values() -> None:
    for texts in TEXTS.values():
        for field in dataclasses.fields(texts):
            value, english = getattr(texts, field.name), getattr(TEXTS["en"], field.name)
            for blank in ("{name}", "{previous}", "{status}", "{channel}"):
                assert field.name == "statuses" or (blank in value) == (blank in english)


@pytest.mark.parametrize(
    ("word", "particle"),
    [
        ("완료", "로"),
        ("보류", "로"),
        ("진행 중", "으로"),
        ("해결됨", "으로"),
        ("열", "로"),
        ("DONE", "(으)로"),
        ("", "(으)로"),
        ("👍", "(으)로"),
    ],
)
def test_the_particle_follows_the_last_sound(word: str, particle: str) -> None:
    assert ro(word) == particle
