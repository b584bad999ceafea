"""Papago Translation of NAVER Cloud Platform. https://api.ncloud-docs.com/docs/en/ai-naver-papagonmt-translation"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bridge.http import Answer
from bridge.settings import Credential, WebAddress
from connectors.base import Check, note
from connectors.translate.codes import languages
from connectors.translate.declaration import Declaration
from connectors.translate.keep import Mode, keeping
from connectors.translate.parts import Limits
from connectors.translate.providers.base import HttpProvider, Meaning, ProviderError, checked, error_of, out_of_quota
from connectors.translate.settings import TranslateSettings

URL = "https://papago.apigw.ntruss.com"
CHARACTERS = 5000
"""Of the one text that a request holds."""
MODE = Mode(breaks=False, escapes=False)
"""Its text is no HTML; what stands between the tags is kept all the same."""
KOREAN = "en ja zh-CN zh-TW vi th id fr es ru de it"
PAIRS = {
    "ko": KOREAN,
    "en": "ko ja zh-CN zh-TW vi th id fr es ru de",
    "ja": "ko en zh-CN zh-TW vi th id fr",
    "zh-CN": "ko en ja zh-TW",
    "zh-TW": "ko en ja zh-CN",
    **dict.fromkeys(("vi", "th", "id", "fr"), "ko en ja"),
    **dict.fromkeys(("es", "ru", "de"), "ko en"),
    "it": "ko",
}
"""What each language is translated into: no address lists it
(https://api.ncloud-docs.com/docs/en/ai-naver-papagonmt-translation)."""
LANGUAGES = languages(" ".join(PAIRS))
SAME_LANGUAGE = "N2MT05"
TOO_LONG = frozenset({"N2MT08", "430"})
WRONG_KEY = frozenset({"200", "210"})
# Of the service, and of the gateway before it (https://api.ncloud-docs.com/docs/en/ai-naver-papagonmt).
PAIR = Meaning("client_error", "Papago does not translate the language of this text into the target")
LATER = Meaning("rate_limited", "too much at once", again=True)
BROKEN = Meaning("server_error", "an error at Papago", again=True)
MEANINGS = {
    "N2MT02": PAIR,
    "N2MT04": PAIR,
    "N2MT06": PAIR,
    "N2MT08": Meaning("client_error", "the text is too long"),
    "N2MT99": BROKEN,
    "300": Meaning("config", "there is no such API; check {address}"),
    "410": LATER,
    "420": LATER,
    "500": BROKEN,
    "510": BROKEN,
    "900": BROKEN,
}


class PapagoSettings(TranslateSettings):
    NAME = "Papago"
    LANGUAGES = LANGUAGES

    papago_client_id: Credential
    papago_client_secret: Credential
    papago_url: WebAddress = URL


class Papago(HttpProvider):
    name, address, keys = "Papago", "papago_url", ("papago_client_id", "papago_client_secret")
    meanings, wrong, too_long = MEANINGS, WRONG_KEY, TOO_LONG

    def __init__(self, settings: PapagoSettings, *connection: Any) -> None:
        super().__init__(settings, *connection)
        id_, secret = settings.papago_client_id.get_secret_value(), settings.papago_client_secret.get_secret_value()
        self._headers = {"x-ncp-apigw-api-key-id": id_, "x-ncp-apigw-api-key": secret}

    def limits(self) -> Limits:
        return Limits(characters=CHARACTERS, texts=1, turns_by=CHARACTERS)

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        code = LANGUAGES.requested(target)
        return keeping(texts, CHARACTERS, lambda some, _: [self._translate(text, code) for text in some], MODE)

    def _translate(self, text: str, code: str) -> str:
        # `auto` costs nothing more, unlike the address that only detects.
        body = {"source": "auto", "target": code, "text": text}
        answer = self.ask("POST", "/nmt/v1/translation", json_body=body)
        if SAME_LANGUAGE in self.codes(answer):
            return text  # it is in the target language already, and nothing was paid
        return checked(self.who, _texts(self.taken(answer).json()), [text])[0]

    def codes(self, answer: Answer) -> list[str]:
        """The code of an error: of the service (`N2MT05`), or of the gateway, which has numbers (`410`)."""
        reply = answer.json()
        found = [reply.get("errorCode") if isinstance(reply, dict) else None, error_of(answer).get("errorCode")]
        return [str(code) for code in found if isinstance(code, str | int)]

    def refused(self, answer: Answer) -> ProviderError:
        if "400" in self.codes(answer) and answer.status == 429:
            subscribe = "Or Papago is not selected for this application in the console of NAVER Cloud: select it there"
            return out_of_quota(self.who, answer, subscribe)
        return super().refused(answer)

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        """Two words for each language: the quota, the application and the pair show in a translation alone."""
        for target in targets:
            code = LANGUAGES.code(target)
            if code is None:
                what = f"Papago has no language {target}: it has {', '.join(PAIRS)}"
                yield Check(False, f"{what}; check {self.who.variable('translate_target')}")
                continue
            self._translate("Thank you" if code == "ko" else "감사합니다", code)
            yield Check(True, f"Papago translates into {target}" + ("" if code == target else f" ({code})"))
            sources = [source for source, into in PAIRS.items() if code in into.split()]
            yield note(f"For {target} Papago takes texts in {', '.join(sources)} only")


def _texts(reply: Any) -> list[Any] | None:
    try:
        return [reply["message"]["result"]["translatedText"]]
    except (KeyError, TypeError):
        return None


PROVIDER = Declaration("papago", PapagoSettings, Papago)
