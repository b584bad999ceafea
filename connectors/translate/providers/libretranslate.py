"""LibreTranslate. https://docs.libretranslate.com/api/operations/translate/"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.http import Answer
from bridge.settings import Credential, WebAddress
from connectors.base import Check, Failed, Retry
from connectors.translate.codes import of
from connectors.translate.declaration import Declaration
from connectors.translate.keep import keeping
from connectors.translate.language import language_by_script
from connectors.translate.parts import Limits
from connectors.translate.providers.base import (
    HttpProvider,
    ProviderError,
    checked,
    language_checks,
    not_understood,
    wrong_key,
)
from connectors.translate.settings import TranslateSettings

CHARACTERS = 2000
"""What its hosted service takes per request; an own server shows in /frontend/settings what it takes (`--char-limit`).
It translates sentence by sentence, so cutting at sentence ends loses nothing."""
SMALLEST_LIMIT = 20
"""Characters. A server that takes less is not one to cut texts for."""
REMEMBERED = 600.0
"""Seconds for which a server's settings and languages are not asked for again."""

# Its errors are sentences; what stands in them besides these is not passed on.
LANGUAGE = re.compile(r"'language': '([A-Za-z-]{2,12})'|\(([A-Za-z-]{2,12})\)|^([A-Za-z-]{2,12}) is not supported")


class LibreTranslateSettings(TranslateSettings):
    libretranslate_url: WebAddress
    libretranslate_api_key: Credential | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """What a server answers about itself. `languages`: those that it can translate into, None where that is unknown."""

    characters: int = CHARACTERS
    key_required: bool = False
    languages: frozenset[str] | None = None
    asked: float = field(default_factory=time.monotonic)


class LibreTranslate(HttpProvider):
    name, address, keys = "LibreTranslate", "libretranslate_url", ("libretranslate_api_key",)

    def __init__(self, settings: LibreTranslateSettings, *connection: Any) -> None:
        super().__init__(settings, *connection)
        key = settings.libretranslate_api_key
        self._key = {"api_key": key.get_secret_value()} if key else {}
        self._server: Server | None = None
        self._lock = threading.Lock()

    def limits(self) -> Limits:
        # One text in each request: of short ones in a batch it detects the language of all together, and it refuses
        # the whole batch for one in a language that it lacks. It works on one after the other anyway.
        return Limits(characters=self._about().characters, texts=1)

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        server = self._about()
        code = of(server.languages or ()).requested(target)
        return [
            answer
            for text in texts
            for answer in keeping(
                [text], server.characters, lambda some, is_html: [self._translate(some[0], code, is_html)]
            )
        ]

    def _translate(self, text: str, target: str, is_html: bool = False) -> str:
        # Its own detection is weak on short texts, and takes the nearest of the languages that it has.
        source = language_by_script(text) or "auto"
        body = {"q": [text], "source": source, "target": target, "format": "html" if is_html else "text", **self._key}
        reply = self.taken(self.ask("POST", "/translate", json_body=body)).json()
        if not isinstance(reply, dict):
            raise not_understood(self.who, "the answer is not JSON")
        return checked(self.who, reply.get("translatedText"), [text])[0]

    def refused(self, answer: Answer) -> ProviderError:
        reply = answer.json()
        error = reply.get("error") if isinstance(reply, dict) else None
        words = error[:1000] if isinstance(error, str) else ""
        if answer.status == 403 and "limits violations" in words:
            # Too many 429s in a row: it refuses everything for a while.
            why = "LibreTranslate answered 403: too many requests over its limit, so it takes none for a while"
            return ProviderError(Retry(why, "rate_limited", answer.retry_after))
        if answer.status == 400 and "API key" in words:
            return wrong_key(self.who, answer)
        if answer.status == 400 and "exceeds text limit" in words:
            why = f"LibreTranslate answered {answer.status}: the text is longer than its --char-limit"
            self._forget()
            return ProviderError(Failed(why, "client_error"), smaller=True)
        # Where it lacks a pair it answers 500, as if something had broken.
        if "is not supported" in words or "is not available as a target language" in words:
            codes = [code for found in LANGUAGE.finditer(words) for code in found.groups() if code]
            lacks = f"it can't translate between these languages ({', '.join(codes[:2])}): install them there"
            return ProviderError(Failed(f"LibreTranslate answered {answer.status}: {lacks}", "client_error"))
        return super().refused(answer)

    def _about(self) -> Server:
        """The server's settings and languages, as far as it answers: without them it is used all the same."""
        with self._lock:
            if self._server and time.monotonic() - self._server.asked < REMEMBERED:
                return self._server
        try:
            server = self._server_now()
        except ProviderError as error:
            if error.outcome.reason == "network":
                raise
            # Busy, or with these addresses closed: it may translate all the same. Asked again soon.
            server = Server(asked=time.monotonic() - REMEMBERED + 30)
        with self._lock:
            self._server = server
        return server

    def _forget(self) -> None:
        with self._lock:
            self._server = None

    def _server_now(self) -> Server:
        settings = self._get("/frontend/settings")
        reply = settings.json() if settings.ok else None
        reply = reply if isinstance(reply, dict) else {}
        limit = reply.get("charLimit")
        languages = self._get("/languages")
        if not languages.ok:
            raise self.refused(languages)
        return Server(
            characters=min(CHARACTERS, limit) if isinstance(limit, int) and limit >= SMALLEST_LIMIT else CHARACTERS,
            key_required=reply.get("keyRequired") is True,
            languages=frozenset(_targets(languages.json())),
        )

    def _get(self, path: str) -> Answer:
        return self.ask("GET", path, read_seconds=min(self._read_seconds, 5.0))

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        server = self._server_now()
        known = server.languages or frozenset()
        yield Check(bool(known), "LibreTranslate answers" if known else "LibreTranslate lists no languages")
        if server.key_required and not self._key:
            yield Check(False, f"LibreTranslate wants a key: set {self.who.key_variable}")
            return
        good = yield from language_checks(self.who, targets, of(known), known)
        if good:
            # The list of languages is open to all: only a translation shows whether the key is accepted.
            self._try(of(known).requested(good[0]), known)
            yield Check(True, "LibreTranslate accepts the key" if self._key else "LibreTranslate needs no key")

    def _try(self, target: str, known: frozenset[str]) -> None:
        source = next((code for code in ("en", "ko", *sorted(known)) if code in known and code != target), target)
        self._translate("감사합니다" if source == "ko" else "Thank you", target)


def _targets(languages: Any) -> set[str]:
    """The languages that it can translate into, from the answer of /languages."""
    if not isinstance(languages, list):
        return set()
    found = [language for language in languages if isinstance(language, dict)]
    targets = [language.get("targets", [language.get("code")]) for language in found]
    return {code for some in targets if isinstance(some, list) for code in some if isinstance(code, str)}


PROVIDER = Declaration("libretranslate", LibreTranslateSettings, LibreTranslate)
