"""Whether an answer can be the translation of a text. Pure, and linear in both.

A translator's success is not believed by its form: models repeat themselves, stop early, answer instead of translating.
A wrong objection costs a translation for good, so only what can't be a translation is objected to; how the bounds were
chosen: docs/decisions/0052-plausible-translations.md.
"""

from __future__ import annotations

import zlib

from bridge.text import is_blank
from connectors.translate.language import (
    ONE_LANGUAGE,
    SYLLABIC,
    base,
    detected,
    has_words,
    language_by_script,
    script_weights,
)

LONGER = 4
"""A translation is at most this many times as long as its text, and `LONGER_BY` characters more."""
LONGER_BY = 100
SHORTER = 12
"""A translation is at least one part in so many of its text, where the text is longer than `SHORT`."""
SHORT = 200
REPEATED = 0.1
"""Compressed to less than this share of its size, a text of more than `SHORT` bytes repeats itself; prose stays above
0.3."""

# The language of an answer must be much surer than that of a text: here an error would reject a good translation.
SURE = 0.97
ENOUGH_LETTERS = 40
ENOUGH_WORDS = 6

SCRIPTS = {
    language: {script for script, of in ONE_LANGUAGE.items() if of == language} for language in ONE_LANGUAGE.values()
}
SCRIPTS["ja"].add("CJK")
SCRIPTS["zh"] = {"CJK"}
"""The scripts of the languages that have one of their own."""

RELATIVES = (
    {"es", "pt", "gl", "ca", "it", "ro", "fr", "co", "la", "eo", "ht"},
    {"id", "ms", "su", "jv"},
    {"ru", "uk", "be", "bg", "mk", "sr", "mn", "kk", "ky", "tg"},
    {"no", "da", "sv", "is"},
    {"cs", "sk", "sl", "pl"},
    {"hr", "bs", "sr", "sl"},
    {"nl", "af", "de", "lb", "fy"},
    {"ar", "fa", "ps", "ur", "sd"},
    {"hi", "mr", "ne"},
)
"""Languages that the detector takes for each other."""


def objection(text: str, answer: str, target: str) -> str:
    """Why `answer` can't be the translation of `text`; "" when it can."""
    if is_blank(answer):
        return "an empty translation"
    size, of = _size(answer), _size(text)
    if size > LONGER * of + LONGER_BY:
        return "a translation that is far longer than the text"
    if repeats(answer) and not repeats(text):
        return "a translation that repeats itself"
    if of > SHORT and size * SHORTER < of and not repeats(text):
        return "a translation that is far shorter than the text"
    if unchanged(text, answer):
        return "the text came back untranslated" if _is_foreign(text, target) else ""
    return f"a translation that is not in {target}" if _is_foreign(answer, target) else ""


def unchanged(text: str, answer: str) -> bool:
    """Whether a provider returned the text itself."""
    return text.casefold().split() == answer.casefold().split()


def repeats(text: str) -> bool:
    """Whether the text, or its second half, is one thing over and over."""
    return _repeats(text) or _repeats(text[len(text) // 2 :])


def _repeats(text: str) -> bool:
    data = text.encode("utf-8", "replace")
    return len(data) > SHORT and len(zlib.compress(data, 1)) < REPEATED * len(data)


def _size(text: str) -> int:
    """Characters, where one of a syllabic script counts as three: about what it takes in an alphabet."""
    return len(text) + 2 * sum(weight // 2 for script, weight in script_weights(text).items() if script in SYLLABIC)


def _is_foreign(text: str, target: str) -> bool:
    wanted = base(target)
    own = SCRIPTS.get(wanted, set())
    # Without a letter of the language's own script a shorter text is enough to see what it is instead.
    letters = ENOUGH_LETTERS if not own or own & script_weights(text).keys() else ENOUGH_LETTERS // 2
    found = language_by_script(text) or detected(text, SURE, letters, ENOUGH_WORDS)
    if found is None or found == wanted or not has_words(text):
        return False
    return not any(found in group and wanted in group for group in RELATIVES)
