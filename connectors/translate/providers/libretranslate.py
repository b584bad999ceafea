"""LibreTranslate. https://docs.libretranslate.com/api/operations/translate/"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import requests

from connectors.base import Check, Retry
from connectors.translate.language import language_by_script
from connectors.translate.parts import Limits
from connectors.translate.providers.base import (
    ProviderTrouble,
    Who,
    ask,
    checked,
    language_checks,
    not_understood,
    refusal,
    words_of,
    wrong_key,
)
from connectors.translate.settings import TranslateSettings
from transport import READ_SECONDS, Answer, new_session


class LibreTranslate:
    who = Who("LibreTranslate", "LIBRETRANSLATE_URL", "LIBRETRANSLATE_API_KEY")
    # What its hosted service takes per request; an own server takes anything unless started with --char-limit.
    # It translates sentence by sentence, so cutting at sentence ends loses nothing.
    limits = Limits(characters=2000, texts=20)

    def __init__(
        self, url: str, api_key: str | None, session: requests.Session, read_seconds: float = READ_SECONDS
    ) -> None:
        self._url = url
        self._key = {"api_key": api_key} if api_key else {}
        self._session = session
        self._read_seconds = read_seconds

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        translations: dict[int, str] = {}
        for source, places in _by_source(texts).items():
            some = [texts[place] for place in places]
            translations |= zip(places, self._translate(some, source, target), strict=True)
        return [translations[place] for place in range(len(texts))]

    def _translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        body = {"q": texts, "source": source, "target": target, "format": "text", **self._key}
        answer = ask(
            self._session, self.who, "POST", f"{self._url}/translate", json_body=body, read_seconds=self._read_seconds
        )
        said = answer.json()
        if not answer.ok:
            raise self._refusal(answer, texts)
        if not isinstance(said, dict) or "error" in said:
            raise not_understood(self.who, words_of(answer, texts) or "the answer is not JSON")
        return checked(self.who, said.get("translatedText"), texts)

    def _refusal(self, answer: Answer, texts: Sequence[str]) -> ProviderTrouble:
        words = words_of(answer)
        if answer.status == 403 and "limits violations" in words:
            # Too many 429s in a row: it closes its door for a while.
            return ProviderTrouble(Retry(f"LibreTranslate answered 403: {words}", "rate_limited", answer.retry_after))
        if answer.status == 400 and "API key" in words:
            return wrong_key(self.who, answer)
        return refusal(self.who, answer, texts)

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        answer = ask(self._session, self.who, "GET", f"{self._url}/languages")
        if not answer.ok:
            raise refusal(self.who, answer)
        known = _targets(answer.json())
        yield Check(bool(known), "LibreTranslate answers" if known else "LibreTranslate tells no languages")
        yield from language_checks(self.who, targets, known)


def _by_source(texts: Sequence[str]) -> dict[str, list[int]]:
    """The texts' places by source language. Of texts up to 40 characters it detects the language of the whole batch,
    and so would take a short Korean title for English beside an English message: scripts tell better."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault((len(texts) > 1 and language_by_script(text)) or "auto", []).append(place)
    return places


def _targets(languages: Any) -> set[str]:
    """The languages that it can translate into, from the answer of /languages."""
    if not isinstance(languages, list):
        return set()
    listed = [language for language in languages if isinstance(language, dict)]
    return {str(code) for language in listed for code in language.get("targets", [language.get("code")])}


def build(settings: TranslateSettings) -> LibreTranslate:
    assert settings.libretranslate_url, "validated"
    key = settings.libretranslate_api_key
    return LibreTranslate(settings.libretranslate_url, key.get_secret_value() if key else None, new_session())
