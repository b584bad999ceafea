"""Text of other people on a terminal: what could steer it, or reverse the direction of its text, is taken out or
escaped. Pure."""

from __future__ import annotations

import json


def printable(text: str, keep: str = "") -> str:
    """Without characters that are not shown themselves, but for those in `keep`."""
    if text.isprintable():
        return text
    return "".join(character for character in text if character.isprintable() or character in keep)


def escaped(text: str, keep: str = "") -> str:
    """With such characters as JSON writes them (`\\u001b`), so that nothing is lost and JSON stays JSON."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in keep else json.dumps(character)[1:-1] for character in text
    )
