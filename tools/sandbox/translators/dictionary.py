"""The dictionary that the stand-ins for translators share.

What it knows it translates well. Anything else becomes `[en] ` and words of that language, the same ones each time:
readable, countable, and a translation by its length and its language, as the bridge insists.
"""

from __future__ import annotations

import re
import zlib

LANGUAGES = {"en": "English", "ko": "Korean", "ja": "Japanese", "zh": "Chinese", "de": "German", "fr": "French"}
DICTIONARY: dict[str, dict[str, str]] = {
    '결제가 안 돼요 😭 <b>plz</b> "fix"\nline 2': {
        "en": 'Payment does not work 😭 <b>plz</b> "fix"\nline 2',
        "ja": '決済ができません 😭 <b>plz</b> "fix"\nline 2',
    },
    "결제가 안 돼요": {"en": "Payment does not work", "ja": "決済ができません"},
    "결제 버튼을 누르면 앱이 멈춰요. 빨리 고쳐 주세요!": {
        "en": "The app freezes when I press the pay button. Please fix it soon!",
        "ja": "決済ボタンを押すとアプリが止まります。早く直してください!",
    },
    "로그인이 자꾸 풀려요": {"en": "I keep getting logged out", "ja": "何度もログアウトされます"},
    "다크 모드를 추가해 주세요": {"en": "Please add a dark mode", "ja": "ダークモードを追加してください"},
    "アプリがすぐに落ちます": {"en": "The app crashes right away", "ko": "앱이 바로 꺼져요"},
    "with issues 이슈": {"en": "with issues", "ja": "課題あり"},
    "원문 메시지": {"en": "Original message", "ja": "元のメッセージ"},
}

SENTENCES = {
    "en": "the app does not open when people press this button on their phone after it was changed",
    "de": "diese seite wird seit dem letzten tag auf meinem telefon nicht mehr richtig geladen und gezeigt",
    "fr": "cette page ne se charge plus sur mon téléphone depuis que vous avez changé les choses",
    "es": "esta página no se carga desde que ustedes cambiaron las cosas en mi teléfono ayer",
    "pt": "esta página não carrega mais no meu telefone desde que vocês mudaram as coisas ontem",
    "ko": "화면 버튼 누르면 앱이 자꾸 멈춰요 어제부터 다시 열어도 똑같아요 휴대폰 에서",
    "ja": "画面 ボタンを 押すと アプリが すぐに 落ちます 昨日から もう一度 開いても 同じです",
    "zh": "应用 打开 页面 按钮 之后 总是 崩溃 昨天 开始 手机 没有 反应",
}
FILLER = {language: sentence.split() for language, sentence in SENTENCES.items()}
"""Words of each language, for what the dictionary does not hold."""


def translate(text: str, target: str) -> str:
    """Deterministic and readable: the dictionary's sentence, else `[target]` and as many words of that language."""
    language = target.lower().split("-")[0]
    if not text.strip() or detect(text) == language:
        return text
    return DICTIONARY.get(text.strip(), {}).get(language) or f"[{language}] {_filled(text, language)}"


def _filled(text: str, language: str) -> str:
    """`text` with text of the language instead of its letters; digits, punctuation, emoji and blanks stay."""
    words = FILLER.get(language, FILLER["en"])
    between = "" if language in ("ja", "zh") else " "

    def replaced(found: re.Match[str]) -> str:
        run = found.group()
        step = len(run) if run.isascii() else 3
        pieces = [run[start : start + step] for start in range(0, len(run), step)]
        return between.join(words[zlib.crc32(piece.encode("utf-8", "replace")) % len(words)] for piece in pieces)

    return re.sub(r"[^\W\d_]+", replaced, text)


def detect(text: str) -> str:
    if any("\u3040" <= letter <= "\u30ff" for letter in text):
        return "ja"
    if any("\uac00" <= letter <= "\ud7a3" for letter in text):
        return "ko"
    if any("\u4e00" <= letter <= "\u9fff" for letter in text):
        return "zh"
    return "tr" if any(letter in "ğışĞİŞ" for letter in text) else "en"
