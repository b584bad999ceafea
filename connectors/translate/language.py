"""Which language a text is in, when that can be known with confidence; None otherwise.

A wrong "it is in English already" leaves a feedback untranslated, a wrong "unknown" costs one request: so doubt means
None, and None means translate. Scripts decide first, because they can't err; the statistical detector is asked only
about texts that are long enough for it (on short ones it answers nonsense; the tests hold examples).

Everything here takes time in proportion to the text at most, and a decision looks at three samples of a long one.
"""

from __future__ import annotations

import functools
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bridge.text import is_blank, without_lone_surrogates

if TYPE_CHECKING:
    from gcld3 import NNetLanguageIdentifier

# Web and mail addresses, mentions and tags carry no language. A mail address is looked for only where a run of its
# characters starts: from every character of the run, the search would be quadratic.
NOT_WORDS = re.compile(
    r"https?://\S+|\bwww\.\S+|(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+|[@#]\w+|(?P<word>[^\W\d_]+)", re.IGNORECASE
)
# Used in every language, and returned unchanged by every translator.
INTERNATIONAL = frozenset({"ok", "okay", "lol", "wow", "haha", "hehe"})

# Scripts in which (as far as feedback goes) one language is written, by the first word of Unicode's character names.
ONE_LANGUAGE = {
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "KATAKANA-HIRAGANA": "ja",
    "THAI": "th",
    "GREEK": "el",
    "HEBREW": "he",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "KHMER": "km",
    "LAO": "lo",
    "MYANMAR": "my",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "GUJARATI": "gu",
}
SYLLABIC = frozenset({"HANGUL", "HIRAGANA", "KATAKANA", "CJK"})
"""One character of these stands for about as much as two or three of an alphabet."""

SAMPLE = 1000
"""Characters in each of the three samples (start, middle, end) by which the language of a longer text is decided."""
ENOUGH_LETTERS = 12
ENOUGH_WORDS = 4
SURE = 0.9
"""Probability. How often these three decide, and err: docs/decisions/0051-language-detector.md."""
DOMINANT = 0.6
"""Share of a text's letters, weighted, from which on a script stands for the whole text."""
UNMIXED = 0.9
"""The same for scripts of several languages: a good part of the text in another one is worth translating."""
NOT_JAPANESE = 2
"""How many different Han characters that Japanese does not have show that a text is Chinese."""

PUNCTUATION = ".,;:!?…\"'()[]“”‘’«»¿¡-–—"

SAME = {"nb": "no", "nn": "no", "fil": "tl", "iw": "he", "in": "id"}
"""Codes that mean the same language, for our purpose."""


def base(code: str) -> str:
    """The language without its region or script: `pt` of `pt-BR`."""
    language = code.replace("_", "-").split("-")[0].lower()
    return SAME.get(language, language)


def has_words(text: str) -> bool:
    """Whether there is anything to translate: not only emoji, numbers, punctuation, addresses, invisible characters, or
    "ok"."""
    return any(_is_word(found["word"]) for found in NOT_WORDS.finditer(text) if found["word"])


def _is_word(letters: str) -> bool:
    # Fillers are letters by their category, and circled numbers stand among letters.
    return (
        unicodedata.normalize("NFKC", letters[:8]).lower() not in INTERNATIONAL
        and any(character.isalpha() for character in letters)
        and not is_blank(letters)
    )


def is_in(text: str, target: str) -> bool:
    """Whether the text is certainly in the target language already; regions of one language count as the same."""
    return language_of(text) == base(target)


def language_of(text: str) -> str | None:
    """The base language of the text, or None in doubt."""
    words = _words(text)
    weights = script_weights(words)
    return _by_script(weights) or _by_statistics(words, weights, SURE, ENOUGH_LETTERS, ENOUGH_WORDS)


def language_by_script(text: str) -> str | None:
    """As `language_of`, but only where the script alone decides."""
    return _by_script(script_weights(_words(text)))


def detected(text: str, sure: float, letters: int, words: int) -> str | None:
    """As `language_of`, with conditions of one's own: the detector's probability, and how long the text must be."""
    some = _words(text)
    weights = script_weights(some)
    return _by_script(weights) or _by_statistics(some, weights, sure, letters, words)


def _by_script(weights: Counter[str]) -> str | None:
    total = sum(weights.values())
    if not total:
        return None
    # Han belongs to Japanese where kana stand beside it, to Korean where Hangul does; alone it may be Chinese or not.
    kana = weights["HIRAGANA"] + weights["KATAKANA"] + weights["KATAKANA-HIRAGANA"]
    if kana and (kana + weights["CJK"]) / total >= DOMINANT and kana > weights["HANGUL"]:
        return "ja"
    script, weight = weights.most_common(1)[0]
    return ONE_LANGUAGE.get(script) if weight / total >= DOMINANT else None


def _by_statistics(text: str, weights: Counter[str], sure: float, letters: int, words: int) -> str | None:
    if sum(character.isalpha() for character in text) < letters:
        return None
    if not weights or max(weights.values()) / sum(weights.values()) < UNMIXED:
        return None
    if weights.most_common(1)[0][0] == "CJK":
        return "zh" if len(_not_japanese(text)) >= NOT_JAPANESE else None
    if _plain_words(text) < words:
        return None
    language, probability = _detect(without_lone_surrogates(text))
    return language if probability >= sure else None


def _plain_words(text: str) -> int:
    """How many words there are besides names with numbers, identifiers and code."""
    return sum(word.strip(PUNCTUATION).replace("'", "").replace("’", "").isalpha() for word in text.split())


def _not_japanese(text: str) -> set[str]:
    """The Han characters that are not in the character set of Japanese."""
    return {letter for letter in text if letter.isalpha() and not letter.encode("cp932", "ignore")}


def _words(text: str) -> str:
    """A sample of the text without what carries no language, in one line."""
    return " ".join(word for part in _samples(text) for word in _kept(part))


def _kept(part: str) -> Iterator[str]:
    end = 0
    # NFKC: full-width Latin and half-width kana become the usual ones. It is quadratic in runs of combining marks, so
    # only a sample may be normalised.
    part = unicodedata.normalize("NFKC", part)
    for found in NOT_WORDS.finditer(part):
        if not found["word"]:
            yield from part[end : found.start()].split()
            end = found.end()
    yield from part[end:].split()


def _samples(text: str) -> list[str]:
    if len(text) <= 3 * SAMPLE:
        return [text]
    middle = (len(text) - SAMPLE) // 2
    return [text[:SAMPLE], text[middle : middle + SAMPLE], text[-SAMPLE:]]


def script_weights(text: str) -> Counter[str]:
    """How many letters of each script there are; those of SYLLABIC scripts count twice."""
    weights: Counter[str] = Counter()
    for character in text:
        if character.isalpha() and not is_blank(character):
            script = _script(character)
            weights[script] += 2 if script in SYLLABIC else 1
    return weights


@functools.lru_cache(maxsize=8192)
def _script(character: str) -> str:
    return unicodedata.name(character, "?").split()[0]


_lock = threading.Lock()
_identifier: NNetLanguageIdentifier | None = None


def _detect(text: str) -> tuple[str | None, float]:
    """CLD3's guess and its probability. Its models of Latin transcriptions (`ja-Latn`) name no language."""
    global _identifier
    with _lock:  # it works without the GIL, and does not promise to be safe in several threads
        if _identifier is None:
            from gcld3 import NNetLanguageIdentifier

            _identifier = NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=1000)
        found = _identifier.FindLanguage(text)
    return (None if "Latn" in found.language else base(found.language)), float(found.probability)
