"""What people read is plain English: no retired word in pages, comments, docstrings, errors, log lines and names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.words import EXEMPT, RETIRED, found_in, retired, spelled
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
        f'{file.relative_to(ROOT)}:{word.line}: "{word.word}"; write instead: {word.instead}. In: {word.text}'
        for file in paths
        for word in found_in(file, texts=texts)
        if not any(quotation in word.text for quotation in EXEMPT)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", [*SERVICE, *PAGES])
def test_no_retired_word(name: str) -> None:
    check(files(name), texts=True)


@pytest.mark.parametrize("name", TESTS)
def test_no_retired_word_in_tests(name: str) -> None:
    check([file for file in files(name) if file.suffix == ".py" and "words" not in file.name], texts=False)


def test_every_exemption_is_needed() -> None:
    for quotation in EXEMPT:
        holding = [file for file in files(*SERVICE) if quotation in file.read_text(encoding="utf-8")]
        lines = [word.text for file in holding for word in found_in(file)]
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
        found = [word.line for word in found_in(file)]
        assert found == [text[: text.index(sentence)].count("\n") + 1], name


@pytest.mark.parametrize(
    "text",
    ["We recommend an amendment.", "troubleshooting", "Is there a way?", "`says` is a name", "a fateful day"],
)
def test_other_words_are_left_alone(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{text}\n```\ntold\n```\n[a page](told.md) https://example.com/told\n", encoding="utf-8")
    assert list(found_in(page)) == []


def test_data_in_code_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text('names = {"says": 1}\nassert names["says"] == 1\n', encoding="utf-8")
    assert list(found_in(file)) == []


@pytest.mark.parametrize("name", ["told", "told_for", "TOLD_TOGETHER", "toldFor", "Told", "was_told", "HTTPTold"])
def test_a_retired_word_is_found_in_a_name(name: str, tmp_path: Path) -> None:
    for file, code in {
        "code.py": f"import os\n{name} = 1\n",
        "code.lua": f"\nlocal {name} = 'it said'\n",
        "page.md": f"```python\n{name} = 1\n```\n",
    }.items():
        (tmp_path / file).write_text(code, encoding="utf-8")
        assert [word.line for word in found_in(tmp_path / file)] == [2]
    (tmp_path / f"{name}.md").write_text("A page.\n", encoding="utf-8")
    assert [word.text for word in found_in(tmp_path / f"{name}.md")] == [f"{name}.md"]


def test_the_words_of_a_name() -> None:
    assert spelled("test_a2_HTTPServer_lower_UPPER_CamelCase") == "test a http server lower upper camel case"


def test_a_retired_phrase_is_found_over_a_line_break(tmp_path: Path) -> None:
    for name, text in {
        "comment.py": "# Records what\n# came of the request.\n",
        "docstring.py": '"""Records what\n    came of the request.\n"""\n',
        "page.md": "- Records what\n  came of the request.\n",
        "script.lua": "-- Records what\n-- came of the request.\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert [word.line for word in found_in(tmp_path / name)] == [1], name


def test_two_paragraphs_are_no_phrase(tmp_path: Path) -> None:
    for name, text in {
        "comment.py": "# what\nx = 1\n# came of it\n".replace(" of it", " out"),
        "page.md": "in\n\nwords\n\n| in |\n| words |\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert list(found_in(tmp_path / name)) == []


def test_every_pattern_is_covered_by_a_sentence() -> None:
    """A word that is added to the list gets a sentence above."""
    found = {instead for sentence in SENTENCES for _, instead in retired(sentence)}
    assert found == set(RETIRED.values())
