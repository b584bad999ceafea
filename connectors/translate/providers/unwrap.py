"""What a language model puts around a translation, taken off; or why there is none inside. Pure, and linear."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bridge.http import without_halves

THOUGHTS = ("think", "thinking", "thought", "reasoning")
"""Tags in which models think before they answer. A chat template may open one itself, so that only its end is seen."""
CHANNEL = "<|message|>"
"""gpt-oss puts it before the text of each of its channels, the answer in the one named `final`."""
KEYS = ("translation", "translated_text", "translatedText", "translated", "text", "output", "result", "answer")
"""Where a model that answers in JSON puts the translation, the likeliest first."""
FENCED = re.compile(r"\A```[\w-]*\n(.*?)\n?```\Z", re.DOTALL)
QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」", "'": "'", "*": "*"}
# `Translation:`, `Here is the English translation:`, `Sure! The translation is:`, `번역:`, alone or before the text.
LABEL = re.compile(
    r"\A\*{0,2}(?:(?:sure|certainly|of course|okay|ok)[,.!]?\s{1,3})?"
    r"(?:(?:here(?:'s| is)|the|this is)\s)?(?:[\w-]{1,20}\s){0,3}?"
    r"(?:translation|translated text|translated|번역|翻訳|译文|翻译)"
    r"(?:\s(?:of|into|in|to)\s[^:：\n]{1,40})?(?:\s\([\w -]{1,30}\)|\sis)?\s{0,3}[:：]\**\s*",
    re.IGNORECASE,
)
REMARK = re.compile(r"[(\[*_]{0,3}(?:translator's )?(?:note|explanation)\b[^\n:：]{0,60}[:：]", re.IGNORECASE)
"""How a paragraph about the translation begins."""


class NoTranslation(Exception):
    """The answer holds none; the text names what it holds instead."""


def text_of(content: Any) -> str | None:
    """The text of a message: as it is, or of the parts that are text and no thoughts; None when it has none."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [part for part in content if isinstance(part, Mapping)]
    texts = [part["text"] for part in parts if part.get("type") in ("text", "output_text") and _is_text(part)]
    return "".join(texts) if texts else None


def _is_text(part: Mapping[str, Any]) -> bool:
    return isinstance(part.get("text"), str)


def unwrapped(content: str, text: str) -> str:
    """The translation of `text` without what models put around it, unless the text has the same around it.

    Raises NoTranslation.
    """
    content = _answer(content, text).strip()
    text = text.strip()
    fenced = FENCED.match(content)
    if fenced and not text.startswith("```"):
        content = fenced.group(1).strip()
    if not text.startswith(("{", "[")):
        content = _from_json(content)
    if not LABEL.match(text):
        content = LABEL.sub("", content, count=1) if ":" not in text[:40] and "：" not in text[:40] else content
    if "\n\n" not in text:
        content = _without_remark(content)
    return _without_quotes(content.strip(), text)


def _answer(content: str, text: str) -> str:
    """What comes after the thoughts."""
    if CHANNEL in content and CHANNEL not in text:
        head, _, final = content.rpartition(CHANNEL)
        if not head.rstrip().endswith("final"):
            raise NoTranslation("thoughts without an answer")
        return final.split("<|")[0]
    for tag in THOUGHTS:
        if f"<{tag}" in text or f"</{tag}>" in text:
            continue
        _, closed, after = content.rpartition(f"</{tag}>")
        content = after if closed else content
        if f"<{tag}>" in content:
            raise NoTranslation("thoughts that do not end")
    return content


def _from_json(content: str) -> str:
    """The translation in `{"text": …}`: some models answer in the form in which they were asked."""
    if not content.startswith("{"):
        return content
    try:
        reply = json.loads(without_halves(content.encode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return content
    texts = {key: value for key, value in reply.items() if isinstance(value, str)} if isinstance(reply, dict) else {}
    for key in KEYS:
        if key in texts:
            return texts[key]
    if len(texts) == 1:
        return next(iter(texts.values()))
    raise NoTranslation("JSON without a translation")


def _without_remark(content: str) -> str:
    """Up to the first paragraph that is about the translation."""
    kept: list[str] = []
    for paragraph in content.split("\n\n"):
        if kept and REMARK.match(paragraph.lstrip()[:200]):
            break
        kept.append(paragraph)
    return "\n\n".join(kept)


def _without_quotes(content: str, text: str) -> str:
    if len(content) > 2 and QUOTES.get(content[0]) == content[-1] and text[:1] not in QUOTES:
        inside = content[1:-1]
        # `"Pay" fails with "error"` begins and ends with quotes of its own.
        return content if content[0] in inside or content[-1] in inside else inside
    return content
