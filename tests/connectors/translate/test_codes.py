"""Target codes: one language in the spelling of each provider, and an error at the start for what it does not have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.environment import ConfigError
from bridge.settings import load
from connectors.translate import providers
from connectors.translate.codes import Languages, languages, may_exist
from connectors.translate.settings import TranslateSettings
from tests.connectors.translate.conftest import environment
from tests.connectors.translate.kinds import NAMES

CODES = {
    "papago": {
        "zh": "zh-CN",
        "zh-Hans": "zh-CN",
        "zh-CN": "zh-CN",
        "zh-TW": "zh-TW",
        "zh-Hant": "zh-TW",
        "zh-HK": "zh-TW",
        "en-US": "en",
        "ko": "ko",
        "ko-KR": "ko",
        "ja": "ja",
        "pt-BR": None,
        "pl": None,
    },
    "azure": {
        "zh": "zh-Hans",
        "zh-CN": "zh-Hans",
        "zh-TW": "zh-Hant",
        "zh-Hant-HK": "zh-Hant",
        "pt-BR": "pt",
        "pt-PT": "pt-pt",
        "en-US": "en",
        "ko": "ko",
        "ja": "ja",
        "no": "nb",
        "sr": "sr-Cyrl",
        "sr-Latn": "sr-Latn",
        "tl": "fil",
        "xx": None,
    },
    "google": {
        "zh": "zh-CN",
        "zh-Hans": "zh-CN",
        "zh-Hant": "zh-TW",
        "zh-TW": "zh-TW",
        "pt-BR": "pt",
        "pt-PT": "pt-PT",
        "en-US": "en",
        "ko": "ko",
        "ja": "ja",
        "nb": "no",
        "iw": "iw",
        "sr-Latn": None,
        "xx": None,
    },
    "deepl": {
        "zh": "ZH",
        "zh-CN": "ZH-HANS",
        "zh-Hans": "ZH-HANS",
        "zh-TW": "ZH-HANT",
        "pt": "PT-PT",
        "pt-BR": "PT-BR",
        "en": "EN-US",
        "en-GB": "EN-GB",
        "en-US": "EN-US",
        "ko": "KO",
        "ja": "JA",
        "no": "NB",
        "xx": None,
    },
}


def of(name: str) -> Languages:
    found = providers.find(name).settings.LANGUAGES
    assert found
    return found


@pytest.mark.parametrize(
    ("name", "target", "code"),
    [(name, target, code) for name, found in CODES.items() for target, code in found.items()],
)
def test_a_language_has_the_code_of_the_provider(name: str, target: str, code: str | None) -> None:
    assert of(name).code(target) == code
    assert of(name).code(target.upper().replace("-", "_")) == code


@pytest.mark.parametrize("name", NAMES)
def test_a_language_that_a_provider_has_not_is_an_error_at_the_start(name: str) -> None:
    """Of those whose languages are known without asking them."""
    environ = {
        **environment(name, "http://127.0.0.1:9"),
        "TRANSLATE_TARGET__EU": "en,xx",
        "TRANSLATE_FIELDS": "a=a_{lang}",
    }
    if name not in CODES:
        assert providers.find(name).settings.LANGUAGES is None
        with pytest.raises(ConfigError, match=r"^TRANSLATE_TARGET__EU: no language has the code xx \(ISO 639-1\)$"):
            load(TranslateSettings, environ, "eu")
        other = {**environ, "TRANSLATE_TARGET__EU": "eng,zh-Hant,iw,pt-BR,zt,spa"}
        assert len(load(TranslateSettings, other, "eu").translate_target) == 6
        return
    with pytest.raises(ConfigError) as caught:
        load(TranslateSettings, environ, "eu")
    (problem,) = caught.value.problems
    assert problem.startswith("TRANSLATE_TARGET__EU: ")
    assert "does not translate into xx; it has " in problem
    assert "KO" in problem.upper()


@pytest.mark.parametrize("name", CODES)
def test_every_code_of_a_provider_may_exist(name: str) -> None:
    assert [code for code in of(name).codes if not may_exist(code)] == []


@pytest.mark.parametrize("name", CODES)
def test_every_code_of_a_provider_means_itself(name: str) -> None:
    found = of(name)
    defaults = {"EN", "PT"} if name == "deepl" else set()
    assert [code for code in found.codes - defaults if found.code(code) != code] == []


def test_traditional_chinese_is_never_given_simplified() -> None:
    for target in ("zh-TW", "zh-Hant", "zh-HK", "zh-Hant-TW"):
        assert languages("zh en").code(target) is None
        assert languages("zh-CN en").code(target) is None


@given(st.text(max_size=20))
def test_any_text_has_a_code_or_none(target: str) -> None:
    assert languages("en zh-CN").code(target) in ("en", "zh-CN", None)
