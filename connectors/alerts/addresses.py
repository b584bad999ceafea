"""The web addresses in a text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ADDRESS = re.compile(r"https?://[!#-;=?-\[\]^_a-{}~]+")
"""ASCII, without `"`, `<`, `>`, `|`, backslash and backquote: in Korean and Japanese a word follows without a blank."""
BEHIND = ".,;:!?')]}"
"""At the end of an address these belong to the sentence around it."""


def parts_of(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is an address."""
    at = 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(BEHIND)
        if found.start() > at:
            yield text[at : found.start()], False
        yield address, True
        at = found.start() + len(address)
    if at < len(text):
        yield text[at:], False
