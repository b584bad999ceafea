"""Finds the web addresses in a text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ADDRESS = re.compile(r"https?://[!#-;=?-\[\]^_a-{}~]+")
"""ASCII only, because in Korean and Japanese the next word follows without a blank. Without `"`, `<`, `>`, `|`,
backslash and backquote."""
BEHIND = ".,;:!?')]}"
"""At the end of an address, these characters belong to the sentence around it."""


def parts_of(text: str) -> Iterator[tuple[str, bool]]:
    """The text in parts: (part, whether it is an address)."""
    at = 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(BEHIND)
        if found.start() > at:
            yield text[at : found.start()], False
        yield address, True
        at = found.start() + len(address)
    if at < len(text):
        yield text[at:], False
