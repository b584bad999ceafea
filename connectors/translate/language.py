"""Which language a text is in, when that can be told with confidence; None otherwise.

A wrong "it is in English already" leaves a feedback untranslated, a wrong "no idea" costs one call: so doubt means
None, and None means translate. Scripts decide first, because they can't err; the statistical detector is asked only
about texts that are long enough for it (on short ones it answers nonsense; the tests hold examples).
"""

from __future__ import annotations

import functools
import re
import threading
import unicodedata
from collections import Counter
from typing import Any

# What says nothing about the language of the text around it.
NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[@#]\w+", re.IGNORECASE)
# Said in every language, and said back unchanged by every translator.
INTERNATIONAL = frozenset({"ok", "okay", "lol", "wow", "haha", "hehe"})
WORD = re.compile(r"[^\W\d_]+")

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
"""One character of these says about as much as two or three of an alphabet."""

# What py3langid may answer: without pidgins and regional relatives, which it else prefers for short common texts.
DETECTABLE = (
    "af az ca cs cy da de en es et eu fi fr ga gl hr hu id is it lt lv ms mt nl no pl pt ro sk sl sq sv sw tl tr uz vi "
    "be bg kk ky mk mn ru sr tg uk ar fa ps ug ur bn hi mr ne ja zh"
)
ENOUGH_LETTERS = 12
SURE = 0.8
"""Probability. With ENOUGH_LETTERS none of the 90 texts that these two were chosen by came out wrong."""
DOMINANT = 0.6
"""Share of a text's letters, weighted, from which on a script speaks for the whole text."""
UNMIXED = 0.9
"""The same for scripts of several languages: what a good part of the text says in another one is worth translating."""

_lock = threading.Lock()


def base(code: str) -> str:
    """The language without its region or script: `pt` of `pt-BR`."""
    return code.replace("_", "-").split("-")[0].lower()


def has_words(text: str) -> bool:
    """Whether there is anything to translate: not only emoji, numbers, punctuation, addresses, or "ok"."""
    return any(word.lower() not in INTERNATIONAL for word in WORD.findall(_words(text)))


def is_in(text: str, target: str) -> bool:
    """Whether the text is certainly in the target language already; regions of one language count as the same."""
    return language_of(text) == base(target)


def language_of(text: str) -> str | None:
    """The base language of the text, or None in doubt."""
    return language_by_script(text) or _by_statistics(text)


def language_by_script(text: str) -> str | None:
    """As `language_of`, but only where the script alone decides."""
    weights = _script_weights(_words(text))
    total = sum(weights.values())
    if not total:
        return None
    # Han belongs to Japanese where kana stand beside it, to Korean where Hangul does; alone it may be Chinese or not.
    kana = weights["HIRAGANA"] + weights["KATAKANA"] + weights["KATAKANA-HIRAGANA"]
    if kana and (kana + weights["CJK"]) / total >= DOMINANT and kana > weights["HANGUL"]:
        return "ja"
    script, weight = weights.most_common(1)[0]
    return ONE_LANGUAGE.get(script) if weight / total >= DOMINANT else None


def _by_statistics(text: str) -> str | None:
    words = _words(text)
    weights = _script_weights(words)
    letters = sum(character.isalpha() for character in words)
    if letters < ENOUGH_LETTERS or max(weights.values()) / sum(weights.values()) < UNMIXED:
        return None
    language, probability = _detector().classify(words)
    return str(language) if probability >= SURE else None


def _words(text: str) -> str:
    # NFKC: full-width Latin and half-width kana become the usual ones.
    return NOT_WORDS.sub(" ", unicodedata.normalize("NFKC", text))


def _script_weights(text: str) -> Counter[str]:
    weights: Counter[str] = Counter()
    for character in text:
        if character.isalpha():
            script = _script(character)
            weights[script] += 2 if script in SYLLABIC else 1
    return weights


@functools.lru_cache(maxsize=8192)
def _script(character: str) -> str:
    return unicodedata.name(character, "?").split()[0]


_identifier: Any = None


def _detector() -> Any:
    """py3langid's model: loaded at first use (half a second, and numpy), once per process."""
    global _identifier
    with _lock:
        if _identifier is None:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier

            identifier: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)  # type: ignore[no-untyped-call]
            identifier.set_languages(DETECTABLE.split())
            _identifier = identifier
    return _identifier
