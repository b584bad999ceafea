"""A feedback as a quotation: every visible line begins with "> ", so that no line can imitate our text.

A chat breaks long lines without a "> " before the next part, so lines are broken here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from bridge.text import cut, is_blank, utf16_length, without_controls

QUOTE = "> "
LONGEST = 1000
"""Characters of a feedback that are shown."""
COLUMNS = 70
"""The width of a line; a wide character takes two columns. A window shows more, except on phones."""
MOST_LINES = 30


def quotation(text: str) -> str:
    """The quotation; empty if the text has no visible characters."""
    text = cut(without_controls(text).strip(), LONGEST, length=utf16_length)
    lines = [line for given in text.splitlines() for line in _broken(" ".join(given.split()))]
    while lines and is_blank(lines[0]):
        del lines[0]
    shown = [line for number, line in enumerate(lines) if not is_blank(line) or not is_blank(lines[number - 1])]
    while shown and is_blank(shown[-1]):
        del shown[-1]
    if len(shown) > MOST_LINES:
        shown = [*shown[: MOST_LINES - 1], "…"]
    return "\n".join((QUOTE + ("" if is_blank(line) else line)).rstrip() for line in shown)


def _broken(line: str) -> Iterator[str]:
    """`line` in parts of at most COLUMNS, broken between words if possible."""
    while (end := _fitting(line)) < len(line):
        space = line.rfind(" ", 1, end + 1)
        head = line[:space] if space > 0 else cut(line, end + 1).removesuffix("…")
        head = head or line[:end]
        yield head
        line = line[len(head) :].lstrip()
    yield line


def _fitting(line: str) -> int:
    """How many of the characters fit into one line."""
    columns = 0
    for number, character in enumerate(line):
        columns += 2 if unicodedata.east_asian_width(character) in "WF" else not unicodedata.combining(character)
        if columns > COLUMNS:
            return number
    return len(line)
