"""Long texts in parts: cut at sentence ends, packed into requests, joined back without loss. Linear in the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bridge.text import boundary
from connectors.translate.language import has_words

# A sentence's end and the blanks after it; CJK sentences end without a blank. It is looked for only where a run of
# marks starts, and without going back: else a text of exclamation marks would take quadratic time.
SENTENCE_END = re.compile(r"(?:(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s)|[。！？｡．]++[」』”’）]*+|\n)\s*+")
BLANKS = re.compile(r"\s++")
LOOK_BEHIND = 64
"""Characters of the following part that a cut looks at, to see whether it would split a character."""
SMALLEST = 150
"""Characters; parts are not made smaller than this to spare a slow provider."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request to a provider may hold."""

    characters: int
    """Of all its texts together, as Python counts them (code points)."""
    texts: int
    turns_by: int = 0
    """Where the provider bills characters: how many of them count as one request for the rate; 0: any number."""

    def smaller(self, level: int) -> Limits:
        """For a provider that did not manage a request in time: half of it for each level."""
        return replace(self, characters=max(self.characters >> level, min(SMALLEST, self.characters)))

    def turns(self, request: Sequence[str]) -> int:
        """As how many requests this one counts for the rate."""
        return max(1, -(-sum(map(len, request)) // self.turns_by)) if self.turns_by else 1


def split(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` characters whose concatenation is the text."""
    parts = []
    start = 0
    while len(text) - start > limit:
        end = start + _cut(text[start : start + limit + LOOK_BEHIND], limit)
        parts.append(text[start:end])
        start = end
    if start < len(text):
        parts.append(text[start:])
    return parts


def pieces(text: str, limits: Limits, level: int, known: Callable[[str], bool]) -> Iterator[str]:
    """The parts to translate, made smaller by `level`; a larger one whose translation is known stays whole, so that
    nothing is paid for twice. Their concatenation is the text."""
    return _smaller(split(text, limits.characters), limits, 0, level, known)


def _smaller(parts: list[str], limits: Limits, level: int, wanted: int, known: Callable[[str], bool]) -> Iterator[str]:
    for part in parts:
        if level == wanted or known(_around(part)[1]):
            yield part
        else:
            finer = split(part, limits.smaller(level + 1).characters)
            yield from _smaller(finer, limits, level + 1, wanted, known)


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


def to_translate(parts: Iterable[str]) -> list[str]:
    """What has to be sent of these parts: those that hold words, without the blanks around them."""
    return [core for part in parts for _, core, _ in [_around(part)] if has_words(core)]


def translated(parts: Iterable[str], translation: Callable[[str], str]) -> str:
    """The text of these parts, with every one of `to_translate` replaced by its translation.

    Blanks between the parts are ours: translators trim them, and sentences would run into each other.
    """
    text = []
    for part in parts:
        before, core, after = _around(part)
        text += [before, translation(core).strip() if has_words(core) else core, after]
    return "".join(text)


def _around(part: str) -> tuple[str, str, str]:
    core = part.strip()
    start = len(part) - len(part.lstrip()) if core else len(part)
    return part[:start], core, part[start + len(core) :]


def _cut(window: str, limit: int) -> int:
    """Where to cut: behind a sentence, else between words, else between characters as people see them."""
    for pattern in (SENTENCE_END, BLANKS):
        ends = [match.end() for match in pattern.finditer(window, 0, limit)]
        # A boundary near the start would leave a crumb of a request.
        if ends and ends[-1] > limit // 4:
            return ends[-1]
    return boundary(window, limit) or limit
