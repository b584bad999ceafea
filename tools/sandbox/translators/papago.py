"""Stand-in for Papago Translation of NAVER Cloud Platform."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request

from tools.sandbox.translators.dictionary import detect, translate
from tools.sandbox.translators.markup import translate_html
from tools.sandbox.translators.state import Translator, posted

CLIENT_ID = "demo-papago-client"
LANGUAGES = {"ko", "en", "ja", "zh-CN", "zh-TW", "vi", "th", "id", "fr", "es", "ru", "de", "it"}
WITH = {
    "ko": LANGUAGES - {"ko"},
    "en": LANGUAGES - {"en", "it"},
    "ja": {"ko", "en", "zh-CN", "zh-TW", "vi", "th", "id", "fr"},
    "zh-CN": {"ko", "en", "ja", "zh-TW"},
}


def add_routes(routes: Blueprint, state: Translator) -> None:
    """https://api.ncloud-docs.com/docs/en/ai-naver-papagonmt"""

    def gateway(status: int, code: str, message: str) -> Any:
        return jsonify(error={"errorCode": code, "message": message, "details": message}), status

    def service(status: int, code: str, message: str) -> Any:
        return jsonify(errorCode=code, errorMessage=message), status

    @routes.post("/papago/nmt/v1/translation")
    def papago_translate() -> Any:
        keys = (request.headers.get("x-ncp-apigw-api-key-id"), request.headers.get("x-ncp-apigw-api-key"))
        if keys != (CLIENT_ID, state.key):
            return gateway(401, "200", "Authentication Failed")
        if not (request.is_json or request.mimetype == "application/x-www-form-urlencoded"):
            return gateway(400, "100", "Bad Request Exception")
        if len(request.get_data(cache=True)) > 10_000_000:
            return gateway(413, "430", "Request Entity Too Large")
        values = posted()
        source, target, text = (values.get(name) for name in ("source", "target", "text"))
        for number, name, value in ((1, "source", source), (3, "target", target), (7, "text", text)):
            if not value or not isinstance(value, str):
                return service(400, f"N2MT{number:02}", f"{name} parameter is needed")
        source, target, text = str(source), str(target), str(text)
        if source != "auto" and source not in LANGUAGES:
            return service(400, "N2MT02", "Unsupported source language")
        if target not in LANGUAGES:
            return service(400, "N2MT04", "Unsupported target language")
        if len(text) > 5000:
            return service(400, "N2MT08", "text parameter exceeds max length")
        source = {"zh": "zh-CN"}.get(detect(text), detect(text)) if source == "auto" else source
        if source == target:
            return service(400, "N2MT05", "source and target must be different")
        if target not in WITH.get(source, ()) and source not in WITH.get(target, ()):
            return service(400, "N2MT06", "There is no source to target translator")
        # Plain text, in which a span may mark what is kept.
        marked = '<span translate="no">' in text
        if not state.spend([text.replace('<span translate="no">', "").replace("</span>", "")], target):
            return gateway(429, "400", "Quota Exceeded")
        result = _kept(text, target) if marked else translate(text, target)
        head = {"@type": "response", "@service": "naverservice.nmt.proxy", "@version": "1.0.0"}
        found = {"srcLangType": source, "tarLangType": target, "translatedText": result, "engineType": "N2MT"}
        return jsonify(message={**head, "result": found})


def _kept(text: str, target: str) -> str:
    return translate_html(text, target, collapses=False, escaped=False)
