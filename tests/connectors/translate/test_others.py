"""What is particular about LibreTranslate, DeepL and Google."""

from __future__ import annotations

import logging

import pytest

from bridge.environment import ConfigError
from bridge.settings import load
from connectors.base import Failed, Retry
from connectors.translate.providers import build_provider
from connectors.translate.providers.base import Provider, ProviderError
from connectors.translate.settings import TranslateSettings
from tests.connectors.translate.conftest import environment, provider_at
from tools.sandbox.app import Sandbox
from tools.sandbox.translators import KEY, translate


def test_libretranslate_detects_the_language_of_each_text_by_itself(sandbox: Sandbox) -> None:
    """In a batch it would take a short Korean title for English beside a long English message."""
    provider = provider_at("libretranslate", sandbox.url)
    texts = ["로그인이 자꾸 풀려요", "The app logs me out again and again", "最高", "アプリがすぐに落ちます"]
    answers = provider.translate(texts, "en")
    assert answers == [
        "I keep getting logged out",
        "The app logs me out again and again",
        translate("最高", "en"),
        "The app crashes right away",
    ]
    assert [text for _, text in sandbox.translate.libretranslate.done] == texts


def test_libretranslate_works_without_a_key(sandbox: Sandbox) -> None:
    assert sandbox.translate.libretranslate.key is None
    provider = provider_at("libretranslate", sandbox.url, key="")
    assert provider.translate(["로그인이 자꾸 풀려요"], "en") == ["I keep getting logged out"]


def test_libretranslate_asking_for_a_key_is_reported_by_its_variable(sandbox: Sandbox) -> None:
    sandbox.translate.libretranslate.key = KEY
    with pytest.raises(ProviderError, match="LIBRETRANSLATE_API_KEY") as caught:
        provider_at("libretranslate", sandbox.url, key="").translate(["네"], "en")
    assert isinstance(caught.value.outcome, Failed)


def test_libretranslate_closing_its_door_for_a_while_is_retried(sandbox: Sandbox) -> None:
    body = {"error": "Too many request limits violations"}
    sandbox.faults.add("status", system="libretranslate", method="POST", status=403, body=body)
    with pytest.raises(ProviderError) as caught:
        provider_at("libretranslate", sandbox.url).translate(["네"], "en")
    assert isinstance(caught.value.outcome, Retry)
    assert caught.value.outcome.reason == "rate_limited"


def deepl_with(sandbox: Sandbox, **variables: str) -> Provider:
    return build_provider(load(TranslateSettings, environment("deepl", sandbox.url) | variables))


@pytest.mark.parametrize(
    ("formality", "target", "sent"),
    [
        ("more", "ja", "more"),
        ("less", "pt", "less"),
        ("prefer_more", "en", "prefer_more"),
        ("default", "ko", "default"),
    ],
)
def test_deepl_is_asked_for_a_formality(sandbox: Sandbox, formality: str, target: str, sent: str) -> None:
    provider = deepl_with(sandbox, DEEPL_FORMALITY=formality, TRANSLATE_TARGET=target)
    provider.translate(["잘 되네요"], "ja" if target == "ko" else target)
    assert sandbox.translate.deepl.formalities == [sent]


def test_a_formality_that_a_target_does_not_have_is_an_error_at_the_start() -> None:
    environ = {
        "TRANSLATE_PROVIDER": "deepl",
        "DEEPL_AUTH_KEY": "k",
        "DEEPL_FORMALITY": "more",
        "TRANSLATE_TARGET": "en",
    }
    with pytest.raises(ConfigError) as caught:
        load(TranslateSettings, environ)
    assert caught.value.problems == [
        "DEEPL_FORMALITY: DeepL has no formality in en (TRANSLATE_TARGET); 'prefer_more' is ignored where there is none"
    ]
    assert load(TranslateSettings, {**environ, "TRANSLATE_TARGET": "de"})


def test_deepl_uses_its_glossary_for_texts_in_its_language(sandbox: Sandbox) -> None:
    """DeepL takes a glossary only with the language of the text, and a glossary is of a pair."""
    provider = deepl_with(sandbox, DEEPL_GLOSSARY_ID="demo-glossary")
    assert provider.limits().texts == 1
    assert provider.translate(["로그인이 자꾸 풀려요"], "en") == ["I keep getting logged out"]
    provider.translate(["アプリがすぐに落ちます"], "en")
    provider.translate(["로그인이 자꾸 풀려요"], "ja")
    assert sandbox.translate.deepl.formalities == ["default demo-glossary", "default", "default"]


def test_the_check_asks_for_the_languages_of_the_glossary(sandbox: Sandbox) -> None:
    lines = list(deepl_with(sandbox, DEEPL_GLOSSARY_ID="demo-glossary").check(["en", "ja"]))
    assert [(line.ok, line.what) for line in lines if "glossary" in line.what] == [
        (True, "The glossary of DEEPL_GLOSSARY_ID has terms for en"),
        (False, "The glossary of DEEPL_GLOSSARY_ID has no terms (it has them for en) for ja"),
    ]


def test_a_glossary_that_does_not_exist_is_named_by_its_variable(sandbox: Sandbox) -> None:
    with pytest.raises(ProviderError, match="there is no such glossary; check DEEPL_GLOSSARY_ID") as caught:
        deepl_with(sandbox, DEEPL_GLOSSARY_ID="another").translate(["로그인이 자꾸 풀려요"], "en")
    assert caught.value.outcome.reason == "config"


@pytest.mark.parametrize(("target", "sent"), [("en", "EN-US"), ("en-GB", "EN-GB"), ("pt", "PT-PT"), ("ja", "JA")])
def test_deepl_is_asked_for_the_right_english_and_portuguese(sandbox: Sandbox, target: str, sent: str) -> None:
    provider_at("deepl", sandbox.url).translate(["네"], target)
    assert sandbox.translate.deepl.done == [(sent, "네")]


def test_deepls_library_does_not_log_the_users_texts(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        provider_at("deepl", sandbox.url).translate(["비밀 이야기"], "en")
    assert "비밀" not in caplog.text


def test_deepls_used_up_quota_fails_the_check(sandbox: Sandbox) -> None:
    sandbox.translate.deepl.characters, sandbox.translate.deepl.quota = 500_000, 0
    first = next(iter(provider_at("deepl", sandbox.url).check(["en"])))
    assert not first.ok
    assert "quota" in first.what


def test_googles_answers_are_text_not_html(sandbox: Sandbox) -> None:
    texts = ["A & B", 'A & B <b>"C"</b>']
    plain, marked = (provider_at("google", sandbox.url).translate([text], "ja")[0] for text in texts)
    assert plain == translate("A & B", "ja")
    assert marked.endswith('"</b>')
    assert " & " in marked


@pytest.mark.parametrize(
    ("reason", "kind", "outcome"),
    [
        ("userRateLimitExceeded", Retry, "rate_limited"),
        ("rateLimitExceeded", Retry, "rate_limited"),
        ("dailyLimitExceeded", Failed, "quota"),
        ("quotaExceeded", Failed, "quota"),
        ("BILLING_DISABLED", Failed, "quota"),
        ("accessNotConfigured", Failed, "config"),
        ("SERVICE_DISABLED", Failed, "config"),
        ("API_KEY_IP_ADDRESS_BLOCKED", Failed, "auth"),
        ("LOCATION_POLICY_VIOLATED", Failed, "config"),
        ("forbidden", Failed, "auth"),
    ],
)
def test_googles_403_is_distinguished_by_its_reason(
    sandbox: Sandbox, reason: str, kind: type[Retry | Failed], outcome: str
) -> None:
    """In either of the forms in which Google sends it."""
    for form in ({"errors": [{"reason": reason}]}, {"details": [{"@type": "…ErrorInfo", "reason": reason}]}):
        body = {"error": {"code": 403, "message": "no", **form}}
        sandbox.faults.add("status", system="google", method="POST", status=403, body=body)
        with pytest.raises(ProviderError) as caught:
            provider_at("google", sandbox.url).translate(["네"], "en")
        assert isinstance(caught.value.outcome, kind)
        assert caught.value.outcome.reason == outcome
        assert reason in caught.value.outcome.why or outcome == "quota"


@pytest.mark.parametrize(
    ("message", "reason", "expected"),
    [
        ("Authorization failed. Please supply a valid DeepL-Auth-Key via the Authorization header.", "auth", "KEY"),
        ("Wrong endpoint. Use https://api-free.deepl.com", "config", "DEEPL_SERVER_URL"),
        ("Your subscription has been cancelled.", "quota", "subscription"),
        ("Not available in your region", "config", "region"),
    ],
)
def test_deepls_403_is_distinguished_by_its_message(sandbox: Sandbox, message: str, reason: str, expected: str) -> None:
    sandbox.faults.add("status", system="deepl", status=403, body={"message": message})
    with pytest.raises(ProviderError, match=expected) as caught:
        provider_at("deepl", sandbox.url).translate(["네"], "en")
    assert caught.value.outcome.reason == reason
    assert message not in str(caught.value)


@pytest.mark.parametrize("message", ["tr is not supported", "{'confidence': 76.0, 'language': 'tr'} is not supported"])
def test_libretranslate_lacking_a_language_names_it(sandbox: Sandbox, message: str) -> None:
    sandbox.faults.add("status", system="libretranslate", method="POST", status=400, body={"error": message})
    with pytest.raises(ProviderError, match=r"\(tr\)") as caught:
        provider_at("libretranslate", sandbox.url).translate(["Merhaba"], "en")
    assert caught.value.outcome == Failed(caught.value.outcome.why, "client_error")
    assert caught.value.about_text


def test_libretranslate_lacking_a_pair_is_not_taken_for_broken(sandbox: Sandbox) -> None:
    """It answers 500: its own error handler turns the refusal into one."""
    message = "Cannot translate text: 400 Bad Request: Korean (ko) is not available as a target language from Thai (th)"
    sandbox.faults.add("status", system="libretranslate", method="POST", status=500, body={"error": message})
    with pytest.raises(ProviderError, match=r"\(ko, th\)") as caught:
        provider_at("libretranslate", sandbox.url).translate(["สวัสดี"], "ko")
    assert isinstance(caught.value.outcome, Failed)


@pytest.mark.parametrize(("limit", "expected"), [(-1, 2000), (500, 500), (5000, 2000), (True, 2000), ("9", 2000)])
def test_libretranslate_is_asked_for_its_limit(sandbox: Sandbox, limit: object, expected: int) -> None:
    sandbox.translate.libretranslate.char_limit = limit  # type: ignore[assignment]
    assert provider_at("libretranslate", sandbox.url).limits().characters == expected


def test_libretranslate_is_asked_for_its_limit_again_after_it_refused(sandbox: Sandbox) -> None:
    provider = provider_at("libretranslate", sandbox.url)
    assert provider.limits().characters == 2000
    sandbox.translate.libretranslate.char_limit = 60
    with pytest.raises(ProviderError) as caught:
        provider.translate(["결제" * 40], "en")
    assert caught.value.smaller
    assert provider.limits().characters == 60


def test_libretranslate_that_is_away_is_asked_nothing_more() -> None:
    """Its settings, its languages and the text would each wait for a connection."""
    with pytest.raises(ProviderError) as caught:
        provider_at("libretranslate", "http://127.0.0.1:9").limits()
    assert caught.value.outcome.reason == "network"


def test_libretranslate_learns_the_language_where_the_script_shows_it(sandbox: Sandbox) -> None:
    """Its own detection takes the nearest of the languages that it has."""
    provider = provider_at("libretranslate", sandbox.url)
    provider.translate(["결제", "Bezahlen", "落ちます"], "en")
    assert sandbox.translate.libretranslate.sources == ["ko", "auto", "ja"]


def test_libretranslate_that_does_not_answer_about_itself_is_used_all_the_same(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="libretranslate", method="GET", status=404, times=9)
    provider = provider_at("libretranslate", sandbox.url)
    assert provider.limits().characters == 2000
    assert provider.translate(["로그인이 자꾸 풀려요"], "en") == ["I keep getting logged out"]


def test_libretranslate_that_wants_a_key_fails_the_check(sandbox: Sandbox) -> None:
    sandbox.translate.libretranslate.key = KEY
    bad = [check for check in provider_at("libretranslate", sandbox.url, key="").check(["en"]) if not check.ok]
    assert [check.what for check in bad] == ["LibreTranslate wants a key: set LIBRETRANSLATE_API_KEY"]


def test_a_request_counts_for_the_rate_by_what_it_costs(sandbox: Sandbox) -> None:
    """DeepL and Google bill characters: a large request counts for several."""
    many = ["가" * 5000, "가" * 4999]
    assert provider_at("google", sandbox.url).limits().turns(["가" * 5000]) == 1
    assert provider_at("deepl", sandbox.url).limits().turns(many) == 2
    assert provider_at("libretranslate", sandbox.url).limits().turns(["가" * 2000]) == 1
    assert provider_at("openai", sandbox.url).limits().turns(["가"]) == 1
