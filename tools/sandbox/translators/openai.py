"""Stand-in for an OpenAI-compatible server."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, jsonify, request

from tools.sandbox.translators.dictionary import LANGUAGES, translate
from tools.sandbox.translators.markup import translate_keeping
from tools.sandbox.translators.state import Translator, posted


def add_routes(routes: Blueprint, state: Translator) -> None:
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
        values = posted()
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
        careful = any("placeholders" in str(m.get("content", "")) for m in messages if m.get("role") == "system")
        content = translate_keeping(text, target) if careful else translate(text, target)
        message = {"role": "assistant", "content": content, "refusal": None}
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
