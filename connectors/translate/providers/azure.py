"""Azure AI Translator, v3.

https://learn.microsoft.com/azure/ai-services/translator/text-translation/reference/v3/translate
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import requests
from pydantic import Field

from bridge.http import Answer
from bridge.settings import Credential, WebAddress
from connectors.base import Check
from connectors.translate.codes import languages
from connectors.translate.declaration import Declaration
from connectors.translate.keep import Mode, keeping
from connectors.translate.parts import Limits
from connectors.translate.providers.base import (
    HttpProvider,
    Meaning,
    ProviderError,
    ask,
    checked,
    error_of,
    language_checks,
    wrong_key,
)
from connectors.translate.settings import TranslateSettings

URL = "https://api.cognitive.microsofttranslator.com"
TEXTS = 1000
CHARACTERS = 50_000
"""Of all texts of a request (https://learn.microsoft.com/azure/ai-services/translator/service-limits)."""
SECONDS = 20.0
"""A full request takes up to 15."""
MODE = Mode(start='<span class="notranslate">')
# https://learn.microsoft.com/azure/ai-services/translator/language-support
LANGUAGES = languages(
    "af am ar as az ba bg bho bn bo brx bs ca cs cy da de doi dsb dv el en es et eu fa fi fil fj fo fr fr-ca ga gl "
    "gom gu ha he hi hne hr hsb ht hu hy id ig ikt is it iu iu-Latn ja ka kk km kmr kn ko ks ku ky ln lo lt lug lv "
    "lzh mai mg mi mk ml mn-Cyrl mn-Mong mni mr ms mt mww my nb ne nl nso nya or otq pa pl prs ps pt pt-pt ro ru "
    "run rw sd si sk sl sm sn so sq sr-Cyrl sr-Latn st sv sw ta te th ti tk tlh-Latn tlh-Piqd tn to tr tt ty ug uk "
    "ur uz vi xh yo yua yue zh-Hans zh-Hant zu"
)
USED_UP = frozenset({"403001"})
# The status and three digits
# (https://learn.microsoft.com/azure/ai-services/translator/text-translation/reference/status-response-codes).
MEANINGS = {
    "400023": Meaning("client_error", "it does not translate the language of this text into the target"),
    "400035": Meaning("client_error", "it does not translate the language of this text"),
    "400036": Meaning("config", "it has no such target language: run `flask check`"),
    **dict.fromkeys(("429000", "429001", "429002"), Meaning("rate_limited", "too much at once", again=True)),
    "403000": Meaning("auth", "the key may not use the translator; check {key}"),
    "408001": Meaning("server_error", "the languages' model is being loaded", again=True),
    "408002": Meaning("server_error", "the languages' model is being loaded", again=True),
}
TOO_LONG = frozenset({"400050", "400077"})


class AzureSettings(TranslateSettings):
    NAME = "Azure"
    LANGUAGES = LANGUAGES

    azure_translator_key: Credential
    azure_translator_region: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,50}$")] | None = None
    azure_translator_url: WebAddress = URL


class Azure(HttpProvider):
    name, address, keys = "Azure", "azure_translator_url", ("azure_translator_key", "azure_translator_region")
    meanings, used_up, too_long = MEANINGS, USED_UP, TOO_LONG

    def __init__(
        self, settings: AzureSettings, session: requests.Session | None = None, read_seconds: float = SECONDS
    ) -> None:
        super().__init__(settings, session, read_seconds)
        self._headers = {"Ocp-Apim-Subscription-Key": settings.azure_translator_key.get_secret_value()}
        if region := settings.azure_translator_region:
            self._headers["Ocp-Apim-Subscription-Region"] = region

    def limits(self) -> Limits:
        # Far below its own, for the answer must come in time; it bills characters.
        return Limits(characters=10_000, texts=TEXTS, turns_by=5000)

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        code = LANGUAGES.requested(target)
        return keeping(texts, CHARACTERS, lambda some, is_html: self._translate(some, code, is_html), MODE)

    def _translate(self, texts: list[str], code: str, is_html: bool) -> list[str]:
        query = urlencode({"api-version": "3.0", "to": code, "textType": "html" if is_html else "plain"})
        answer = self.taken(self.ask("POST", f"/translate?{query}", json_body=[{"Text": text} for text in texts]))
        return checked(self.who, _texts(answer.json()), texts)

    def codes(self, answer: Answer) -> list[str]:
        code = error_of(answer).get("code")
        return [str(code)] if isinstance(code, int | str) and re.fullmatch(r"[0-9]{6}", str(code)) else []

    def refused(self, answer: Answer) -> ProviderError:
        codes = self.codes(answer)
        # The body of its 401 may be empty.
        if answer.status == 401 and (codes or not answer.body) and not USED_UP.intersection(codes):
            return wrong_key(self.who, answer)
        return super().refused(answer)

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        # The list of languages is open to all: only a translation shows whether key and region are accepted.
        query = urlencode({"api-version": "3.0", "scope": "translation"})
        answer = ask(self._session, self.who, "GET", f"{self._url}/languages?{query}")
        if not answer.ok:
            raise self.refused(answer)
        reply = answer.json()
        listed = reply.get("translation") if isinstance(reply, dict) else None
        known = [code for code in listed if isinstance(code, str)] if isinstance(listed, dict) else []
        good = yield from language_checks(self.who, targets, LANGUAGES, known)
        if good:
            self.translate(["Thank you" if good[0].startswith("ko") else "감사합니다"], good[0])
            yield Check(True, "Azure accepts the key")


def _texts(reply: Any) -> list[Any] | None:
    try:
        return [one["translations"][0]["text"] for one in reply]
    except (KeyError, TypeError, IndexError):
        return None


PROVIDER = Declaration("azure", AzureSettings, Azure)
