"""The translator's variables: every problem is reported at once, by the variable's name."""

from __future__ import annotations

import pytest

from bridge.environment import ConfigError
from bridge.settings import load
from connectors.translate.providers.google import GoogleSettings
from connectors.translate.providers.libretranslate import LibreTranslateSettings
from connectors.translate.providers.openai import URL as OPENAI
from connectors.translate.providers.openai import OpenAISettings
from connectors.translate.settings import TranslateSettings
from connectors.translate.wishes import source_checks, wishes_of

LIBRE = {"TRANSLATE_PROVIDER": "libretranslate", "LIBRETRANSLATE_URL": "http://127.0.0.1:5000/"}


def problems(**environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(TranslateSettings, environ)
    return caught.value.problems


def test_a_provider_and_its_address_are_enough() -> None:
    settings = load(TranslateSettings, LIBRE)
    assert settings.translate_target == ["en"]
    assert settings.written() == [("message", "en", "translatedMessage")]
    assert isinstance(settings, LibreTranslateSettings)
    assert settings.libretranslate_url == "http://127.0.0.1:5000"


def test_the_addresses_of_the_vendors_are_known() -> None:
    google = load(TranslateSettings, {"TRANSLATE_PROVIDER": "google", "GOOGLE_TRANSLATE_API_KEY": "k"})
    assert isinstance(google, GoogleSettings)
    assert google.google_translate_url == "https://translation.googleapis.com/language/translate/v2"
    openai = load(TranslateSettings, {"TRANSLATE_PROVIDER": "openai", "OPENAI_API_KEY": "k", "OPENAI_MODEL": "m"})
    assert isinstance(openai, OpenAISettings)
    assert openai.openai_base_url == "https://api.openai.com/v1"


def test_the_variables_of_a_provider_that_is_not_used_are_not_looked_at() -> None:
    settings = load(TranslateSettings, {**LIBRE, "DEEPL_SERVER_URL": "nonsense", "OPENAI_BASE_URL": "nonsense"})
    assert not {"deepl_server_url", "openai_base_url"} & type(settings).model_fields.keys()


def test_several_languages_go_into_a_field_each() -> None:
    environ = {**LIBRE, "TRANSLATE_TARGET": "en, ja", "TRANSLATE_FIELDS": "message=message_{lang},title=title_{lang}"}
    assert load(TranslateSettings, environ).written() == [
        ("message", "en", "message_en"),
        ("message", "ja", "message_ja"),
        ("title", "en", "title_en"),
        ("title", "ja", "title_ja"),
    ]


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("libretranslate", ["LIBRETRANSLATE_URL: required by TRANSLATE_PROVIDER=libretranslate, but not set"]),
        ("deepl", ["DEEPL_AUTH_KEY: required by TRANSLATE_PROVIDER=deepl, but not set"]),
        ("google", ["GOOGLE_TRANSLATE_API_KEY: required by TRANSLATE_PROVIDER=google, but not set"]),
        (
            "openai",
            [
                f"OPENAI_API_KEY: required by {OPENAI}, but not set (another server: set OPENAI_BASE_URL)",
                "OPENAI_MODEL: required by TRANSLATE_PROVIDER=openai, but not set",
            ],
        ),
    ],
)
def test_what_the_provider_needs_is_named(provider: str, expected: list[str]) -> None:
    assert problems(TRANSLATE_PROVIDER=provider) == expected


def test_a_server_of_ones_own_needs_no_key() -> None:
    environ = {"TRANSLATE_PROVIDER": "openai", "OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_MODEL": "small"}
    settings = load(TranslateSettings, environ)
    assert isinstance(settings, OpenAISettings)
    assert settings.openai_api_key is None


def test_all_problems_are_reported_at_once() -> None:
    announced = problems(TRANSLATE_PROVIDER="deepl", TRANSLATE_TARGET="english", TRANSLATE_FIELDS="message")
    assert [problem.split(":")[0] for problem in announced] == [
        "TRANSLATE_TARGET",
        "TRANSLATE_FIELDS",
        "DEEPL_AUTH_KEY",
    ]


def test_no_provider_is_a_problem() -> None:
    assert problems() == ["TRANSLATE_PROVIDER: required, but not set"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "TRANSLATE_PROVIDER",
            "babelfish",
            "should be one of libretranslate, deepl, google, openai, papago, azure, apertium",
        ),
        ("TRANSLATE_TARGET", "english", "'english' should be a language code"),
        ("TRANSLATE_TARGET", "en,EN", "named twice"),
        ("TRANSLATE_TARGET", ",", "at least one language"),
        ("TRANSLATE_FIELDS", ",", "at least one field"),
        ("TRANSLATE_FIELDS", "message=message", "'message' would be translated and written into"),
        ("TRANSLATE_FIELDS", "message_en=message_{lang}", "'message_en' would be translated and written into"),
        ("TRANSLATE_FIELDS", "title=message,message=translated", "'message' would be translated and written into"),
        ("TRANSLATE_FIELDS", "a=x,b=x", "two translations would be written into 'x'"),
        ("TRANSLATE_MAX_CHARACTERS", "99", "should be at least 100"),
        ("TRANSLATE_MAX_CHARACTERS", "100001", "should be at most 100000"),
        ("LIBRETRANSLATE_URL", "127.0.0.1:5000", "https://"),
    ],
)
def test_a_mistake_is_reported_by_name(name: str, value: str, expected: str) -> None:
    announced = problems(**{**LIBRE, name: value})
    assert len(announced) == 1
    assert announced[0].startswith(f"{name}: ")
    assert expected in announced[0]


def test_several_languages_into_one_field_are_refused() -> None:
    announced = problems(**LIBRE, TRANSLATE_TARGET="en,ja")
    assert announced == [
        "TRANSLATE_FIELDS: with several languages 'translatedMessage' should hold {lang}, e.g. message=message_{lang}"
    ]


def test_keys_are_not_shown() -> None:
    settings = load(TranslateSettings, {"TRANSLATE_PROVIDER": "deepl", "DEEPL_AUTH_KEY": "planted-secret"})
    assert "planted-secret" not in repr(settings)


def test_an_instance_reads_of_the_variables_that_its_operator_wrote() -> None:
    with pytest.raises(ConfigError) as caught:
        load(TranslateSettings, {"TRANSLATE_PROVIDER__EU": "deepl"}, "eu")
    assert caught.value.problems == ["DEEPL_AUTH_KEY__EU: required by TRANSLATE_PROVIDER__EU=deepl, but not set"]
    with pytest.raises(ConfigError) as caught:
        load(TranslateSettings, {"TRANSLATE_PROVIDER": "openai", "OPENAI_MODEL__EU": "demo-model"}, "eu")
    assert [problem.rpartition("set ")[2] for problem in caught.value.problems] == ["OPENAI_BASE_URL__EU)"]


def test_what_is_left_out_names_the_variables_of_the_instance() -> None:
    settings = load(TranslateSettings, {**LIBRE, "TRANSLATE_MAX_CHARACTERS__EU": "100"}, "eu")
    _, skipped = wishes_of({"message": "가" * 101}, settings)
    assert skipped["translatedMessage"].endswith("more than TRANSLATE_MAX_CHARACTERS__EU=100")
    (check,) = source_checks("channel 1:1", {}, settings)
    assert check.what.endswith("correct TRANSLATE_FIELDS__EU")
