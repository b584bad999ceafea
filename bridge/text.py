"""Text as people read it: what is blank, where it may be cut, how long others count it. Pure, and linear in the text.

https://www.unicode.org/reports/tr29/#Grapheme_Cluster_Boundaries
"""

from __future__ import annotations

import re
from collections.abc import Callable

import regex

ELLIPSIS = "…"
LONGEST_CLUSTER = 64
"""Characters looked at on each side of a cut. Longer clusters exist only to do harm (Unicode's stream-safe format ends
at 30 marks): they are cut, so that the time of a cut does not depend on them."""

_CLUSTER = regex.compile(r"\X")
_REGIONAL = "".join(map(chr, range(0x1F1E6, 0x1F200)))
"""Two of them are a flag, so where one starts depends on how many stand before it."""

# Besides what Unicode calls blank or ignorable: BRAILLE PATTERN BLANK, annotation and object placeholders, KHITAN SMALL
# SCRIPT FILLER, MUSICAL SYMBOL NULL NOTEHEAD. HANGUL FILLER (U+3164) and ZERO WIDTH SPACE (U+200B) are ignorable.
_VISIBLE = regex.compile(
    r"[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cs}\u2800\ufff9-\ufffc\U00016FE4\U0001D159]"
)
# Controls that are not white space, embeddings, overrides and isolates of writing direction, halves of characters.
_HARMFUL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SELECTED = re.compile("[^\ufe0e\ufe0f][\ufe0e\ufe0f]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def is_blank(text: str) -> bool:
    """Whether a person sees nothing: white space, invisible and control characters, fillers, lone surrogates only."""
    return _VISIBLE.search(text) is None


def cut(text: str, limit: int, *, length: Callable[[str], int] = len) -> str:
    """At most `limit` by `length`, with "…" at the end where something was left out; never cuts inside what a person
    sees as one character (a flag, a family emoji, a syllable of jamo, a letter with its marks).

    `length` counts as the reader of the text does; it must grow with the text.
    """
    if length(text) <= limit:
        return text
    end = boundary(text, _longest_prefix(text, limit, length))
    kept = text[:end].rstrip()
    return kept + ELLIPSIS if length(ELLIPSIS) <= limit else ""


def utf16_length(text: str) -> int:
    """In UTF-16 code units, as JavaScript and Java count."""
    return len(text) + len(_ASTRAL.findall(text))


def abc_length(text: str) -> int:
    """As ABC User Feedback counts for its limits (validator's isLength 13.15.26): a surrogate pair is one, a variation
    selector after another character none."""
    return len(text) - len(_SELECTED.findall(text))


def without_lone_surrogates(text: str) -> str:
    """`text` with "\N{REPLACEMENT CHARACTER}" for each half of a character: JSON can hold them, UTF-8 can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def inert(text: str) -> str:
    """`text` on one line, unable to change how the text around it is read: no controls, no change of writing direction,
    each run of white space as one space."""
    return " ".join(_HARMFUL.sub("", text).split())


def without_controls(text: str) -> str:
    """`inert` for text that may have several lines: white space stays as it is."""
    return _HARMFUL.sub("", text)


def _longest_prefix(text: str, limit: int, length: Callable[[str], int]) -> int:
    """The most characters of `text` that fit together with the ellipsis. Looks at little more than what fits."""
    high = max(1, limit)
    while high < len(text) and length(text[:high] + ELLIPSIS) <= limit:
        high *= 2
    low, high = 0, min(high, len(text))
    while low < high:
        middle = (low + high + 1) // 2
        if length(text[:middle] + ELLIPSIS) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def boundary(text: str, end: int) -> int:
    """The last boundary between clusters at or before `end`; `end` itself where the cluster around it is too long."""
    start = max(0, end - LONGEST_CLUSTER)
    before = text[:start]
    start -= (len(before) - len(before.rstrip(_REGIONAL))) % 2
    # A slice: the engine itself would look back through all of the text for each flag.
    for cluster in _CLUSTER.finditer(text[start : end + LONGEST_CLUSTER]):
        if start + cluster.end() > end:
            too_long = cluster.start() == 0 and (start > 0 or cluster.end() > LONGEST_CLUSTER)
            return end if too_long else start + cluster.start()
    return end
