"""What is particular about Papago, Azure and Apertium."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bridge.settings import load
from connectors.base import Failed, Retry
from connectors.translate.providers import apertium, build_provider
from connectors.translate.providers.base import ProviderError
from connectors.translate.settings import TranslateSettings
from tests.connectors.translate.conftest import environment, provider_at
from tools.sandbox.app import Sandbox

KOREAN = "로그인이 자꾸 풀려요"
ENGLISH = "I keep getting logged out"


def failure(sandbox: Sandbox, name: str, text: str = KOREAN, target: str = "en", **fault: Any) -> ProviderError:
    if fault:
        sandbox.faults.add("status", system=name, method="POST", **fault)
    with pytest.raises(ProviderError) as caught:
        provider_at(name, sandbox.url).translate([text], target)
    return caught.value


def gateway(code: str) -> dict[str, Any]:
    return {"error": {"errorCode": code, "message": "no", "details": "no"}}


def service(code: str) -> dict[str, Any]:
    return {"errorCode": code, "errorMessage": "no"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason", "expected"),
    [
        (400, service("N2MT04"), Failed, "client_error", "N2MT04"),
        (400, service("N2MT06"), Failed, "client_error", "does not translate the language"),
        (400, service("N2MT08"), Failed, "client_error", "too long"),
        (500, service("N2MT99"), Retry, "server_error", "N2MT99"),
        (400, gateway("100"), Failed, "client_error", "400"),
        (401, gateway("200"), Failed, "auth", "check PAPAGO_CLIENT_ID and PAPAGO_CLIENT_SECRET"),
        (401, gateway("210"), Failed, "auth", "PAPAGO_CLIENT_ID"),
        (404, gateway("300"), Failed, "config", "PAPAGO_URL"),
        (413, gateway("430"), Failed, "client_error", "413"),
        (429, gateway("400"), Failed, "quota", "is not selected for this application"),
        (429, gateway("410"), Retry, "rate_limited", "too much at once"),
        (429, gateway("420"), Retry, "rate_limited", "too much at once"),
        (503, gateway("500"), Retry, "server_error", "at Papago"),
        (504, gateway("510"), Retry, "server_error", "at Papago"),
        (500, gateway("900"), Retry, "server_error", "at Papago"),
    ],
)
def test_papagos_codes_decide_and_not_its_status(
    sandbox: Sandbox, status: int, body: Any, kind: type[Retry | Failed], reason: str, expected: str
) -> None:
    outcome = failure(sandbox, "papago", status=status, body=body).outcome
    assert isinstance(outcome, kind)
    assert outcome.reason == reason
    assert expected in outcome.why


@pytest.mark.parametrize(("status", "body"), [(400, service("N2MT08")), (413, gateway("430"))])
def test_papago_asks_for_smaller_parts(sandbox: Sandbox, status: int, body: Any) -> None:
    assert failure(sandbox, "papago", status=status, body=body).smaller


def test_papago_returning_that_the_languages_are_the_same_is_no_failure(sandbox: Sandbox) -> None:
    """The text comes back, and the connector skips what came back unchanged."""
    assert provider_at("papago", sandbox.url).translate(["OK then"], "en") == ["OK then"]


def test_papago_lacks_a_pair(sandbox: Sandbox) -> None:
    assert failure(sandbox, "papago", "アプリがすぐに落ちます", "it").about_text


def test_papagos_check_names_the_languages_that_a_target_is_translated_from(sandbox: Sandbox) -> None:
    lines = list(provider_at("papago", sandbox.url).check(["ja", "zh-Hant"]))
    assert [line.what for line in lines if line.is_note] == [
        "For ja Papago takes texts in ko, en, zh-CN, zh-TW, vi, th, id, fr only",
        "For zh-Hant Papago takes texts in ko, en, ja, zh-CN only",
    ]


def azure(code: int) -> dict[str, Any]:
    return {"error": {"code": code, "message": "no"}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason", "expected"),
    [
        (401, azure(401000), Failed, "auth", "check AZURE_TRANSLATOR_KEY and AZURE_TRANSLATOR_REGION"),
        (401, "", Failed, "auth", "AZURE_TRANSLATOR_REGION"),
        (403, azure(403000), Failed, "auth", "AZURE_TRANSLATOR_KEY"),
        (403, azure(403001), Failed, "quota", "the quota is used up"),
        (408, azure(408001), Retry, "server_error", "model is being loaded"),
        (429, azure(429001), Retry, "rate_limited", "429001"),
        (400, azure(400023), Failed, "client_error", "does not translate the language"),
        (400, azure(400036), Failed, "config", "no such target language"),
        (500, azure(500000), Retry, "server_error", "500"),
        (503, azure(503000), Retry, "server_error", "503"),
    ],
)
def test_azures_codes_are_distinguished(
    sandbox: Sandbox, status: int, body: Any, kind: type[Retry | Failed], reason: str, expected: str
) -> None:
    outcome = failure(sandbox, "azure", status=status, body=body).outcome
    assert isinstance(outcome, kind)
    assert outcome.reason == reason
    assert expected in outcome.why


def test_azure_without_its_region_is_refused_without_a_word(sandbox: Sandbox) -> None:
    environ = environment("azure", sandbox.url) | {"AZURE_TRANSLATOR_REGION": ""}
    with pytest.raises(ProviderError, match="AZURE_TRANSLATOR_REGION"):
        build_provider(load(TranslateSettings, environ)).translate([KOREAN], "en")


def test_azure_asks_for_smaller_parts(sandbox: Sandbox) -> None:
    assert failure(sandbox, "azure", status=400, body=azure(400077)).smaller


def test_apertium_is_given_the_language_of_the_text(sandbox: Sandbox) -> None:
    """It does not find it out. In doubt it is the likeliest of those that are translated into the target."""
    provider = provider_at("apertium", sandbox.url)
    assert provider.translate([KOREAN], "en") == [ENGLISH]
    provider.translate(["Cette page ne se charge plus sur mon téléphone"], "en-GB")
    assert sandbox.translate.apertium.sources == ["ko", "fr"]
    sandbox.translate.apertium.languages = {"de", "en"}
    provider_at("apertium", sandbox.url).translate(["Geht"], "en")
    assert sandbox.translate.apertium.sources[-1] == "de"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Xyz", "en"),
        ("OK, 결제 버튼 does nothing", "en"),
        ("결제 버튼을 눌러도 does nothing", "ko"),
        ("最高", "zh"),
        ("%s {x}", "en"),
    ],
)
def test_apertium_is_given_the_likeliest_language_in_doubt(sandbox: Sandbox, text: str, source: str) -> None:
    provider_at("apertium", sandbox.url).translate([text], "fr")
    assert sandbox.translate.apertium.sources == [source]


def test_apertium_lacking_the_language_of_a_text_is_about_that_text(sandbox: Sandbox) -> None:
    error = failure(sandbox, "apertium", "สวัสดีครับ แอปปิดเอง")
    assert error.about_text
    assert "no pair from th is installed" in error.outcome.why
    assert "installed: de-en" in error.outcome.why


def test_apertium_without_a_pair_into_the_target_is_a_wrong_setting(sandbox: Sandbox) -> None:
    outcome = failure(sandbox, "apertium", target="es").outcome
    assert outcome.reason == "config"
    assert "TRANSLATE_TARGET" in outcome.why


def test_apertium_whose_pair_was_removed_is_asked_for_its_pairs_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a machine that was started a moment ago, whose clock begins at 0."""
    monkeypatch.setattr(apertium, "REMEMBERED", time.monotonic() + 60)
    provider = provider_at("apertium", sandbox.url)
    provider.translate([KOREAN], "en")
    sandbox.translate.apertium.languages = {"de", "en"}
    for expected in ("not installed any more", "no pair from ko is installed"):
        with pytest.raises(ProviderError, match=expected):
            provider.translate([KOREAN], "en")


def test_apertium_that_did_not_manage_a_text_in_time_asks_for_smaller_parts(sandbox: Sandbox) -> None:
    assert failure(sandbox, "apertium", status=408, body={"status": "error", "code": 408}).smaller
