"""What can be a translation, and what can't: a wrong objection loses one, so the examples that pass matter as much."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.translate.plausible import objection, repeats, unchanged

KOREAN = "결제 버튼을 누르면 앱이 멈춰요. 빨리 고쳐 주세요!"
ENGLISH = "The app freezes when I press the pay button. Please fix it soon!"
LONG_KOREAN = (
    "로그인하고 나서 설정 화면으로 이동하면 아무 반응이 없고 잠시 뒤에 앱이 저절로 꺼집니다. " * 3 + KOREAN * 2
)
LONG_ENGLISH = (
    "After logging in and going to the settings screen there is no response, and a moment later the app closes by "
    "itself. I tried it on two phones and with another account as well, and it is always the same. " + ENGLISH
)


@pytest.mark.parametrize(
    ("text", "answer", "target"),
    [
        (KOREAN, ENGLISH, "en"),
        (ENGLISH, KOREAN, "ko"),
        (ENGLISH, "決済ボタンを押すとアプリが止まります。早く直してください!", "ja"),
        (ENGLISH, "按支付按钮时应用程序会卡住。请尽快修复!", "zh-Hans"),
        ("네", "Yes, it is", "en"),
        ("ㅋㅋㅋ", "LOL", "en"),
        ("ㅋ" * 500, "ha" * 500, "en"),
        ("ㅋ" * 5000, "Hahaha", "en"),
        ("로그인", "login", "en"),
        ("The Galaxy S24 Ultra", "Galaxy S24 Ultra", "ko"),
        ("good app", "good app", "en"),
        ("iPhone 15 Pro Max", "iPhone 15 Pro Max", "ko"),
        ("🇰🇷🇰🇷 좋아요 👍👍", "🇰🇷🇰🇷 Good 👍👍", "en"),
        ("Não consigo entrar na minha conta desde a última atualização do aplicativo", "x" * 40, "en"),
        (LONG_KOREAN, LONG_ENGLISH, "en"),
        ("貴社のアプリ", "Your company's app", "en-US"),
        ("El pago no funciona desde ayer por la tarde", "O pagamento não funciona desde ontem à tarde", "pt-BR"),
        (
            "Aplikasi selalu keluar sendiri setelah pembaruan",
            "Aplikasi sentiasa keluar sendiri selepas kemas kini",
            "ms",
        ),
        # Indonesian that the detector takes for Malay.
        (
            "and their obligations and in every criminal charge that",
            "dan kewajiban-kewajibannya serta dalam setiap tuntutan pidana yang",
            "id",
        ),
        ("로그인이 안 돼요 " * 40, "I can't log in " * 40, "en"),
        ("@support https://example.com/x 안 돼요", "@support https://example.com/x does not work", "en"),
        ("화면에 '저장하지 못했습니다'라고 나와요", "The screen shows '저장하지 못했습니다'", "en"),
    ],
)
def test_a_translation_is_accepted(text: str, answer: str, target: str) -> None:
    assert objection(text, answer, target) == ""


@pytest.mark.parametrize(
    ("text", "answer", "target", "expected"),
    [
        (KOREAN, "", "en", "empty"),
        (KOREAN, " \n", "en", "empty"),
        (KOREAN, "\u3164\u200b", "en", "empty"),
        (KOREAN, "app " * 3000, "en", "far longer"),
        ("네", "The user agrees. " * 10, "en", "far longer"),
        (LONG_KOREAN, "app " * 200, "en", "repeats itself"),
        (LONG_KOREAN, LONG_ENGLISH + " and then it crashes" * 40, "en", "repeats itself"),
        (LONG_KOREAN, "The app", "en", "far shorter"),
        (KOREAN, KOREAN, "en", "untranslated"),
        (KOREAN, KOREAN.replace(" ", "  "), "ja", "untranslated"),
        ("Ich kann mich seit dem letzten Update nicht mehr bei meinem Konto anmelden", "죄송합니다", "en", "not in en"),
        (KOREAN, "申し訳ありませんが、翻訳できません", "en", "not in en"),
        (KOREAN, "Die App friert ein, wenn ich auf den Knopf zum Bezahlen drücke. Bitte beheben!", "en", "not in en"),
        (ENGLISH, "I am sorry, I can not do it for you", "ko", "not in ko"),
    ],
)
def test_what_can_not_be_a_translation_is_named(text: str, answer: str, target: str, expected: str) -> None:
    assert expected in objection(text, answer, target)


def test_one_word_three_thousand_times_is_refused_whatever_the_text() -> None:
    assert repeats("word " * 3000)
    assert not repeats(LONG_ENGLISH)
    assert not repeats("short short short")


def test_a_text_is_unchanged_whatever_its_blanks_and_capitals() -> None:
    assert unchanged("Good  App\n", "good app")
    assert not unchanged("good app", "good apps")


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300), st.sampled_from(["en", "ko", "ja", "zh", "pt-BR"]))
def test_any_answer_is_judged(text: str, answer: str, target: str) -> None:
    assert isinstance(objection(text, answer, target), str)
