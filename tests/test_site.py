"""The pages are built strictly into a site that needs no other server."""

from __future__ import annotations

import threading
import urllib.request
from pathlib import Path

import pytest

from tools.site import ROOT, badly_indented, build, links, navigation, pages, problems, server

NAVIGATION = {"Home": ["README.md"], "Rest": ["docs/*.md"]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small repository."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "LICENSE").write_text("Free.\n")
    (tmp_path / "README.md").write_text("# Home\n\n[one](docs/one.md#a-part) [licence](LICENSE)\n")
    (tmp_path / "docs" / "one.md").write_text("# One\n\n## A part\n\n[home](../README.md) [data](data.json)\n")
    (tmp_path / "docs" / "data.json").write_text("{}\n")
    return tmp_path


def test_the_site_has_the_folders_of_the_repository_and_is_served_on_loopback(tree: Path) -> None:
    build(tree, tree / "site", NAVIGATION)
    with server(tree / "site", 0) as running:
        assert running.server_address[0] == "127.0.0.1"
        threading.Thread(target=running.serve_forever).start()
        try:
            page = f"http://127.0.0.1:{running.server_port}/docs/one/"
            with urllib.request.urlopen(page, timeout=10) as answer:
                text = answer.read().decode()
        finally:
            running.shutdown()
    assert ">A part<" in text
    assert "../data.json" in {link.target for link in links(text)}
    assert [link.target for link in links(text) if link.loaded], "what a page loads is not recognised"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[page](docs/gone.md) [part](docs/one.md#gone)", ["page does not exist", "anchor does not exist"]),
        (
            "[file](docs/gone.json) ![picture](https://example.com/a.png)",
            ["links to docs/gone.json, which does not exist", "index.html loads https://example.com/a.png"],
        ),
    ],
    ids=["pages", "files"],
)
def test_what_is_wrong_ends_the_build_and_leaves_the_site_as_it_was(tree: Path, text: str, found: list[str]) -> None:
    (tree / "site").mkdir()
    (tree / "site" / "old.html").write_text("old")
    (tree / "README.md").write_text(f"# Home\n\n{text}\n")
    with pytest.raises(ValueError, match=r".") as raised:
        build(tree, tree / "site", NAVIGATION)
    assert [problem for problem in found if problem not in str(raised.value)] == []
    assert [file.name for file in (tree / "site").iterdir()] == ["old.html"]


def test_a_page_is_in_one_group_of_the_navigation(tree: Path) -> None:
    assert navigation(tree, NAVIGATION) == {"Home": ["README.md"], "Rest": ["docs/one.md"]}
    with pytest.raises(ValueError, match=r"docs/one\.md must be in one group, and is in 0"):
        navigation(tree, {"Home": ["README.md"]})
    with pytest.raises(ValueError, match=r"docs/one\.md must be in one group, and is in 2"):
        navigation(tree, {**NAVIGATION, "More": ["docs/one.md"]})
    with pytest.raises(ValueError, match=r"docs/two\.md is no page"):
        navigation(tree, {**NAVIGATION, "More": ["docs/two.md"]})


@pytest.mark.parametrize("line", ["  - inner", "   1. inner", "   | cell |", "   ```"])
def test_what_the_site_would_show_differently_is_found(tree: Path, line: str) -> None:
    page = tree / "docs" / "one.md"
    page.write_text(f"# One\n\n- item\n{line}\n")
    assert list(badly_indented(tree)) == ["docs/one.md:4: indent by four blanks what belongs to a list item"]
    with pytest.raises(ValueError, match="indent by four blanks"):
        build(tree, tree / "site", NAVIGATION)
    page.write_text(f"# One\n\n```\n{line}\n".replace("   ```", "") + "```\n\n- item\n    - inner\n\n      text\n")
    assert list(badly_indented(tree)) == []
    page.write_text(f"```\n  - code\n```\n- item\n{line}\n")
    assert [problem.partition(" ")[0] for problem in badly_indented(tree)] == ["docs/one.md:5:"]


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<script src="https://cdn.example.com/a.js"></script>', "loads https://cdn.example.com/a.js"),
        ('<link rel="preconnect" href="https://fonts.example.com" crossorigin>', "loads https://fonts.example.com"),
        ('<link rel="stylesheet" href="//fonts.example.com/a.css">', "loads //fonts.example.com/a.css"),
        ('<a href="../gone/">', "links to ../gone/, which does not exist"),
        ('<a href="https://example.com">', ""),
        ('<a href="#part">', ""),
        ('<link rel="canonical" href="https://docs.example.com/a/">', ""),
        ('<a href="/a/">', ""),
        ('<img src="data:image/png;base64,AA==">', ""),
    ],
)
def test_what_a_finished_page_loads_and_links_to(tmp_path: Path, html: str, problem: str) -> None:
    page = tmp_path / "a" / "index.html"
    page.parent.mkdir()
    page.write_text(html)
    found = list(problems(tmp_path))
    assert len(found) == bool(problem)
    assert all(problem in text for text in found)


def test_every_page_of_ours_is_found() -> None:
    assert {"README.md", "docs/connectors/slack.md", "examples/plugin/README.md"} <= set(pages(ROOT))
