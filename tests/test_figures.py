"""A command writes its figures into its own block of a page, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.figures import blocks, replaced, write
from tools.sandbox.processes import ROOT

ONE = "<!-- figures: bin/one -->\n\n| old |\n\n<!-- /figures -->"
TWO = "<!-- figures: bin/two --fast -->\n<!-- /figures -->"
PAGE = f"# Title\n\nBefore.\n\n{ONE}\n\nBetween.\n\n{TWO}\n\nAfter.\n"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_only_the_block_of_the_command_changes() -> None:
    new = replaced(PAGE, "bin/one", "| new |\n")
    assert new == PAGE.replace("| old |", "| new |")
    assert blocks(new) == {"bin/one": "| new |", "bin/two --fast": ""}


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "figures" not in text))
def test_what_is_written_is_what_stands_there(text: str) -> None:
    once = replaced(PAGE, "bin/two --fast", text)
    assert blocks(once) == {"bin/one": "| old |", "bin/two --fast": text.strip()}
    assert replaced(once, "bin/two --fast", text) == once
    assert replaced(once, "bin/two --fast", "") == replaced(PAGE, "bin/two --fast", "")


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("# Nothing\n", "no block <!-- figures: bin/one -->"),
        (TWO, "no block <!-- figures: bin/one -->"),
        ("<!-- figures: bin/one -->\n", "needs <!-- figures: COMMAND -->"),
        ("<!-- /figures -->\n", "needs <!-- figures: COMMAND -->"),
        (f"<!-- figures: bin/one -->\n{TWO}", "needs <!-- figures: COMMAND -->"),
        (f"{ONE}\n{ONE}", "a command of its own"),
    ],
    ids=["no block", "another block", "no end", "no begin", "end of another block", "two blocks"],
)
def test_a_page_that_cannot_hold_the_figures_is_left_as_it_is(tmp_path: Path, page: str, problem: str) -> None:
    file = tmp_path / "page.md"
    file.write_text(page, encoding="utf-8")
    with pytest.raises(ValueError, match=problem) as raised:
        write(file, "bin/one", "| new |")
    assert str(raised.value).startswith("page.md: ")
    assert file.read_text(encoding="utf-8") == page


@pytest.mark.parametrize("text", ["<!-- /figures -->", "<!-- figures: bin/three -->\n<!-- /figures -->"])
def test_figures_cannot_end_their_block(text: str) -> None:
    with pytest.raises(ValueError, match="opens or closes a block"):
        replaced(PAGE, "bin/one", text)


def test_a_page_is_written(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(PAGE, encoding="utf-8")
    write(file, "bin/one", "| 결제 |")
    assert blocks(file.read_text(encoding="utf-8"))["bin/one"] == "| 결제 |"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_our_pages_are_well_formed_and_name_commands_that_exist(page: Path) -> None:
    for command, text in blocks(page.read_text(encoding="utf-8")).items():
        assert (ROOT / command.split()[0]).is_file(), command
        assert text, f"{page.name}: the block of {command} is empty; run {command} --write"
