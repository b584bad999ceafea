"""Stand-in for DeepL's API v2."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from tools.sandbox.translators.dictionary import detect
from tools.sandbox.translators.state import Translator, posted

GLOSSARY = "demo-glossary"
FORMAL = ("DE", "FR", "IT", "ES", "ES-419", "NL", "PL", "PT-BR", "PT-PT", "JA", "RU")
TARGETS = ("EN-US", "EN-GB", "EN", "KO", "JA", "ZH", "ZH-HANS", "ZH-HANT", "DE", "FR", "ES", "PT-BR", "PT-PT")


def add_routes(routes: Blueprint, state: Translator) -> None:
    """https://developers.deepl.com/api-reference/translate"""

    def refusal() -> tuple[Response, int] | None:
        if request.headers.get("Authorization") != f"DeepL-Auth-Key {state.key}":
            return jsonify(message="Invalid auth key."), 403
        return None

    @routes.post("/deepl/v2/translate")
    def deepl_translate() -> Any:
        values = posted()
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
        if target not in TARGETS:
            return jsonify(message="Value for 'target_lang' not supported."), 400
        formality, glossary = str(values.get("formality", "default")), values.get("glossary_id")
        if formality in ("more", "less") and target not in FORMAL:
            return jsonify(message="'formality' is not supported for given 'target_lang'."), 400
        source = str(values.get("source_lang") or "").lower()
        if glossary and not source:
            return jsonify(message="Value for 'source_lang' required when using a glossary."), 400
        if glossary and (glossary != GLOSSARY or state.glossary != (source, target.lower().split("-")[0])):
            return jsonify(message="No dictionary found for language pair"), 400
        with state.lock:
            state.formalities.append(f"{formality} {glossary or ''}".strip())
        results = state.translate(texts, target, values.get("tag_handling") == "html")
        if results is None:
            return jsonify(message="Quota Exceeded"), 456
        answers = [
            {
                "detected_source_language": detect(text).upper(),
                "text": result,
                "billed_characters": len(text),
            }
            for text, result in zip(texts, results, strict=True)
        ]
        return jsonify(translations=answers)

    @routes.get("/deepl/v2/usage")
    def deepl_usage() -> Any:
        limit = 500_000 if state.quota is None else state.characters + state.quota
        return refusal() or jsonify(character_count=state.characters, character_limit=limit)

    @routes.get("/deepl/v3/glossaries/<glossary>")
    def deepl_glossary(glossary: str) -> Any:
        if refused := refusal():
            return refused
        if glossary != GLOSSARY:
            return jsonify(message="Glossary not found"), 404
        source, target = state.glossary
        dictionary = {"source_lang": source, "target_lang": target, "entry_count": 1}
        when = "2026-01-02T03:04:05.000Z"
        return jsonify(glossary_id=GLOSSARY, name="Demo", creation_time=when, dictionaries=[dictionary])

    @routes.get("/deepl/v2/languages")
    def deepl_languages() -> Any:
        return refusal() or jsonify([{"language": code, "name": code} for code in TARGETS])
