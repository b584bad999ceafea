"""Values of variables as people write them: what is meant is taken, what is an obvious mistake is named.

No error here quotes a value: it may be a secret.
"""

from __future__ import annotations

import json
import re

INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
"""What an editor or a chat leaves at the ends of a value: a byte order mark, zero-width blanks and joiners."""
QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`"}
FULL_WIDTH = {"，": ",", "＝": "="}
_VARIABLE = re.compile(r"\$\{?[A-Z][A-Z0-9_]*\}?")
_PLACEHOLDER = re.compile(r"<[^<>]*>")
_EXAMPLE_STARTS = ("changeme", "change-me", "change_me", "your-", "your_", "xxxx")
_EXAMPLE_ENDS = ("-here", "_here", "...", "…")


def tidy(text: str) -> str:
    """Without blanks, line ends and invisible characters at its ends."""
    while (shorter := text.strip().strip(INVISIBLE)) != text:
        text = shorter
    return text


def mistake_in(text: str) -> str:
    """What is obviously wrong with the value, whatever it is for; "" when nothing is."""
    if is_quoted(text):
        return "the quotes around the value are read as a part of it: remove them"
    if _PLACEHOLDER.fullmatch(text):
        return "still holds the placeholder of an example (<…>): put the real value there"
    if _VARIABLE.fullmatch(text) or (text.startswith("$(") and text.endswith(")")):
        return (
            "holds the name of another variable or a command ($…), which is not replaced here: write the value itself"
        )
    return ""


def is_quoted(text: str) -> bool:
    """Whether one pair of quotes stands around all of it (`"a" == "b"` is no such text)."""
    return len(text) > 1 and QUOTES.get(text[0]) == text[-1] and not set(text[1:-1]) & {text[0], text[-1]}


def mistake_in_secret(text: str) -> str:
    """The same for a key that travels in a header or an address; "" when nothing is wrong."""
    if text.lower().startswith(_EXAMPLE_STARTS) or text.lower().endswith(_EXAMPLE_ENDS):
        return "still holds the text of an example: put the real value there"
    if not re.fullmatch(r"[!-~]+", text):
        return "should hold ASCII letters, digits and signs only, without blanks or line ends"
    return ""


def parts_of(text: str) -> list[str]:
    """The parts of a comma-separated list, blanks trimmed, empty parts left out. Raises ValueError."""
    for wide, narrow in FULL_WIDTH.items():
        if wide in text:
            raise ValueError(f"holds a full-width '{wide}'; lists are written with '{narrow}'")
    parts = [part for part in map(tidy, text.split(",")) if part]
    if any(is_quoted(part) for part in parts):
        raise ValueError("the quotes around a part of the list are read as a part of it: remove them")
    return parts


def pairs_of(text: str) -> dict[str, str]:
    """The pairs of a `key=value,key=value` list, in their order. Raises ValueError, which quotes the wrong part."""
    pairs: dict[str, str] = {}
    for part in parts_of(text):
        key, equals, value = (tidy(piece) for piece in part.partition("="))
        if not (equals and key and value):
            raise ValueError(f"'{part}' should be key=value")
        if key in pairs:
            raise ValueError(f"the key '{key}' is given twice")
        pairs[key] = value
    return pairs


def is_full_width(text: str) -> bool:
    """Whether it holds letters, digits or signs as an East Asian keyboard types them (１２３ for 123)."""
    return any("\uff01" <= character <= "\uff5e" or character == "\u3000" for character in text)


def texts_of_json(text: str, example: str, least: int = 0) -> dict[str, str]:
    """A JSON object of at least `least` texts. Raises ValueError, which shows `example`."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or len(found) < least or not all(isinstance(text, str) for text in found.values()):
        raise ValueError(f"should be a JSON object of {example}")
    return found
