"""Stand-in for Apertium's web service APY, with the behaviour that was measured of apertium-apy 0.11.7."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request

from tools.sandbox.translators.state import Translator

THREE = {"en": "eng", "ko": "kor", "ja": "jpn", "zh": "zho", "de": "deu", "fr": "fra", "tr": "tur", "pt": "por"}


def add_routes(routes: Blueprint, state: Translator) -> None:
    """https://wiki.apertium.org/wiki/Apertium-apy"""

    def pairs() -> list[tuple[str, str]]:
        known = sorted(state.languages)
        return [(source, target) for source in known for target in known if source != target]

    def three(code: str) -> str:
        language, _, region = code.replace("-", "_").partition("_")
        return THREE.get(language, language) + (f"_{region}" if region else "")

    def error(status: int, message: str, explanation: str) -> Any:
        return jsonify(status="error", code=status, message=message, explanation=explanation), status

    @routes.post("/apertium/translate")
    def apertium_translate() -> Any:
        for name in ("langpair", "q"):
            if not request.form.get(name):
                return error(400, "Bad Request", f"Missing argument {name}")
        source, middle, target = request.form["langpair"].partition("|")
        if not middle:
            return error(400, "Bad Request", "That pair is invalid, use e.g. eng|spa")
        installed = {(three(one), three(other)): other for one, other in pairs()}
        into = installed.get((three(source), three(target)))
        if into is None:
            return error(400, "Bad Request", "That pair is not installed")
        text, is_html = request.form["q"], request.form.get("format", "html") == "html"
        with state.lock:
            state.sources.append(source)
        results = state.translate([text], into, is_html, keeps="apertium-notrans", collapses=False)
        assert results, "it has no quota"
        result = results[0]
        if request.form.get("markUnknown") != "no":
            result = f"*{result}"
        return jsonify(responseData={"translatedText": result}, responseDetails=None, responseStatus=200)

    @routes.get("/apertium/listPairs")
    def apertium_pairs() -> Any:
        found = [(three(source), three(target)) for source, target in pairs()]
        if request.args.get("include_deprecated_codes"):
            found += [(source.replace("-", "_"), target.replace("-", "_")) for source, target in pairs()]
        rows = [{"sourceLanguage": source, "targetLanguage": target} for source, target in found]
        return jsonify(responseData=rows, responseDetails=None, responseStatus=200)
