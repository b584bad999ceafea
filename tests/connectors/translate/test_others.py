"""What is particular about LibreTranslate, DeepL and Google."""

from __future__ import annotations

import logging

import pytest

from connectors.base import Failed, Retry
from connectors.translate.providers.base import ProviderTrouble
from sandbox.app import Sandbox
from sandbox.translators import KEY
from tests.connectors.translate.conftest import provider_at


def test_libretranslate_is_told_the_language_of_short_texts_in_a_batch(sandbox: Sandbox) -> None:
    """It would take a short Korean title for English beside a long English message."""
    provider = provider_at("libretranslate", sandbox.url)
    texts = ["로그인이 자꾸 풀려요", "The app logs me out again and again", "最高", "アプリがすぐに落ちます"]
    answers = provider.translate(texts, "en")
    assert answers == [
        "I keep getting logged out",
        "The app logs me out again and again",
        "[en] 最高",
        "The app crashes right away",
    ]
    # One call for Korean, one for what is left to its own detection, one for Japanese.
    assert sandbox.translate.libretranslate.calls == 3
    assert [text for _, text in sandbox.translate.libretranslate.done] == texts


def test_libretranslate_works_without_a_key(sandbox: Sandbox) -> None:
    assert sandbox.translate.libretranslate.key is None
    provider = provider_at("libretranslate", sandbox.url, key="")
    assert provider.translate(["로그인이 자꾸 풀려요"], "en") == ["I keep getting logged out"]


def test_libretranslate_asking_for_a_key_is_told_by_its_variable(sandbox: Sandbox) -> None:
    sandbox.translate.libretranslate.key = KEY
    with pytest.raises(ProviderTrouble, match="LIBRETRANSLATE_API_KEY") as caught:
        provider_at("libretranslate", sandbox.url, key="").translate(["네"], "en")
    assert isinstance(caught.value.outcome, Failed)


def test_libretranslate_closing_its_door_for_a_while_is_retried(sandbox: Sandbox) -> None:
    body = {"error": "Too many request limits violations"}
    sandbox.faults.add("status", system="libretranslate", status=403, body=body)
    with pytest.raises(ProviderTrouble) as caught:
        provider_at("libretranslate", sandbox.url).translate(["네"], "en")
    assert isinstance(caught.value.outcome, Retry)
    assert caught.value.outcome.reason == "rate_limited"


@pytest.mark.parametrize(("target", "sent"), [("en", "EN-US"), ("en-GB", "EN-GB"), ("pt", "PT-PT"), ("ja", "JA")])
def test_deepl_is_told_which_english_and_which_portuguese(sandbox: Sandbox, target: str, sent: str) -> None:
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
    assert provider_at("google", sandbox.url).translate(['A & B <b>"C"</b>'], "ja") == ['[ja] A & B <b>"C"</b>']


@pytest.mark.parametrize(
    ("reason", "kind", "outcome"),
    [
        ("userRateLimitExceeded", Retry, "rate_limited"),
        ("rateLimitExceeded", Retry, "rate_limited"),
        ("dailyLimitExceeded", Failed, "quota"),
        ("forbidden", Failed, "auth"),
    ],
)
def test_googles_403_is_told_apart_by_its_reason(
    sandbox: Sandbox, reason: str, kind: type[Retry | Failed], outcome: str
) -> None:
    body = {"error": {"code": 403, "message": "no", "errors": [{"reason": reason}]}}
    sandbox.faults.add("status", system="google", status=403, body=body)
    with pytest.raises(ProviderTrouble) as caught:
        provider_at("google", sandbox.url).translate(["네"], "en")
    assert isinstance(caught.value.outcome, kind)
    assert caught.value.outcome.reason == outcome
