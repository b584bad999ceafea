"""DeepL, through its official library. https://developers.deepl.com/api-reference/translate"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import requests

from connectors.base import Check
from connectors.translate.parts import Limits
from connectors.translate.providers.base import (
    Who,
    ask,
    checked,
    language_checks,
    not_understood,
    out_of_quota,
    refusal,
)
from connectors.translate.settings import TranslateSettings
from transport import READ_SECONDS, new_session

if TYPE_CHECKING:
    from deepl import Translator

# It wants to be told which English and which Portuguese
# (https://developers.deepl.com/docs/getting-started/supported-languages).
VARIANTS = {"en": "EN-US", "pt": "PT-PT"}
QUOTA = 456


class DeepL:
    who = Who("DeepL", "DEEPL_SERVER_URL", "DEEPL_AUTH_KEY")
    # 50 texts, and 128 KiB of JSON, in which a character takes up to 12 bytes
    # (https://developers.deepl.com/docs/resources/usage-limits).
    limits = Limits(characters=10_000, texts=50)

    def __init__(
        self, auth_key: str, server_url: str | None, session: requests.Session, read_seconds: float = READ_SECONDS
    ) -> None:
        self._translator = _translator(auth_key, server_url, _Client(self.who, session, read_seconds))

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        try:
            results = self._translator.translate_text(list(texts), target_lang=VARIANTS.get(target.lower(), target))
        except (KeyError, TypeError, ValueError, AttributeError):
            # The library reads answers without checking what they are.
            raise not_understood(self.who, "the answer is not what its library expects") from None
        return checked(self.who, [result.text for result in results] if isinstance(results, list) else None, texts)

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        used = self._translator.get_usage().character
        room = "the quota is used up" if used.limit_reached else f"{used} characters used"
        yield Check(not used.limit_reached, f"DeepL accepts the key: {room}")
        known = [language.code for language in self._translator.get_target_languages()]
        yield from language_checks(self.who, targets, known)


class _Client:
    """Stands in for the library's `HttpClient`, which sleeps and sends again by itself, has one time-out for
    everything and loses `Retry-After`. Refusals leave from here, classified as everybody's are."""

    def __init__(self, who: Who, session: requests.Session, read_seconds: float) -> None:
        self._who = who
        self._session = session
        self._read_seconds = read_seconds

    def request_with_backoff(
        self, method: str, url: str, data: Any, json: Any, headers: dict[str, str], **_: Any
    ) -> tuple[int, str]:
        answer = ask(
            self._session,
            self._who,
            method,
            url,
            headers=headers,
            json_body=json,
            data=data,
            read_seconds=self._read_seconds,
        )
        if answer.status == QUOTA:
            raise out_of_quota(self._who, answer)
        if not answer.ok:
            raise refusal(self._who, answer, json["text"] if json else ())
        return answer.status, answer.text

    def close(self) -> None:
        self._session.close()


def _translator(auth_key: str, server_url: str | None, client: _Client) -> Translator:
    from deepl import Translator

    # At debug level it logs the users' texts.
    logging.getLogger("deepl").setLevel(logging.WARNING)
    # With the slash a path in the address stays part of it.
    translator = Translator(auth_key, server_url=server_url and f"{server_url}/")
    translator._client.close()  # type: ignore[no-untyped-call]
    translator._client = client  # type: ignore[assignment]  # the one seam that the library has
    return translator


def build(settings: TranslateSettings) -> DeepL:
    assert settings.deepl_auth_key, "validated"
    return DeepL(settings.deepl_auth_key.get_secret_value(), settings.deepl_server_url, new_session())
