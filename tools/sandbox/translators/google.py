"""Stand-in for Google Cloud Translation, v2 (Basic)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request

from tools.sandbox.translators.dictionary import detect
from tools.sandbox.translators.state import Translator, posted


def add_routes(routes: Blueprint, state: Translator) -> None:
    """https://cloud.google.com/translate/docs/reference/rest/v2/translate"""

    def known() -> set[str]:
        return state.languages | ({"zh-CN", "zh-TW"} if "zh" in state.languages else set())

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
        values = {**request.args.to_dict(), **posted()}
        target, given = str(values.get("target", "")), values.get("q")
        texts = given if isinstance(given, list) else request.form.getlist("q") or ([given] if given else [])
        if not texts:
            return error(400, "required", "Required Text")
        if len(texts) > 128:
            return error(400, "invalid", "Too many text segments")
        if len(request.get_data(cache=True)) > 100_000:
            return error(400, "invalid", "Request payload size exceeds the limit")
        if target not in known():
            return error(400, "invalid", "Invalid Value")
        # Without format=text the texts are HTML, and so are the answers.
        results = state.translate(texts, target, values.get("format") != "text")
        if results is None:
            return error(403, "dailyLimitExceeded", "Daily Limit Exceeded")
        answers = [
            {"translatedText": result, "detectedSourceLanguage": detect(text)}
            for text, result in zip(texts, results, strict=True)
        ]
        return jsonify(data={"translations": answers})

    @routes.get("/google/language/translate/v2/languages")
    def google_languages() -> Any:
        return refusal() or jsonify(data={"languages": [{"language": code} for code in sorted(known())]})
