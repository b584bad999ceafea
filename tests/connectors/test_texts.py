"""Every text of alerts and tickets exists in every language, with the same values in it."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args

import pytest

from bridge.service import Language
from connectors import texts
from connectors.tickets.settings import ABC_STATUSES
from tools.sandbox.processes import ROOT

CATALOGUE: dict[str, Mapping[str, str]] = {
    name: value for name, value in vars(texts).items() if isinstance(value, dict) and set(value) & {"en", "ko", "ja"}
}
del CATALOGUE["INNER_QUOTES"]
CATALOGUE |= {f"STATUSES {name}": cast(Mapping[str, str], text) for name, text in texts.STATUSES.items()}
CATALOGUE |= {f"OCCURRENCES {name}": cast(Mapping[str, str], text) for name, text in texts.OCCURRENCES.items()}
LANGUAGES = set(get_args(Language))


def values_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_a_text_has_every_language_of_the_service() -> None:
    assert set(texts.Text.__annotations__) == set(texts.INNER_QUOTES) == LANGUAGES
    assert {"DIGEST", "PROJECT", "TICKET_ORIGIN", "STATUSES INIT"} <= CATALOGUE.keys()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_text_exists_in_every_language_with_the_same_values(name: str) -> None:
    text = CATALOGUE[name]
    assert set(text) == LANGUAGES
    assert all(words.strip() == words != "" for words in text.values())
    for words in text.values():
        assert values_in(words) - {"ro"} == values_in(text["en"])


def test_only_korean_has_the_particle() -> None:
    assert [name for name, text in CATALOGUE.items() if "ro" in values_in(text["en"]) | values_in(text["ja"])] == []


def test_every_status_of_abc_has_a_name() -> None:
    assert set(texts.STATUSES) == set(ABC_STATUSES)


@pytest.mark.parametrize("folder", ["alerts", "tickets"])
def test_the_flows_have_no_texts_of_their_own(folder: str) -> None:
    """What is written in Korean or Japanese stands in the catalogue."""
    files = sorted(Path(ROOT / "connectors" / folder).glob("*.py"))
    assert files
    written = {file.name: file.read_text(encoding="utf-8") for file in files}
    assert [name for name, text in written.items() if any("가" <= c <= "힣" or "ぁ" <= c <= "ヿ" for c in text)] == []


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
    assert texts.ro(word) == particle
