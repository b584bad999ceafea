"""A feedback as a quotation: every line that a person sees begins with "> ", so that none passes for one of ours.

A chat breaks long lines by itself, and would put no "> " before the rest: so lines are broken here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from bridge.text import cut, is_blank, utf16_length, without_controls

QUOTE = "> "
LONGEST = 1000
"""Characters of a feedback that are shown."""
COLUMNS = 70
"""Of a line; a wide character takes two. A window shows more, except on phones."""
MOST_LINES = 30


def quotation(text: str) -> str:
    """Empty for a text in which nobody can see anything."""
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
    """`line` in pieces of at most COLUMNS, between words where it has any."""
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
