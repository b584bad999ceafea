"""Translators: LibreTranslate, DeepL v2, Google v2 and an OpenAI-compatible server, with one little dictionary.

What it knows it translates well. Anything else becomes `[en] ` and words of that language, the same ones each time:
readable, countable, and a translation by its length and its language, as the bridge insists.
"""

from __future__ import annotations

import html
import json
import re
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, jsonify, request

KEY = "demo-translate-key"
LANGUAGES = {"en": "English", "ko": "Korean", "ja": "Japanese", "zh": "Chinese", "de": "German", "fr": "French"}
DEEPL_TARGETS = ("EN-US", "EN-GB", "EN", "KO", "JA", "ZH", "ZH-HANS", "ZH-HANT", "DE", "FR", "ES", "PT-BR", "PT-PT")
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


@dataclass
class Translator:
    """State of one provider. `quota`: characters left, None without end; `languages`: the ones it knows;
    `char_limit`: as LibreTranslate is started with it; `temperature`: whether the model takes one."""

    key: str | None = KEY
    quota: int | None = None
    languages: set[str] = field(default_factory=lambda: set(LANGUAGES))
    char_limit: int = -1
    temperature: bool = True
    calls: int = 0
    characters: int = 0
    done: list[tuple[str, str]] = field(default_factory=list)
    """Target language and text of every translation."""
    sources: list[str] = field(default_factory=list)
    """The source language that each request to LibreTranslate named."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def spend(self, texts: list[str], target: str) -> bool:
        """Counts a call; False when the quota does not cover it."""
        size = sum(len(text) for text in texts)
        with self.lock:
            if self.quota is not None and self.quota < size:
                return False
            if self.quota is not None:
                self.quota -= size
            self.calls += 1
            self.characters += size
            self.done += [(target, text) for text in texts]
        return True


@dataclass
class Translators:
    """`libretranslate.key` None: no key is asked for, as a self-hosted one does."""

    libretranslate: Translator = field(default_factory=lambda: Translator(key=None))
    deepl: Translator = field(default_factory=Translator)
    google: Translator = field(default_factory=Translator)
    openai: Translator = field(default_factory=Translator)

    def all(self) -> dict[str, Translator]:
        return {name: getattr(self, name) for name in ("libretranslate", "deepl", "google", "openai")}

    @property
    def calls(self) -> int:
        return sum(translator.calls for translator in self.all().values())


def translate(text: str, target: str) -> str:
    """Deterministic and readable: the dictionary's sentence, else `[target]` and as many words of that language."""
    language = target.lower().split("-")[0]
    if not text.strip() or detect(text) == language:
        return text
    return DICTIONARY.get(text.strip(), {}).get(language) or f"[{language}] {_filled(text, language)}"


def _filled(text: str, language: str) -> str:
    """`text` with words of the language in place of its letters; digits, marks, emoji and blanks stay."""
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


def blueprint(translators: Translators) -> Blueprint:
    """All routes; each provider below a path of its own."""
    routes = Blueprint("translators", __name__)
    _libretranslate(routes, translators.libretranslate)
    _deepl(routes, translators.deepl)
    _google(routes, translators.google)
    _openai(routes, translators.openai)
    return routes


def _values() -> dict[str, Any]:
    given = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    return given if isinstance(given, dict) else {}


def _libretranslate(routes: Blueprint, state: Translator) -> None:
    """https://docs.libretranslate.com/api/operations/translate/"""

    def refusal(values: Mapping[str, Any], needed: tuple[str, ...]) -> tuple[Response, int] | None:
        for name in needed:
            if not values.get(name) and values.get(name) != "":
                return jsonify(error=f"Invalid request: missing {name} parameter"), 400
        if state.key is not None and not values.get("api_key"):
            return jsonify(error="Please contact the server operator to get an API key"), 400
        if state.key is not None and values["api_key"] != state.key:
            return jsonify(error="Invalid API key"), 403
        return None

    @routes.post("/libretranslate/translate")
    def libre_translate() -> Any:
        values = _values()
        refused = refusal(values, ("q", "source", "target"))
        if refused:
            return refused
        source, target, kind = values["source"], values["target"], values.get("format") or "text"
        many = isinstance(values["q"], list)
        texts = [str(text) for text in values["q"]] if many else [str(values["q"])]
        size = sum(map(len, texts))
        if 0 <= state.char_limit < size:
            return jsonify(error=f"Invalid request: request ({size}) exceeds text limit ({state.char_limit})"), 400
        # Of texts up to 40 characters it detects the language of all of them together.
        together = detect("\n".join(texts))
        found = [{"confidence": 90.0, "language": detect(text) if len(text) > 40 else together} for text in texts]
        for language in [str(one["language"]) for one in found] if source == "auto" else [source]:
            if language not in state.languages:
                named = f"{{'confidence': 90.0, 'language': '{language}'}}" if source == "auto" else language
                return jsonify(error=f"{named} is not supported"), 400
        if target not in state.languages:
            return jsonify(error=f"{target} is not supported"), 400
        if kind not in ("text", "html"):
            return jsonify(error=f"{kind} format is not supported"), 400
        with state.lock:
            state.sources.append(source)
        if not state.spend(texts, target):
            return jsonify(error="Slowdown: too many requests"), 429
        results = [translate(text, target) for text in texts]
        answer: dict[str, Any] = {"translatedText": results if many else results[0]}
        if source == "auto":
            answer["detectedLanguage"] = found if many else found[0]
        return answer

    @routes.post("/libretranslate/detect")
    def libre_detect() -> Any:
        values = _values()
        return refusal(values, ("q",)) or jsonify([{"confidence": 90.0, "language": detect(str(values["q"]))}])

    @routes.get("/libretranslate/languages")
    def libre_languages() -> Any:
        known = sorted(state.languages)
        return jsonify([{"code": code, "name": LANGUAGES.get(code, code), "targets": known} for code in known])

    @routes.get("/libretranslate/frontend/settings")
    def libre_settings() -> Any:
        return jsonify(charLimit=state.char_limit, apiKeys=state.key is not None, keyRequired=state.key is not None)


def _deepl(routes: Blueprint, state: Translator) -> None:
    """https://developers.deepl.com/api-reference/translate"""

    def refusal() -> tuple[Response, int] | None:
        if request.headers.get("Authorization") != f"DeepL-Auth-Key {state.key}":
            return jsonify(message="Invalid auth key."), 403
        return None

    @routes.post("/deepl/v2/translate")
    def deepl_translate() -> Any:
        values = _values()
        refused = refusal()
        if refused:
            return refused
        texts, target = values.get("text"), str(values.get("target_lang", "")).upper()
        texts = request.form.getlist("text") if not request.is_json else texts
        if not isinstance(texts, list) or not texts:
            return jsonify(message="Bad request. Reason: Parameter 'text' not specified."), 400
        if len(texts) > 50:
            return jsonify(message="Bad request. Reason: Too many texts."), 400
        if len(request.get_data(cache=True)) > 128 * 1024:
            return jsonify(message="Request Entity Too Large"), 413
        if target not in DEEPL_TARGETS:
            return jsonify(message="Value for 'target_lang' not supported."), 400
        if not state.spend(texts, target):
            return jsonify(message="Quota Exceeded"), 456
        answers = [
            {
                "detected_source_language": detect(text).upper(),
                "text": translate(text, target),
                "billed_characters": len(text),
            }
            for text in texts
        ]
        return jsonify(translations=answers)

    @routes.get("/deepl/v2/usage")
    def deepl_usage() -> Any:
        limit = 500_000 if state.quota is None else state.characters + state.quota
        return refusal() or jsonify(character_count=state.characters, character_limit=limit)

    @routes.get("/deepl/v2/languages")
    def deepl_languages() -> Any:
        return refusal() or jsonify([{"language": code, "name": code} for code in DEEPL_TARGETS])


def _google(routes: Blueprint, state: Translator) -> None:
    """https://cloud.google.com/translate/docs/reference/rest/v2/translate"""

    def error(status: int, reason: str, message: str) -> Any:
        details = [{"message": message, "domain": "global", "reason": reason}]
        return jsonify(error={"code": status, "message": message, "errors": details}), status

    def refusal() -> Any:
        key = request.args.get("key") or request.headers.get("X-goog-api-key")
        if not key:
            return error(403, "forbidden", "The request is missing a valid API key.")
        if key != state.key:
            return error(400, "badRequest", "API key not valid. Please pass a valid API key.")
        return None

    @routes.post("/google/language/translate/v2")
    def google_translate() -> Any:
        refused = refusal()
        if refused:
            return refused
        values = {**request.args.to_dict(), **_values()}
        target, given = str(values.get("target", "")), values.get("q")
        texts = given if isinstance(given, list) else request.form.getlist("q") or ([given] if given else [])
        if not texts:
            return error(400, "required", "Required Text")
        if len(texts) > 128:
            return error(400, "invalid", "Too many text segments")
        if len(request.get_data(cache=True)) > 100_000:
            return error(400, "invalid", "Request payload size exceeds the limit")
        if target not in state.languages:
            return error(400, "invalid", "Invalid Value")
        if not state.spend(texts, target):
            return error(403, "dailyLimitExceeded", "Daily Limit Exceeded")
        # Without format=text the texts are HTML, and so are the answers.
        escape = values.get("format") != "text"
        results = [translate(text, target) for text in texts]
        answers = [
            {"translatedText": html.escape(result) if escape else result, "detectedSourceLanguage": detect(text)}
            for text, result in zip(texts, results, strict=True)
        ]
        return jsonify(data={"translations": answers})

    @routes.get("/google/language/translate/v2/languages")
    def google_languages() -> Any:
        return refusal() or jsonify(data={"languages": [{"language": code} for code in sorted(state.languages)]})


def _openai(routes: Blueprint, state: Translator) -> None:
    """https://platform.openai.com/docs/api-reference/chat"""

    def error(status: int, kind: str, code: str | None, message: str) -> Any:
        return jsonify(error={"message": message, "type": kind, "param": None, "code": code}), status

    def refusal() -> Any:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            return error(401, "invalid_request_error", None, "You didn't provide an API key.")
        if token != state.key:
            return error(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.")
        return None

    @routes.get("/openai/v1/models")
    def openai_models() -> Any:
        return refusal() or jsonify(object="list", data=[{"id": "demo-model", "object": "model", "owned_by": "demo"}])

    @routes.post("/openai/v1/chat/completions")
    def openai_chat() -> Any:
        refused = refusal()
        if refused:
            return refused
        values = _values()
        messages = values.get("messages")
        if not values.get("model"):
            return error(400, "invalid_request_error", None, "you must provide a model parameter")
        if not isinstance(messages, list) or not messages:
            return error(400, "invalid_request_error", None, "'messages' is a required property")
        if "temperature" in values and not state.temperature:
            body = error(400, "invalid_request_error", "unsupported_value", "Unsupported value: 'temperature'")
            return jsonify(error={**body[0].get_json()["error"], "param": "temperature"}), 400
        text = _asked_text(next((str(m.get("content", "")) for m in reversed(messages) if m.get("role") == "user"), ""))
        target = _asked_language(" ".join(str(m.get("content", "")) for m in messages if m.get("role") != "user"))
        if not state.spend([text], target):
            return error(429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota.")
        message = {"role": "assistant", "content": translate(text, target), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": len(text), "completion_tokens": len(text), "total_tokens": 2 * len(text)}
        head = {"id": f"chatcmpl-{state.calls}", "object": "chat.completion", "created": 0, "model": values["model"]}
        return jsonify({**head, "choices": [choice], "usage": usage})


def _asked_text(content: str) -> str:
    """The text of a user's message: the message itself, or what `{"text": …}` holds, as a model would understand it."""
    try:
        given = json.loads(content)
    except ValueError:
        return content
    return str(given["text"]) if isinstance(given, dict) and list(given) == ["text"] else content


def _asked_language(instructions: str) -> str:
    """The language that the system message names last, by name or code; English when it names none."""
    words = instructions.replace(",", " ").replace(".", " ").replace('"', " ").split()
    codes = {**{name.lower(): code for code, name in LANGUAGES.items()}, **{code: code for code in LANGUAGES}}
    named = [codes[word.strip("():;'`").lower()] for word in words if word.strip("():;'`").lower() in codes]
    return named[-1] if named else "en"
