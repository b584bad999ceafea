"""Every text of alerts and tickets exists in every language, with the same values in it."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import cast, get_args

import pytest

from bridge.service import Language
from connectors import texts
from connectors.alerts.contents import sentence
from connectors.tickets.settings import ABC_STATUSES
from sources.base import Event, Subject, Summary
from tools.sandbox.processes import ROOT

CATALOGUE: dict[str, Mapping[str, str]] = {
    name: value for name, value in vars(texts).items() if isinstance(value, dict) and set(value) & {"en", "ko", "ja"}
}
del CATALOGUE["INNER_QUOTES"]
CATALOGUE |= {f"STATUSES {name}": cast(Mapping[str, str], text) for name, text in texts.STATUSES.items()}
CATALOGUE |= {f"OCCURRENCES {name}": cast(Mapping[str, str], text) for name, text in texts.OCCURRENCES.items()}
LANGUAGES = set(get_args(Language))
HANGUL, KANA = "가-힣", "ぁ-ヿ"
READ_NOT_WRITTEN = {
    "sources/abc/samples.py",
    "connectors/jandi/client.py",
    "connectors/translate/providers/azure.py",
    "connectors/translate/providers/libretranslate.py",
    "connectors/translate/providers/openai.py",
    "connectors/translate/providers/papago.py",
    "connectors/translate/providers/unwrap.py",
}


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


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_language_has_its_own_script_and_punctuation(name: str) -> None:
    text = CATALOGUE[name]
    assert not re.search(f"[{HANGUL}{KANA}]", text["en"])
    assert not re.search(f"[{KANA}。、「」（）：]", text["ko"])
    assert not re.search(f"[{HANGUL}]", text["ja"])
    assert not re.search(r"[(),:?!](?!\w*})", text["ja"]), "half-width punctuation"


def test_no_text_is_left_over() -> None:
    code = [file for folder in ("sources", "connectors") for file in (ROOT / folder).rglob("*.py")]
    rest = "".join(file.read_text(encoding="utf-8") for file in code if file.name != "texts.py")
    keys = [name.removeprefix("OCCURRENCES ") for name in CATALOGUE if name.startswith("OCCURRENCES")]
    assert [key for key in keys if f'"{key}"' not in rest] == []
    assert [name for name in CATALOGUE if " " not in name and not re.search(rf"\b{name}\b", rest)] == []


def test_texts_for_people_stand_in_the_catalogue() -> None:
    """What is written in Korean or Japanese elsewhere compares what a system sends, or is a sample."""
    code = [file for folder in ("bridge", "connectors", "jobs", "sources") for file in (ROOT / folder).rglob("*.py")]
    texts_in = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in code}
    written = {name for name, text in texts_in.items() if re.search(f"[{HANGUL}{KANA}]", text)}
    assert written - {"connectors/texts.py"} == READ_NOT_WRITTEN


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


@pytest.mark.parametrize(
    ("status", "text"),
    [("완료", "완료로 이동됨"), ("검토 중", "검토 중으로 이동됨"), ("Done", "Done(으)로 이동됨")],
    ids=["vowel", "consonant", "Latin"],
)
def test_a_korean_sentence_about_another_source_has_the_particle_of_its_status(status: str, text: str) -> None:
    summary = Summary("결제 오류", what="moved_to", values={"status": status})
    event = Event("blue", "1", "blue.TODO_MOVED", Subject("blue", "record", "", "1"), 0, {}, summary=summary)
    assert sentence(event, "ko") == f'Blue: "결제 오류" – {text}'
