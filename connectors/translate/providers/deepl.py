"""DeepL, through its official library. https://developers.deepl.com/api-reference/translate"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from bridge.http import READ_SECONDS, SMALL_ANSWER_BYTES, Answer, new_session
from bridge.settings import Credential, WebAddress
from connectors.base import Check
from connectors.translate.declaration import Declaration
from connectors.translate.parts import Limits
from connectors.translate.providers.base import (
    Meaning,
    ProviderError,
    Who,
    ask,
    checked,
    inner,
    language_check,
    not_understood,
    out_of_quota,
    refusal,
)
from connectors.translate.settings import TranslateSettings

if TYPE_CHECKING:
    from deepl import Translator

T = TypeVar("T")

# It wants to know which English and which Portuguese
# (https://developers.deepl.com/docs/getting-started/supported-languages).
VARIANTS = {"en": "EN-US", "pt": "PT-PT"}
QUOTA = 456


# Its refusals are sentences in `message`; these are known, and mean something else than a wrong key.
SENTENCES = {
    "Wrong endpoint": (
        "wrong_endpoint",
        Meaning("config", "the key is of the other plan (free or paid): set {address}"),
    ),
    "region": ("region", Meaning("config", "DeepL does not serve this region")),
    "country": ("region", Meaning("config", "DeepL does not serve this region")),
    "subscription": ("subscription", Meaning("quota", "the subscription of the key is not active: renew it")),
}


class DeepLSettings(TranslateSettings):
    deepl_auth_key: Credential
    deepl_server_url: WebAddress | None = None


class DeepL:
    def __init__(
        self,
        variable: Callable[[str], str],
        auth_key: str,
        server_url: str | None,
        session: requests.Session,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self.who = Who("DeepL", "deepl_server_url", ("deepl_auth_key",), variable)
        self._translator = _translator(auth_key, server_url, _Client(self.who, session, read_seconds))

    def limits(self) -> Limits:
        # 50 texts, and 128 KiB of JSON, in which a character takes up to 12 bytes; it bills characters
        # (https://developers.deepl.com/docs/resources/usage-limits).
        return Limits(characters=10_000, texts=50, turns_by=5000)

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        results = self._read(lambda: self._translator.translate_text(list(texts), target_lang=_code(target)))
        return checked(self.who, [result.text for result in results] if isinstance(results, list) else None, texts)

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        used = self._read(lambda: self._translator.get_usage().character)
        room = "the quota is used up" if used.limit_reached else f"{used} characters used"
        yield Check(not used.limit_reached, f"DeepL accepts the key: {room}")
        known = self._read(lambda: [language.code for language in self._translator.get_target_languages()])
        for target in targets:
            yield language_check(self.who, target, _code(target), known)

    def _read(self, call: Callable[[], T]) -> T:
        """What the library makes of an answer, which it reads without checking what it is. Raises ProviderError."""
        try:
            return call()
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
            raise not_understood(self.who, "the answer is not what its library expects") from None


class _Client:
    """Replaces the library's `HttpClient`, which sleeps and sends again by itself, has one time-out for
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
        answer = inner(answer) or answer
        if not answer.ok:
            raise _refusal(self._who, answer)
        return answer.status, answer.text

    def close(self) -> None:
        self._session.close()


def _code(target: str) -> str:
    return VARIANTS.get(target.lower(), target)


def _refusal(who: Who, answer: Answer) -> ProviderError:
    if answer.status == QUOTA:
        return out_of_quota(who, answer)
    reply = answer.json()
    message = str(reply.get("message", ""))[:1000] if isinstance(reply, dict) else ""
    if answer.status == 403:
        for words, (code, meaning) in SENTENCES.items():
            if words.lower() in message.lower():
                return refusal(who, answer, [code], {code: meaning})
    return refusal(who, answer)


def _translator(auth_key: str, server_url: str | None, client: _Client) -> Translator:
    from deepl import Translator

    # At debug level it logs the users' texts.
    logging.getLogger("deepl").setLevel(logging.WARNING)
    # With the slash a path in the address stays part of it.
    translator = Translator(auth_key, server_url=server_url and f"{server_url}/")
    translator._client.close()  # type: ignore[no-untyped-call]
    translator._client = client  # type: ignore[assignment]  # the one seam that the library has
    return translator


def build(settings: DeepLSettings) -> DeepL:
    return DeepL(
        settings.variable,
        settings.deepl_auth_key.get_secret_value(),
        settings.deepl_server_url,
        new_session(answer_bytes=SMALL_ANSWER_BYTES),
    )


PROVIDER = Declaration("deepl", DeepLSettings, build)
