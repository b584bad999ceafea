"""The stand-ins for translators answer, refuse and count as the real ones do."""

from __future__ import annotations

from typing import Any

import deepl
import pytest
import requests

from tools.sandbox.app import Sandbox
from tools.sandbox.translators import KEY, detect, translate
from tools.sandbox.translators.azure import REGION
from tools.sandbox.translators.markup import translate_html
from tools.sandbox.translators.papago import CLIENT_ID

PAYMENT = "결제가 안 돼요"


def post(sandbox: Sandbox, path: str, body: Any, **headers: str) -> tuple[int, Any]:
    answer = requests.post(f"{sandbox.url}/{path}", json=body, headers=headers, timeout=5)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("text", "target", "result"),
    [
        (PAYMENT, "en", "Payment does not work"),
        (PAYMENT, "JA", "決済ができません"),
        ("뭔가 다른 말", "en-US", "[en] when button on"),
        ("Already English", "en", "Already English"),
    ],
)
def test_results_are_readable_and_always_the_same(text: str, target: str, result: str) -> None:
    assert translate(text, target) == result


@pytest.mark.parametrize(("text", "language"), [("안녕", "ko"), ("こんにちは", "ja"), ("你好", "zh"), ("hello", "en")])
def test_languages_are_recognised_by_script(text: str, language: str) -> None:
    assert detect(text) == language


class TestLibreTranslate:
    def test_one_text_and_many(self, sandbox: Sandbox) -> None:
        body = {"q": PAYMENT, "source": "auto", "target": "en", "format": "text"}
        status, answer = post(sandbox, "libretranslate/translate", body)
        assert (status, answer["translatedText"]) == (200, "Payment does not work")
        assert answer["detectedLanguage"]["language"] == "ko"
        _, answer = post(sandbox, "libretranslate/translate", {**body, "q": [PAYMENT, PAYMENT]})
        assert answer["translatedText"] == ["Payment does not work"] * 2
        assert (sandbox.translate.libretranslate.calls, sandbox.translate.libretranslate.characters) == (2, 24)

    def test_what_it_refuses(self, sandbox: Sandbox) -> None:
        body = {"q": "x", "source": "auto", "target": "en"}
        assert post(sandbox, "libretranslate/translate", {**body, "target": "xx"}) == (
            400,
            {"error": "xx is not supported"},
        )
        assert post(sandbox, "libretranslate/translate", {"q": "x"})[0] == 400
        sandbox.translate.libretranslate.key = KEY
        assert post(sandbox, "libretranslate/translate", body)[0] == 400
        assert post(sandbox, "libretranslate/translate", {**body, "api_key": "no"}) == (
            403,
            {"error": "Invalid API key"},
        )
        assert post(sandbox, "libretranslate/translate", {**body, "api_key": KEY})[0] == 200
        assert sandbox.translate.calls == 1

    def test_it_counts_all_texts_of_a_request_for_its_limit(self, sandbox: Sandbox) -> None:
        sandbox.translate.libretranslate.char_limit = 10
        body = {"q": ["x" * 5, "y" * 6], "source": "en", "target": "ja"}
        status, answer = post(sandbox, "libretranslate/translate", body)
        assert (status, answer) == (400, {"error": "Invalid request: request (11) exceeds text limit (10)"})
        answer = requests.get(f"{sandbox.url}/libretranslate/frontend/settings", timeout=5).json()
        assert (answer["charLimit"], answer["keyRequired"]) == (10, False)

    def test_one_text_in_a_language_that_it_lacks_refuses_the_whole_batch(self, sandbox: Sandbox) -> None:
        turkish = "Uygulama açıldığında sürekli kapanıyor lütfen düzeltin"
        body = {"q": [PAYMENT, turkish], "source": "auto", "target": "en"}
        status, answer = post(sandbox, "libretranslate/translate", body)
        assert status == 400
        assert "'language': 'tr'" in answer["error"]
        assert sandbox.translate.calls == 0


class TestDeepL:
    def client(self, sandbox: Sandbox, key: str = KEY) -> deepl.DeepLClient:
        return deepl.DeepLClient(key, server_url=f"{sandbox.url}/deepl/")

    def test_a_batch(self, sandbox: Sandbox) -> None:
        results = self.client(sandbox).translate_text([PAYMENT, "로그인이 자꾸 풀려요"], target_lang="EN-US")
        assert isinstance(results, list)
        assert [result.text for result in results] == ["Payment does not work", "I keep getting logged out"]
        assert {result.detected_source_lang for result in results} == {"KO"}

    def test_what_it_refuses(self, sandbox: Sandbox) -> None:
        with pytest.raises(deepl.AuthorizationException):
            self.client(sandbox, "wrong").translate_text("x", target_lang="JA")
        sandbox.translate.deepl.quota = 3
        with pytest.raises(deepl.QuotaExceededException):
            self.client(sandbox).translate_text("long", target_lang="JA")
        assert sandbox.translate.deepl.calls == 0


class TestGoogle:
    path = f"google/language/translate/v2?key={KEY}"

    def test_answers_are_html_unless_text_is_asked_for(self, sandbox: Sandbox) -> None:
        text, marked = "it's <b>", '<span translate="no">it</span>\n&amp; &lt;b&gt;'
        for body, expected in (
            ({"q": [text], "format": "text"}, translate(text, "ja")),
            ({"q": [marked]}, translate_html(marked, "ja")),
        ):
            _, answer = post(sandbox, self.path, {**body, "target": "ja"})
            assert answer["data"]["translations"][0]["translatedText"] == expected
        assert '<span translate="no">it</span> &amp; &lt;' in expected, "kept, escaped, and without line breaks"

    def test_what_it_refuses(self, sandbox: Sandbox) -> None:
        status, answer = post(sandbox, "google/language/translate/v2?key=wrong", {"q": "x", "target": "ja"})
        assert (status, answer["error"]["code"]) == (400, 400)
        assert post(sandbox, "google/language/translate/v2", {})[0] == 403
        assert post(sandbox, self.path, {"target": "ja"})[0] == 400
        sandbox.translate.google.quota = 0
        status, answer = post(sandbox, self.path, {"q": "x", "target": "ja"})
        assert (status, answer["error"]["errors"][0]["reason"]) == (403, "dailyLimitExceeded")

    def test_its_limits(self, sandbox: Sandbox) -> None:
        status, answer = post(sandbox, self.path, {"q": ["x"] * 129, "target": "ja"})
        assert (status, answer["error"]["message"]) == (400, "Too many text segments")
        assert post(sandbox, self.path, {"q": ["x"] * 128, "target": "ja"})[0] == 200
        assert post(sandbox, self.path, {"q": ["x" * 100_000], "target": "ja"})[0] == 400


class TestOpenAI:
    path = "openai/v1/chat/completions"

    def test_the_last_message_is_translated(self, sandbox: Sandbox) -> None:
        messages = [
            {"role": "system", "content": "Translate the text into Japanese."},
            {"role": "user", "content": PAYMENT},
        ]
        status, answer = post(sandbox, self.path, {"model": "m", "messages": messages}, Authorization=f"Bearer {KEY}")
        assert (status, answer["choices"][0]["message"]["content"]) == (200, "決済ができません")

    def test_what_it_refuses(self, sandbox: Sandbox) -> None:
        assert post(sandbox, self.path, {}, Authorization="Bearer no")[1]["error"]["code"] == "invalid_api_key"
        assert post(sandbox, self.path, {"model": "m"}, Authorization=f"Bearer {KEY}")[0] == 400
        sandbox.translate.openai.temperature = False
        body = {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": "x"}]}
        status, answer = post(sandbox, self.path, body, Authorization=f"Bearer {KEY}")
        assert (status, answer["error"]["param"]) == (400, "temperature")
        sandbox.translate.openai.quota = 0
        body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        status, answer = post(sandbox, self.path, body, Authorization=f"Bearer {KEY}")
        assert (status, answer["error"]["code"]) == (429, "insufficient_quota")


class TestPapago:
    path = "papago/nmt/v1/translation"
    keys = {"x-ncp-apigw-api-key-id": CLIENT_ID, "x-ncp-apigw-api-key": KEY}  # noqa: RUF012
    body = {"source": "auto", "target": "en", "text": PAYMENT}  # noqa: RUF012

    def code(self, sandbox: Sandbox, **body: Any) -> Any:
        status, answer = post(sandbox, self.path, {**self.body, **body}, **self.keys)
        return status, answer.get("errorCode") or answer.get("error", {}).get("errorCode")

    def test_a_translation_and_what_a_span_keeps(self, sandbox: Sandbox) -> None:
        status, answer = post(sandbox, self.path, self.body, **self.keys)
        result = answer["message"]["result"]
        assert (status, result["translatedText"], result["srcLangType"]) == (200, "Payment does not work", "ko")
        marked = {**self.body, "text": '안녕 <span translate="no">{name}</span> & 또'}
        _, answer = post(sandbox, self.path, marked, **self.keys)
        assert '<span translate="no">{name}</span> & ' in answer["message"]["result"]["translatedText"]

    def test_what_it_refuses(self, sandbox: Sandbox) -> None:
        assert post(sandbox, self.path, self.body)[1]["error"]["errorCode"] == "200"
        assert self.code(sandbox, source="") == (400, "N2MT01")
        assert self.code(sandbox, source="pt") == (400, "N2MT02")
        assert self.code(sandbox, target="") == (400, "N2MT03")
        assert self.code(sandbox, target="zh") == (400, "N2MT04")
        assert self.code(sandbox, target="ko") == (400, "N2MT05")
        assert self.code(sandbox, source="en", target="it") == (400, "N2MT06")
        assert self.code(sandbox, text="") == (400, "N2MT07")
        assert self.code(sandbox, text="가" * 5001) == (400, "N2MT08")
        assert self.code(sandbox, text="가" * 5000) == (200, None)
        sandbox.translate.papago.quota = 0
        assert self.code(sandbox) == (429, "400")


class TestAzure:
    path = "azure/translate?api-version=3.0&to=en"
    keys = {"Ocp-Apim-Subscription-Key": KEY, "Ocp-Apim-Subscription-Region": REGION}  # noqa: RUF012

    def code(self, sandbox: Sandbox, body: Any, query: str = "") -> int:
        _, answer = post(sandbox, self.path + query, body, **self.keys)
        return int(answer["error"]["code"]) if isinstance(answer, dict) else 200

    def test_a_batch_in_order(self, sandbox: Sandbox) -> None:
        _, answer = post(sandbox, self.path, [{"Text": PAYMENT}, {"Text": "원문 메시지"}], **self.keys)
        assert [one["translations"][0]["text"] for one in answer] == ["Payment does not work", "Original message"]
        assert answer[0]["detectedLanguage"]["language"] == "ko"

    def test_what_it_refuses(self, sandbox: Sandbox) -> None:
        text = [{"Text": "가"}]
        assert post(sandbox, self.path, text, **{**self.keys, "Ocp-Apim-Subscription-Key": "no"})[0] == 401
        url = f"{sandbox.url}/{self.path}"
        answer = requests.post(url, json=text, headers={"Ocp-Apim-Subscription-Key": KEY}, timeout=5)
        assert (answer.status_code, answer.text) == (401, ""), "without the region"
        assert self.code(sandbox, {"Text": "가"}) == 400074
        assert self.code(sandbox, [{"text": "가"}]) == 400072
        assert self.code(sandbox, text * 1001) == 400072
        assert self.code(sandbox, text * 1000) == 200
        assert self.code(sandbox, [{"Text": "가" * 50_001}]) == 400077
        assert self.code(sandbox, text, "&textType=xml") == 400003
        assert post(sandbox, self.path.replace("=en", "=zh"), text, **self.keys)[1]["error"]["code"] == 400036
        sandbox.translate.azure.quota = 0
        assert self.code(sandbox, text) == 403001


class TestApertium:
    """As apertium-apy 0.11.7 was measured."""

    def ask(self, sandbox: Sandbox, **form: str) -> Any:
        return requests.post(f"{sandbox.url}/apertium/translate", data=form, timeout=5).json()

    def test_a_translation_marks_unknown_words_unless_asked_not_to(self, sandbox: Sandbox) -> None:
        form = {"langpair": "ko|en", "q": PAYMENT}
        assert self.ask(sandbox, **form)["responseData"]["translatedText"].startswith("*")
        found = self.ask(sandbox, **form, markUnknown="no")["responseData"]["translatedText"]
        assert found == "Payment does not work"
        kept = self.ask(
            sandbox, langpair="kor|eng", q="글 <apertium-notrans>{x}</apertium-notrans>\n글", markUnknown="no"
        )
        assert "<apertium-notrans>{x}</apertium-notrans>\n" in kept["responseData"]["translatedText"]

    @pytest.mark.parametrize(
        ("form", "explanation"),
        [
            ({"q": "x"}, "Missing argument langpair"),
            ({"langpair": "ko|en"}, "Missing argument q"),
            ({"langpair": "ko", "q": "x"}, "That pair is invalid, use e.g. eng|spa"),
            ({"langpair": "ko|xx", "q": "x"}, "That pair is not installed"),
        ],
    )
    def test_what_it_refuses(self, sandbox: Sandbox, form: dict[str, str], explanation: str) -> None:
        assert self.ask(sandbox, **form)["explanation"] == explanation
