"""Azure AI Translator, v3.

https://learn.microsoft.com/azure/ai-services/translator/text-translation/reference/v3/translate
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import requests

from bridge.http import SMALL_ANSWER_BYTES, Answer, new_session
from bridge.settings import Credential, WebAddress
from connectors.base import Check
from connectors.translate.codes import languages
from connectors.translate.declaration import Declaration
from connectors.translate.keep import Mode, keeping
from connectors.translate.parts import Limits
from connectors.translate.providers.base import (
    Meaning,
    ProviderError,
    Who,
    ask,
    checked,
    inner,
    language_check,
    out_of_quota,
    refusal,
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
USED_UP = "403001"
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
TOO_LONG = {"400050", "400077"}


class AzureSettings(TranslateSettings):
    NAME = "Azure"
    LANGUAGES = LANGUAGES

    azure_translator_key: Credential
    azure_translator_region: Credential | None = None
    azure_translator_url: WebAddress = URL


class Azure:
    def __init__(
        self,
        variable: Callable[[str], str],
        url: str,
        key: str,
        region: str | None,
        session: requests.Session,
        read_seconds: float = SECONDS,
    ) -> None:
        self.who = Who("Azure", "azure_translator_url", ("azure_translator_key", "azure_translator_region"), variable)
        self._url = url
        self._headers = {"Ocp-Apim-Subscription-Key": key}
        if region:
            self._headers["Ocp-Apim-Subscription-Region"] = region
        self._session = session
        self._read_seconds = read_seconds

    def limits(self) -> Limits:
        # Far below its own, for the answer must come in time; it bills characters.
        return Limits(characters=10_000, texts=TEXTS, turns_by=5000)

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        code = LANGUAGES.code(target) or target
        return keeping(texts, MODE, CHARACTERS, lambda some, is_html: self._translate(some, code, is_html))

    def _translate(self, texts: list[str], code: str, is_html: bool) -> list[str]:
        query = urlencode({"api-version": "3.0", "to": code, "textType": "html" if is_html else "plain"})
        answer = ask(
            self._session,
            self.who,
            "POST",
            f"{self._url}/translate?{query}",
            headers=self._headers,
            json_body=[{"Text": text} for text in texts],
            read_seconds=self._read_seconds,
        )
        if not answer.ok:
            raise self._refusal(answer)
        if hidden := inner(answer):
            raise self._refusal(hidden)
        return checked(self.who, _texts(answer.json()), texts)

    def _refusal(self, answer: Answer) -> ProviderError:
        code = _code(answer.json())
        if code == USED_UP:
            return out_of_quota(self.who, answer)
        # The body of its 401 may be empty.
        if answer.status == 401 and (code or not answer.body):
            return wrong_key(self.who, answer)
        error = refusal(self.who, answer, [code] if code else [], MEANINGS)
        return ProviderError(error.outcome, smaller=error.smaller or code in TOO_LONG)

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        # The list of languages is open to all: only a translation shows whether key and region are accepted.
        query = urlencode({"api-version": "3.0", "scope": "translation"})
        answer = ask(self._session, self.who, "GET", f"{self._url}/languages?{query}")
        if not answer.ok:
            raise self._refusal(answer)
        reply = answer.json()
        listed = reply.get("translation") if isinstance(reply, dict) else None
        known = [code for code in listed if isinstance(code, str)] if isinstance(listed, dict) else []
        good = []
        for target in targets:
            line = language_check(self.who, target, LANGUAGES.code(target), known)
            yield line
            good += [target] if line.ok else []
        if good:
            self.translate(["Thank you" if good[0].startswith("ko") else "감사합니다"], good[0])
            yield Check(True, "Azure accepts the key")


def _texts(reply: Any) -> list[Any] | None:
    try:
        return [one["translations"][0]["text"] for one in reply]
    except (KeyError, TypeError, IndexError):
        return None


def _code(reply: Any) -> str:
    error = reply.get("error") if isinstance(reply, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return f"{code}" if isinstance(code, int | str) and re.fullmatch(r"[0-9]{6}", str(code)) else ""


def build(settings: AzureSettings) -> Azure:
    region = settings.azure_translator_region
    return Azure(
        settings.variable,
        settings.azure_translator_url,
        settings.azure_translator_key.get_secret_value(),
        region.get_secret_value() if region else None,
        new_session(answer_bytes=SMALL_ANSWER_BYTES),
    )


PROVIDER = Declaration("azure", AzureSettings, build)
