"""Google Cloud Translation, Basic (v2). https://cloud.google.com/translate/docs/reference/rest/v2/translate"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import requests

from connectors.base import Check, Retry
from connectors.translate.parts import Limits
from connectors.translate.providers.base import (
    ProviderTrouble,
    Who,
    ask,
    checked,
    language_checks,
    out_of_quota,
    refusal,
    wrong_key,
)
from connectors.translate.settings import TranslateSettings
from transport import READ_SECONDS, Answer, new_session

# Both limits of time and of budget come as 403 (https://cloud.google.com/translate/quotas).
TOO_FAST = {"userRateLimitExceeded", "rateLimitExceeded"}
USED_UP = {"dailyLimitExceeded", "quotaExceeded", "dailyLimitExceededUnreg"}


class GoogleTranslate:
    who = Who("Google Translate", "GOOGLE_TRANSLATE_URL", "GOOGLE_TRANSLATE_API_KEY")
    # 128 texts per request, 5,000 code points recommended (https://cloud.google.com/translate/quotas).
    limits = Limits(characters=5000, texts=128)

    def __init__(self, url: str, api_key: str, session: requests.Session, read_seconds: float = READ_SECONDS) -> None:
        self._url = url
        # In a header, not in the address: addresses end up in logs.
        self._headers = {"X-goog-api-key": api_key}
        self._session = session
        self._read_seconds = read_seconds

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        # Without format=text the texts would be HTML, and `&` and `<` come back escaped.
        body = {"q": texts, "target": target, "format": "text"}
        answer = ask(
            self._session,
            self.who,
            "POST",
            self._url,
            headers=self._headers,
            json_body=body,
            read_seconds=self._read_seconds,
        )
        if not answer.ok:
            raise self._refusal(answer, texts)
        return checked(self.who, _each(answer.json(), "translations", "translatedText"), texts)

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        answer = ask(self._session, self.who, "GET", f"{self._url}/languages", headers=self._headers)
        if not answer.ok:
            raise self._refusal(answer, ())
        yield Check(True, "Google Translate accepts the key")
        yield from language_checks(self.who, targets, _each(answer.json(), "languages", "language") or [])

    def _refusal(self, answer: Answer, texts: Sequence[str]) -> ProviderTrouble:
        reasons = _reasons(answer.json())
        if reasons & USED_UP:
            return out_of_quota(self.who, answer)
        if reasons & TOO_FAST:
            why = f"Google Translate answered {answer.status}: too much at once"
            return ProviderTrouble(Retry(why, "rate_limited", answer.retry_after))
        if answer.status == 400 and "API key" in str(answer.json()):
            return wrong_key(self.who, answer)
        return refusal(self.who, answer, texts)


def _each(said: Any, many: str, key: str) -> list[Any] | None:
    """`data.<many>[].<key>` of an answer; None when it does not look like that."""
    try:
        return [one[key] for one in said["data"][many]]
    except (KeyError, TypeError):
        return None


def _reasons(said: Any) -> set[str]:
    try:
        return {str(error.get("reason")) for error in said["error"]["errors"]}
    except (AttributeError, KeyError, TypeError):
        return set()


def build(settings: TranslateSettings) -> GoogleTranslate:
    assert settings.google_translate_api_key, "validated"
    key = settings.google_translate_api_key.get_secret_value()
    return GoogleTranslate(settings.google_translate_url, key, new_session())
