"""Long texts in parts: cut at sentence ends, packed into requests, joined back without loss."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connectors.translate.language import has_words

# A sentence's end and the blanks after it; CJK sentences end without a blank.
SENTENCE_END = re.compile(r"(?:[.!?…]+[\"'”’)\]]*(?=\s)|[。！？｡．]+[」』”’）]*|\n)\s*")
BLANKS = re.compile(r"\s+")
ZERO_WIDTH_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request to a provider may hold."""

    characters: int
    """Of all its texts together, as Python counts them (code points)."""
    texts: int


def split(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` characters whose concatenation is the text."""
    parts = []
    while len(text) > limit:
        end = _cut(text, limit)
        parts.append(text[:end])
        text = text[end:]
    if text:
        parts.append(text)
    return parts


def pack(parts: Iterable[str], limits: Limits) -> list[list[str]]:
    """The parts in order, in as few requests as the limits allow. Each part must fit on its own."""
    requests: list[list[str]] = []
    room = 0
    for part in parts:
        if not requests or len(part) > room or len(requests[-1]) >= limits.texts:
            requests.append([])
            room = limits.characters
        requests[-1].append(part)
        room -= len(part)
    return requests


def to_translate(text: str, limit: int) -> list[str]:
    """What has to be sent for this text: its parts that hold words, without the blanks around them."""
    return [core for part in split(text, limit) for _, core, _ in [_around(part)] if has_words(core)]


def translated(text: str, limit: int, translation: Callable[[str], str]) -> str:
    """The text with every part of `to_translate` replaced by its translation.

    Blanks between the parts are ours: translators trim them, and sentences would run into each other.
    """
    pieces = []
    for part in split(text, limit):
        before, core, after = _around(part)
        pieces += [before, translation(core).strip() if has_words(core) else core, after]
    return "".join(pieces)


def _around(part: str) -> tuple[str, str, str]:
    core = part.strip()
    start = part.find(core) if core else len(part)
    return part[:start], core, part[start + len(core) :]


def _cut(text: str, limit: int) -> int:
    """Where to cut: behind a sentence, else between words, else between characters as people see them."""
    window = text[:limit]
    for boundary in (SENTENCE_END, BLANKS):
        ends = [match.end() for match in boundary.finditer(window)]
        # A boundary near the start would leave a crumb of a request.
        if ends and ends[-1] > limit // 4:
            return ends[-1]
    for end in range(limit, max(limit - 64, 0), -1):
        if not _belongs_together(text, end):
            return end
    return limit


def _belongs_together(text: str, end: int) -> bool:
    """Whether a cut before `end` would split what people see as one character (near enough to Unicode's UAX 29)."""
    left, right = text[end - 1], text[end]
    return (
        unicodedata.category(right) in ("Mn", "Mc", "Me")  # combining marks, variation selectors
        or ZERO_WIDTH_JOINER in (left, right)
        or "\U0001f3fb" <= right <= "\U0001f3ff"  # skin tones
        or ("\u1160" <= right <= "\u11ff")  # vowels and finals of a decomposed Hangul syllable
        or ("\ud800" <= left <= "\udbff")  # half of a broken surrogate pair
        or (left, right) == ("\r", "\n")
        or (_regional(right) and _flags_before(text, end) % 2 == 1)
    )


def _regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags_before(text: str, end: int) -> int:
    count = 0
    while count < end and _regional(text[end - 1 - count]):
        count += 1
    return count
