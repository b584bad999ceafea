"""Stand-in for Azure AI Translator, v3."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from tools.sandbox.translators.dictionary import detect
from tools.sandbox.translators.state import Translator

REGION = "koreacentral"
CODES = ("en", "ko", "ja", "de", "fr", "es", "pt", "pt-pt", "zh-Hans", "zh-Hant", "nb", "sr-Cyrl", "sr-Latn")


def add_routes(routes: Blueprint, state: Translator) -> None:
    """https://learn.microsoft.com/azure/ai-services/translator/text-translation/reference/v3/translate"""

    def error(code: int, message: str) -> Any:
        return jsonify(error={"code": code, "message": message}), code // 1000

    @routes.post("/azure/translate")
    def azure_translate() -> Any:
        if request.args.get("api-version") != "3.0":
            return error(400021, "The API version parameter is missing or invalid.")
        if request.headers.get("Ocp-Apim-Subscription-Key") != state.key:
            return error(401000, "The request is not authorized because credentials are missing or invalid.")
        if request.headers.get("Ocp-Apim-Subscription-Region") != REGION:
            return Response(status=401)  # without a body
        given, target = request.get_json(silent=True), request.args.get("to", "")
        kind = request.args.get("textType", "plain")
        if not isinstance(given, list) or not given:
            return error(400074, "The body of the request is not valid JSON.")
        if not all(isinstance(one, dict) and list(one) == ["Text"] and isinstance(one["Text"], str) for one in given):
            return error(400072, "The body of the request contains an element without Text.")
        texts: list[str] = [one["Text"] for one in given]
        if len(texts) > 1000:
            return error(400072, "The array of text elements exceeds 1000.")
        if sum(map(len, texts)) > 50_000:
            return error(400077, "The maximum request size has been exceeded.")
        if target not in CODES:
            return error(400036, "The target language is not valid.")
        if kind not in ("plain", "html"):
            return error(400003, "The text type is not valid.")
        results = state.translate(texts, target, kind == "html", keeps='class="notranslate"')
        if results is None:
            return error(403001, "The operation is not allowed because the subscription has exceeded its free quota.")
        return jsonify(
            [
                {
                    "detectedLanguage": {"language": detect(text), "score": 1.0},
                    "translations": [{"text": result, "to": target}],
                }
                for text, result in zip(texts, results, strict=True)
            ]
        )

    @routes.get("/azure/languages")
    def azure_languages() -> Any:
        if request.args.get("api-version") != "3.0":
            return error(400021, "The API version parameter is missing or invalid.")
        return jsonify(translation={code: {"name": code, "nativeName": code, "dir": "ltr"} for code in CODES})
