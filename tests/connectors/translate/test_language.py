"""What language a text is in: only what is sure counts, and doubt means "translate"."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.translate.language import base, has_words, is_in, language_of

NO_WORDS = [
    "👍",
    "😭😭😭",
    "ok",
    "OK!",
    "Ok 👌",
    "ok ok",
    "5/5",
    "...",
    "",
    "   \n",
    "12345",
    "@support #bug",
    "₩10,000",
    "\u3164\u3164",  # HANGUL FILLER: a letter by its category, and nothing to see
    "\u115f\u1160 \u200b",
    "①②③",
    "\u2800\ufe0f",
    "ｏｋ",
]
ADDRESSES = ["https://example.com/a?b=c", "www.example.com", "a.b+c@mail.example.com"]


@pytest.mark.parametrize("text", NO_WORDS + ADDRESSES)
def test_without_words_there_is_nothing_to_translate(text: str) -> None:
    assert not has_words(text)


@pytest.mark.parametrize("text", ["no", "좋아요", "👍 굿", "見て https://example.com", "ㅠㅠ", "okay?? not okay"])
def test_any_word_is_worth_translating(text: str) -> None:
    assert has_words(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("결제가 안 돼요 😭", "ko"),
        ("결제", "ko"),
        ("Galaxy S24에서 결제가 안 됩니다", "ko"),
        ("アプリがすぐに落ちます", "ja"),
        ("決済ができません", "ja"),
        ("ｱﾌﾟﾘが落ちる", "ja"),
        ("ล็อกอินไม่ได้", "th"),
        ("Δεν λειτουργεί", "el"),
        ("应用程序在打开设置页面时崩溃", "zh"),
        ("你們的軟體更新之後沒辦法登入帳號", "zh"),
        ("Приложение вылетает после последнего обновления", "ru"),
        ("Не можу увійти в обліковий запис", "uk"),
        ("The app crashes when I open the settings page", "en"),
        ("Ich kann mich nicht anmelden", "de"),
        ("Le paiement a échoué deux fois", "fr"),
        ("Không đăng nhập được", "vi"),
        ("التطبيق يتعطل عند الفتح", "ar"),
        ("THE APP CRASHES WHEN I OPEN THE SETTINGS PAGE", "en"),
    ],
)
def test_a_language_that_can_be_recognised_is_reported(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "good app",  # short
        "why is it so",  # nine letters
        "was ist das so",
        "Perfekt",
        "最高",  # Han alone: Chinese or Japanese
        "不具合多数、改善希望",
        "検索結果表示不正確、改善要望",
        "wo bu neng deng lu wo de zhang hu",  # transcribed Chinese
        "kakaotalk login error",  # names
        "Galaxy S24 Ultra Android 15",
        "jinjja joayo",  # romanised Korean
        "Version Android incompatible",  # French, Spanish, English?
        "This app 최고",  # half and half
        "The pay button says 결제 오류 and nothing else happens",  # an English sentence about a Korean one
        "👍",
        "",
    ],
)
def test_doubt_is_no_language(text: str) -> None:
    assert language_of(text) is None


def test_regions_of_a_language_are_the_same_language() -> None:
    text = "The app crashes when I open the settings page"
    assert is_in(text, "en")
    assert is_in(text, "en-US")
    assert is_in(text, "EN-GB")
    assert not is_in(text, "ja")
    assert base("pt-BR") == base("pt_PT") == "pt"


def test_addresses_in_a_text_do_not_decide_its_language() -> None:
    assert language_of("결제 오류 https://www.example.com/the/long/address/in/english?with=words") == "ko"


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_has_an_answer(text: str) -> None:
    language = language_of(text)
    assert language is None or (language.isascii() and language.islower())
    if not has_words(text):
        assert not is_in(text, "ko")


def test_many_threads_may_ask_first_at_once() -> None:
    texts = ["The app crashes when I open the settings page", "Ich kann mich nicht anmelden"] * 8
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(language_of, texts)) == ["en", "de"] * 8


def test_the_web_process_reads_the_connector_without_its_libraries() -> None:
    """Every process reads its settings and default events; detector and clients load where they are used."""
    program = (
        "import sys, connectors.translate, connectors.translate.connector; "
        "print([name for name in ('deepl', 'gcld3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_language_of_a_long_text_is_that_of_all_of_it() -> None:
    """Its start, middle and end are looked at."""
    english = "The app crashes when I open the settings page. " * 400
    korean = "설정 화면을 열면 앱이 멈춥니다. " * 400
    assert language_of(english) == "en"
    assert language_of(english + korean) is None
    assert language_of(korean + english) is None


def test_words_are_found_however_late_they_come() -> None:
    assert has_words("👍" * 50_000 + " 좋아요")
    assert not has_words("👍" * 50_000)


@pytest.mark.parametrize("half", ["The app crashes \ud83d when I open the settings page", "\ud83d\udead" * 20])
def test_half_a_character_breaks_nothing(half: str) -> None:
    language_of(half)
    has_words(half)


@pytest.mark.parametrize(
    ("code", "same"), [("nb-NO", "no"), ("zh-Hant", "zh"), ("fil", "tl"), ("pt_BR", "pt"), ("iw", "he")]
)
def test_codes_of_one_language_have_one_base(code: str, same: str) -> None:
    assert base(code) == same
