"""What people read is plain English: no retired word in pages, comments, docstrings, errors and log lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.words import EXEMPT, RETIRED, prose, retired
from tools.sandbox.processes import ROOT

SERVICE = (
    "app.py",
    "bin",
    "bridge",
    "connectors",
    "console",
    "deploy",
    "docs",
    "jobs",
    "sources",
    "tools",
    ".ci",
    ".env.example",
    "app.json",
    "pyproject.toml",
    "Procfile",
)
TESTS = ("tests",)
"""Of these only comments and docstrings: their other texts are data, such as what a user writes."""
SUFFIXES = ("", ".py", ".lua", ".md", ".service")
SENTENCES = (
    "The variable tells which channel.",
    "All problems are told at once.",
    "The header says how long to wait.",
    "Jira said no.",
    "A later run mends it.",
    "Redis is in trouble.",
    "The ledger begins anew.",
    "Its fate is unknown.",
    "Records what came of it.",
    "The comment was there already.",
    "The file is not there.",
    "The same happening is one event.",
    "The error, in words.",
    "It comes once, by whomever it was sent.",
    "This is how the house is built.",
    "What was heard of it last.",
    "It talks to Jira.",
    "The job layer lends a context.",
    "Reconcile makes up for it.",
)
"""At least one for each retired word."""


def files(*names: str) -> list[Path]:
    paths = [ROOT / name for name in names]
    inside = [file for path in paths for file in path.rglob("*") if file.is_file() and file.suffix in SUFFIXES]
    return sorted({*inside, *(path for path in paths if path.is_file())})


PAGES = [file.name for file in sorted(ROOT.glob("*.md"))]


def check(paths: list[Path], *, texts: bool) -> None:
    assert paths
    found = [
        f'{file.relative_to(ROOT)}:{number}: "{word}"; write instead: {instead}. The line: {line.strip()}'
        for file in paths
        for number, line in prose(file, texts=texts)
        for word, instead in retired(line)
        if not any(quotation in line for quotation in EXEMPT)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", [*SERVICE, *PAGES])
def test_no_retired_word(name: str) -> None:
    check(files(name), texts=True)


@pytest.mark.parametrize("name", TESTS)
def test_no_retired_word_in_tests(name: str) -> None:
    check([file for file in files(name) if file.suffix == ".py" and "words" not in file.name], texts=False)


def test_every_exemption_is_needed() -> None:
    lines = [line for file in files(*SERVICE) for _, line in prose(file) if any(retired(line))]
    for quotation in EXEMPT:
        assert any(quotation in line for line in lines), f"no line needs the exemption of: {quotation}"


@pytest.mark.parametrize("sentence", SENTENCES)
def test_each_retired_word_is_found(sentence: str, tmp_path: Path) -> None:
    """In a comment, a docstring, a message, a page, a Lua comment and the example of the environment."""
    message = f"def f():\n    raise ValueError(f'{{f}}: {sentence}')\n"
    for name, text in {
        "comment.py": f"x = 1  # {sentence}\n",
        "docstring.py": f'"""First line.\n\n{sentence}\n"""\n',
        "message.py": message,
        "page.md": f"# Title\n\n```\ncode\n```\n- {sentence}\n",
        "script.lua": f"local x = 1  -- {sentence}\n",
        "script": f"x=1  # {sentence}\n",
        ".env.example": f"# {sentence}\n",
    }.items():
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        found = [number for number, line in prose(file) if any(retired(line))]
        assert found == [text[: text.index(sentence)].count("\n") + 1], name


@pytest.mark.parametrize(
    "text",
    ["We recommend an amendment.", "troubleshooting", "Is there a way?", "`says` is a name", "a fateful day"],
)
def test_other_words_are_left_alone(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{text}\n```\ntold\n```\n[a page](told.md) https://example.com/told\n", encoding="utf-8")
    assert [found for _, line in prose(page) for found in retired(line)] == []


def test_names_and_code_are_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text('told = {"says": 1}\nassert told["says"] == 1\n', encoding="utf-8")
    assert [found for _, line in prose(file) for found in retired(line)] == []


def test_every_pattern_is_covered_by_a_sentence() -> None:
    """A word that is added to the list gets a sentence above."""
    found = {instead for sentence in SENTENCES for _, instead in retired(sentence)}
    assert found == set(RETIRED.values())
