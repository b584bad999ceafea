"""DeepL, through its official library. https://developers.deepl.com/api-reference/translate"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import requests
from pydantic import Field, ValidationInfo, field_validator

from bridge.http import READ_SECONDS, SMALL_ANSWER_BYTES, Answer, new_session
from bridge.settings import Credential, WebAddress, named
from connectors.base import Check, Failed
from connectors.translate.codes import languages
from connectors.translate.declaration import Declaration
from connectors.translate.keep import keeping
from connectors.translate.language import base, language_of
from connectors.translate.parts import Limits
from connectors.translate.providers.base import (
    Meaning,
    ProviderError,
    Who,
    ask,
    checked,
    inner,
    language_check,
    listed,
    not_understood,
    out_of_quota,
    refusal,
)
from connectors.translate.settings import TranslateSettings

if TYPE_CHECKING:
    from deepl import DeepLClient

T = TypeVar("T")

# It wants to know which English and which Portuguese. Some of them for paying customers only: `flask check` asks
# (https://developers.deepl.com/docs/getting-started/supported-languages).
LANGUAGES = languages(
    "ACE AF AN AR AS AY AZ BA BE BG BHO BN BR BS CA CEB CKB CS CY DA DE EL EN-GB EN-US EO ES ES-419 ET EU FA FI FR "
    "GA GL GN GOM GU HA HE HI HR HT HU HY ID IG IS IT JA JV KA KK KMR KO KY LA LB LMO LN LT LV MAI MG MI MK ML MN "
    "MR MS MT MY NB NE NL OC OM PA PAG PAM PL PRS PS PT-BR PT-PT QU RO RU SA SCN SK SL SQ SR ST SU SV SW TA TE TG "
    "TH TK TL TN TR TS TT UK UR UZ VI WO XH YI YUE ZH ZH-HANS ZH-HANT ZU",
    en="EN-US",
    pt="PT-PT",
)
FORMALITY = frozenset({"DE", "FR", "IT", "ES", "ES-419", "NL", "PL", "PT-BR", "PT-PT", "RU", "JA"})
"""Languages that have it (https://developers.deepl.com/api-reference/translate)."""
CHARACTERS = 10_000
"""Of a request: 128 KiB of JSON, in which a character takes up to 12 bytes."""
QUOTA = 456
Formality = Literal["default", "more", "less", "prefer_more", "prefer_less"]

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
    NAME = "DeepL"
    LANGUAGES = LANGUAGES

    deepl_auth_key: Credential
    deepl_server_url: WebAddress | None = None
    deepl_glossary_id: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] = None
    deepl_formality: Formality = "default"

    @field_validator("deepl_formality")
    @classmethod
    def _fits(cls, value: Formality, info: ValidationInfo) -> Formality:
        targets = info.data.get("translate_target", [])
        without = [target for target in targets if LANGUAGES.code(target) not in FORMALITY]
        if value in ("more", "less") and without:
            instead = f"'prefer_{value}' is ignored where there is none"
            raise ValueError(
                f"DeepL has no formality in {', '.join(without)} ({named(info, 'translate_target')}); {instead}"
            )
        return value


class DeepL:
    def __init__(
        self, settings: DeepLSettings, session: requests.Session | None = None, read_seconds: float = READ_SECONDS
    ) -> None:
        self.who = Who("DeepL", "deepl_server_url", ("deepl_auth_key",), settings.variable)
        self._formality = settings.deepl_formality
        self._glossary = settings.deepl_glossary_id
        self._pairs: set[tuple[str, str]] | None = None
        client = _Client(self.who, session or new_session(answer_bytes=SMALL_ANSWER_BYTES), read_seconds)
        self._translator = _translator(settings.deepl_auth_key.get_secret_value(), settings.deepl_server_url, client)

    def limits(self) -> Limits:
        # 50 texts; it bills characters (https://developers.deepl.com/docs/resources/usage-limits). With a glossary one,
        # for a request has one source language then.
        return Limits(characters=CHARACTERS, texts=1 if self._glossary else 50, turns_by=5000)

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        options: dict[str, Any] = {"target_lang": LANGUAGES.requested(target)}
        if self._formality != "default":
            options["formality"] = self._formality
        # A glossary is of a pair of languages, and DeepL takes it only with the language of the text.
        source = language_of(texts[0]) if self._glossary else None
        if source and (source, base(target)) in self._glossary_pairs():
            options |= {"source_lang": source.upper(), "glossary": self._glossary}
        return keeping(texts, CHARACTERS, lambda some, is_html: self._translate(some, is_html, options))

    def _translate(self, texts: list[str], is_html: bool, options: dict[str, Any]) -> list[str]:
        if is_html:
            options = {**options, "tag_handling": "html"}
        results = self._read(lambda: self._translator.translate_text(texts, **options))
        return checked(self.who, [result.text for result in results] if isinstance(results, list) else None, texts)

    def _glossary_pairs(self) -> set[tuple[str, str]]:
        """The languages of the glossary, asked once. Raises ProviderError."""
        if self._pairs is None:
            info = self._read(lambda: self._translator.get_multilingual_glossary(self._glossary or ""))
            self._pairs = {(base(one.source_lang), base(one.target_lang)) for one in info.dictionaries}
        return self._pairs

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        used = self._read(lambda: self._translator.get_usage().character)
        room = "the quota is used up" if used.limit_reached else f"{used} characters used"
        yield Check(not used.limit_reached, f"DeepL accepts the key: {room}")
        known = self._read(lambda: [language.code for language in self._translator.get_target_languages()])
        for target in targets:
            yield language_check(self.who, target, LANGUAGES.requested(target), known)
        if self._glossary:
            yield from self._check_glossary(targets)

    def _check_glossary(self, targets: Sequence[str]) -> Iterator[Check]:
        variable = self.who.variable("deepl_glossary_id")
        into = {target for _, target in self._glossary_pairs()}
        for target in targets:
            fits = base(target) in into
            what = "has terms" if fits else f"has no terms (it has them for {listed(into)})"
            yield Check(fits, f"The glossary of {variable} {what} for {target}")

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
        if answer.status == 404 and "/glossaries/" in url:
            what = f"there is no such glossary; check {self._who.variable('deepl_glossary_id')}"
            raise ProviderError(Failed(f"DeepL answered 404: {what}", "config"))
        if not answer.ok:
            raise _refusal(self._who, answer)
        return answer.status, answer.text

    def close(self) -> None:
        self._session.close()


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


def _translator(auth_key: str, server_url: str | None, client: _Client) -> DeepLClient:
    from deepl import DeepLClient

    # At debug level it logs the users' texts.
    logging.getLogger("deepl").setLevel(logging.WARNING)
    # With the slash a path in the address stays part of it.
    translator = DeepLClient(auth_key, server_url=server_url and f"{server_url}/")
    translator._client.close()  # type: ignore[no-untyped-call]
    translator._client = client  # type: ignore[assignment]  # the one seam that the library has
    return translator


PROVIDER = Declaration("deepl", DeepLSettings, DeepL)
