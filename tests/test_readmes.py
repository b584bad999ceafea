"""The README in Korean and in Japanese has the commands, variables and links of the English one, section by section."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tools.figures import BLOCK
from tools.sandbox.processes import ROOT

READMES = {language: f"README.{language}.md" if language else "README.md" for language in ("", "ko", "ja")}
CODE = re.compile(r"(?ms)^```.*?^```$")
SCRIPTS = {"ko": r"[가-힣]", "ja": r"[ぁ-んァ-ン一-龥]"}


def sections(language: str) -> list[str]:
    """Without the figures, which commands write into the English one only, and without the links between languages."""
    text = BLOCK.sub("", (ROOT / READMES[language]).read_text(encoding="utf-8"))
    text = re.sub(r"(?m)^\[.*\]\(README\..*\)$", "", text)
    return re.split(r"(?m)^## ", text)


def code_blocks(section: str) -> list[str]:
    return CODE.findall(section)


def inline_code(section: str) -> set[str]:
    """Variables, commands, paths and values."""
    return set(re.findall(r"`([^`\n]+)`", CODE.sub("", section)))


def links(section: str) -> list[str]:
    return sorted(set(re.findall(r"\]\(([^)\s]+)\)", section)))


def rows(section: str) -> int:
    return len(re.findall(r"(?m)^\|", CODE.sub("", section)))


def items(section: str) -> int:
    return len(re.findall(r"(?m)^- ", CODE.sub("", section)))


@pytest.mark.parametrize("what", [code_blocks, inline_code, links, rows, items], ids=lambda what: what.__name__)
@pytest.mark.parametrize("language", ["ko", "ja"])
def test_a_translation_has_what_the_english_one_has(language: str, what: Callable[[str], object]) -> None:
    english, other = sections(""), sections(language)
    assert len(english) == len(other)
    assert any(what(section) for section in english)
    for number, (expected, found) in enumerate(zip(english, other, strict=True)):
        assert what(found) == what(expected), f"{READMES[language]}, section {number}"


@pytest.mark.parametrize("language", ["ko", "ja"])
def test_a_translation_is_one(language: str) -> None:
    """Each heading, list item and row has the language's own script, unless it is a name only."""
    text = CODE.sub("", "\n## ".join(sections(language)))
    lines = [line for line in text.splitlines() if re.match(r"## |- |\| ?[\[|]", line)]
    assert len(lines) > 30
    foreign = [line for line in lines if not re.search(SCRIPTS[language], line)]
    assert all("---" in line for line in foreign), foreign


@pytest.mark.parametrize("language", READMES)
def test_each_readme_leads_to_the_others(language: str) -> None:
    text = (ROOT / READMES[language]).read_text(encoding="utf-8")
    found = set(re.findall(r"\((README[.a-z]*\.md)\)", text.partition("\n## ")[0]))
    assert found == set(READMES.values()) - {READMES[language]}
