"""Apertium, through a server of its web service APY. https://wiki.apertium.org/wiki/Apertium-apy

It translates by rules and dictionaries, between related languages mostly. It needs the language of the text to be
named, and its own detection is weak (it answers nothing, or a language of its own); so the pairs that are installed and
our detector decide.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from bridge.http import Answer
from bridge.settings import WebAddress
from connectors.base import Check, Failed
from connectors.translate.codes import of, plain
from connectors.translate.declaration import Declaration
from connectors.translate.keep import KEPT, Mode, from_html, to_html
from connectors.translate.language import ONE_LANGUAGE, base, detected, language_by_script, script_weights
from connectors.translate.parts import Limits
from connectors.translate.providers.base import (
    HttpProvider,
    ProviderError,
    checked,
    language_check,
    listed,
    not_understood,
)
from connectors.translate.settings import TranslateSettings

CHARACTERS = 4000
"""No limit of its own, but it ends a request after 10 s, and takes about a second for 15,000 characters (measured)."""
REMEMBERED = 600.0
"""Seconds for which a server's pairs are not asked for again."""
MODE = Mode("<apertium-notrans>", "</apertium-notrans>", breaks=False)
"""Line breaks survive its HTML (measured with 3.8)."""
# How sure the detector must be of one of a few languages, and how much text it needs: less than for a decision whether
# to translate at all.
SURE, LETTERS, WORDS = 0.5, 6, 2


class ApertiumSettings(TranslateSettings):
    apertium_url: WebAddress


class Apertium(HttpProvider):
    name, address = "Apertium", "apertium_url"

    def __init__(self, settings: ApertiumSettings, *connection: Any) -> None:
        super().__init__(settings, *connection)
        self._pairs: frozenset[tuple[str, str]] = frozenset()
        self._asked = float("-inf")
        self._lock = threading.Lock()

    def limits(self) -> Limits:
        return Limits(characters=CHARACTERS, texts=1)

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        code, sources = self._sources(target)
        if code is None or not sources:
            has = f"no pair into {target} is installed ({self._listed()})"
            raise ProviderError(Failed(f"Apertium: {has}; check {self.who.variable('translate_target')}", "config"))
        return [self._translate(text, self._source(text, sources, target), code) for text in texts]

    def _source(self, text: str, sources: dict[str, str], target: str) -> str:
        """The server's code of the text's language. Raises ProviderError."""
        words = KEPT.sub(" ", text)
        certain = language_by_script(words)  # the detector may err, and takes markup for Maltese
        if certain and certain not in sources:
            why = f"no pair from {certain} is installed ({self._listed()})"
            raise ProviderError(Failed(f"Apertium into {target}: {why}", "client_error"))
        return sources[certain or _guess(words, sources)]

    def _translate(self, text: str, source: str, target: str) -> str:
        form = {"langpair": f"{source}|{target}", "q": to_html(text, MODE), "markUnknown": "no", "format": "html"}
        answer = self.taken(self.ask("POST", "/translate", data=form))
        return from_html(checked(self.who, _texts(answer.json()), [text])[0], MODE)

    def refused(self, answer: Answer) -> ProviderError:
        reply = answer.json()
        words = str(reply.get("explanation", ""))[:200] if isinstance(reply, dict) else ""
        if answer.status == 400 and "pair" in words:
            self._asked = float("-inf")
            return ProviderError(Failed("Apertium answered 400: this pair is not installed any more", "client_error"))
        error = super().refused(answer)
        return ProviderError(error.outcome, smaller=error.smaller or answer.status == 408)

    def _sources(self, target: str) -> tuple[str | None, dict[str, str]]:
        """The server's code for the target, and of each language that is translated into it, by our own code."""
        pairs = self._installed()
        code = of(into for _, into in pairs).code(target)
        return code, {base(plain(source)): source for source, into in sorted(pairs) if into == code}

    def _installed(self) -> frozenset[tuple[str, str]]:
        with self._lock:
            if self._pairs and time.monotonic() - self._asked < REMEMBERED:
                return self._pairs
        # With the two-letter codes, which it takes as well as its own.
        answer = self.ask("GET", "/listPairs?include_deprecated_codes=yes", read_seconds=5.0)
        if not answer.ok:
            raise self.refused(answer)
        pairs = _pairs(answer.json())
        if not pairs:
            raise not_understood(self.who, "it lists no installed pairs")
        with self._lock:
            self._pairs, self._asked = pairs, time.monotonic()
        return pairs

    def _listed(self) -> str:
        return f"installed: {listed({f'{source}-{into}' for source, into in self._pairs if len(source) == 2})}"

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        pairs = self._installed()
        yield Check(True, f"Apertium answers; {self._listed()}")
        for target in targets:
            code, _ = self._sources(target)
            yield language_check(self.who, target, code, {into for _, into in pairs})


def _guess(text: str, sources: Collection[str]) -> str:
    """The most likely of these languages: words of another one come back as they are."""
    script = next((script for script, _ in script_weights(text).most_common(1)), "")
    likely = detected(text, SURE, LETTERS, WORDS)
    order = (likely, ONE_LANGUAGE.get(script), *(("zh", "ja") if script == "CJK" else ()), "en")
    return next((language for language in order if language in sources), min(sources))


def _pairs(reply: Any) -> frozenset[tuple[str, str]]:
    rows = reply.get("responseData") if isinstance(reply, dict) else None
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    pairs = [(row.get("sourceLanguage"), row.get("targetLanguage")) for row in found]
    return frozenset((source, into) for source, into in pairs if isinstance(source, str) and isinstance(into, str))


def _texts(reply: Any) -> list[Any] | None:
    try:
        return [reply["responseData"]["translatedText"]]
    except (KeyError, TypeError):
        return None


PROVIDER = Declaration("apertium", ApertiumSettings, Apertium)
