"""Stand-in for LibreTranslate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify

from tools.sandbox.translators.dictionary import LANGUAGES, detect
from tools.sandbox.translators.state import Translator, posted


def add_routes(routes: Blueprint, state: Translator) -> None:
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
        values = posted()
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
        results = state.translate(texts, target, kind == "html")
        if results is None:
            return jsonify(error="Slowdown: too many requests"), 429
        answer: dict[str, Any] = {"translatedText": results if many else results[0]}
        if source == "auto":
            answer["detectedLanguage"] = found if many else found[0]
        return answer

    @routes.post("/libretranslate/detect")
    def libre_detect() -> Any:
        values = posted()
        return refusal(values, ("q",)) or jsonify([{"confidence": 90.0, "language": detect(str(values["q"]))}])

    @routes.get("/libretranslate/languages")
    def libre_languages() -> Any:
        known = sorted(state.languages)
        return jsonify([{"code": code, "name": LANGUAGES.get(code, code), "targets": known} for code in known])

    @routes.get("/libretranslate/frontend/settings")
    def libre_settings() -> Any:
        return jsonify(charLimit=state.char_limit, apiKeys=state.key is not None, keyRequired=state.key is not None)
