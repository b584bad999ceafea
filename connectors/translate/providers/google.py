"""Google Cloud Translation, Basic (v2). https://cloud.google.com/translate/docs/reference/rest/v2/translate"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bridge.http import Answer
from bridge.settings import Credential, WebAddress
from connectors.base import Check
from connectors.translate.codes import languages
from connectors.translate.declaration import Declaration
from connectors.translate.keep import keeping
from connectors.translate.parts import Limits
from connectors.translate.providers.base import (
    HttpProvider,
    Meaning,
    ProviderError,
    checked,
    error_of,
    listed,
    objects,
    wrong_key,
)
from connectors.translate.settings import TranslateSettings

URL = "https://translation.googleapis.com/language/translate/v2"
HTML_CHARACTERS = 8000
"""Of a request with tags in it: 100,000 bytes at 12 for a character."""
# https://cloud.google.com/translate/docs/languages
LANGUAGES = languages(
    "ab ace ach aa af ak alz sq am ar hy as av awa ay az ban bal bm bci ba eu btx bts bbc be bem bn bew bho bik bs "
    "br bg bua yue ca ceb ch ce zh-CN zh-TW chk cv co crh hr cs da fa-AF dv din doi dov nl dyu dz en eo et ee fo fj "
    "fil tl fi fon fr fr-CA fy fur ff gaa gl lg ka de el gn gu ht cnh ha haw he iw hil hi hmn hu hrx iba is ig ilo "
    "id ga it jam ja jv jw kac kl kn kr pam kk kha km cgg kg rw ktu trp kv gom ko kri ku ckb ky lo ltg la lv lij li "
    "ln lt lmo luo lb mk mad mai mak mg ms ms-Arab ml mt gv mi mr mh mwr mfe chm mni-Mtei min lus mn my nr new ne "
    "nso no nus ny oc or om os pag pap ps fa pl pt pt-PT pa pa-Arab qu kek rom ro rn ru se sm sg sa sat-Latn sat gd "
    "sr st crs sn shn scn szl sd si sk sl so es su sus sw ss sv ty tg tzm ber-Latn ber ta tt te tet th bo ti tiv "
    "tpi to ts tn tcy tum tr tk tyv udm uk ur ug uz ve vec vi war cy wo xh sah yi yo yua zap zu"
)
USED_UP = frozenset({"dailyLimitExceeded", "quotaExceeded", "dailyLimitExceededUnreg"})
WRONG_KEY = frozenset({"keyInvalid", "API_KEY_INVALID", "keyExpired"})
TOO_FAST = Meaning("rate_limited", "too much at once", again=True)
NOT_ENABLED = Meaning("config", "the Cloud Translation API is not enabled in the key's project: enable it there")
NO_BILLING = Meaning("quota", "billing is not active in the key's project: activate it there")
RESTRICTED = Meaning("auth", "the restrictions of the key in {key} exclude this API or this server")
# Limits of time and of budget come as 403, as much else does (https://cloud.google.com/translate/quotas,
# https://cloud.google.com/apis/design/errors, google.api.ErrorReason).
MEANINGS = {
    "userRateLimitExceeded": TOO_FAST,
    "rateLimitExceeded": TOO_FAST,
    "RATE_LIMIT_EXCEEDED": TOO_FAST,
    "accessNotConfigured": NOT_ENABLED,
    "SERVICE_DISABLED": NOT_ENABLED,
    "BILLING_DISABLED": NO_BILLING,
    "billingNotEnabled": NO_BILLING,
    "API_KEY_SERVICE_BLOCKED": RESTRICTED,
    "API_KEY_HTTP_REFERRER_BLOCKED": RESTRICTED,
    "API_KEY_IP_ADDRESS_BLOCKED": RESTRICTED,
    "ipRefererBlocked": RESTRICTED,
    "CONSUMER_SUSPENDED": Meaning("auth", "the key's project is suspended"),
    "LOCATION_POLICY_VIOLATED": Meaning("config", "Google does not serve this region"),
    "SECURITY_POLICY_VIOLATED": Meaning("config", "the policies of the key's organisation forbid it"),
}


class GoogleSettings(TranslateSettings):
    NAME = "Google Translate"
    LANGUAGES = LANGUAGES

    google_translate_api_key: Credential
    google_translate_url: WebAddress = URL


class GoogleTranslate(HttpProvider):
    name, address, keys = "Google Translate", "google_translate_url", ("google_translate_api_key",)
    meanings, used_up, wrong = MEANINGS, USED_UP, WRONG_KEY

    def __init__(self, settings: GoogleSettings, *connection: Any) -> None:
        super().__init__(settings, *connection)
        # In a header, not in the address: addresses end up in logs.
        self._headers = {"X-goog-api-key": settings.google_translate_api_key.get_secret_value()}

    def limits(self) -> Limits:
        # 128 texts and 100,000 bytes per request, 5,000 code points recommended; it bills characters
        # (https://cloud.google.com/translate/quotas).
        return Limits(characters=5000, texts=128, turns_by=5000)

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        code = LANGUAGES.requested(target)
        return keeping(texts, HTML_CHARACTERS, lambda some, is_html: self._translate(some, code, is_html))

    def _translate(self, texts: list[str], code: str, is_html: bool) -> list[str]:
        # Without format=text the texts would be HTML, and `&` and `<` come back escaped.
        body = {"q": texts, "target": code, "format": "html" if is_html else "text"}
        answer = self.taken(self.ask("POST", json_body=body))
        return checked(self.who, _each(answer.json(), "translations", "translatedText"), texts)

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        answer = self.ask("GET", "/languages")
        if not answer.ok:
            raise self.refused(answer)
        yield Check(True, "Google Translate accepts the key")
        known = [code for code in _each(answer.json(), "languages", "language") or [] if isinstance(code, str)]
        for target in targets:
            yield self._language(target, known)

    def _language(self, target: str, known: Sequence[str]) -> Check:
        code = LANGUAGES.requested(target)
        if code in known:
            return Check(True, f"Google Translate translates into {target}" + ("" if code == target else f" ({code})"))
        # The list is not all that it takes; two words show it.
        try:
            self.translate(["Thank you"], target)
        except ProviderError as error:
            if not error.about_text:
                raise
            advice = f"it has {listed(known)}; check {self.who.variable('translate_target')}"
            return Check(False, f"Google Translate has no language {target}: {advice}")
        return Check(True, f"Google Translate translates into {target}")

    def codes(self, answer: Answer) -> list[str]:
        """The reasons in its error, in both of the forms that it has."""
        error = error_of(answer)
        rows = [*objects(error.get("errors")), *objects(error.get("details"))]
        return [row["reason"] for row in rows if isinstance(row.get("reason"), str)]

    def refused(self, answer: Answer) -> ProviderError:
        is_about_key = answer.status == 400 and "API key" in str(answer.json())[:2000]
        if is_about_key and not USED_UP.intersection(self.codes(answer)):
            return wrong_key(self.who, answer)
        return super().refused(answer)


def _each(reply: Any, many: str, key: str) -> list[Any] | None:
    """`data.<many>[].<key>` of an answer; None when it does not look like that."""
    try:
        return [one[key] for one in reply["data"][many]]
    except (KeyError, TypeError):
        return None


PROVIDER = Declaration("google", GoogleSettings, GoogleTranslate)
