"""How translators treat HTML: what is marked stays, the rest is translated, and blanks mean nothing."""

from __future__ import annotations

import html
import re

from tools.sandbox.translators.dictionary import DICTIONARY, detect, translate

MARKED = re.compile(r"(<[^<>]+>|\{+[^{}]*\}+|%s|https?://[!-~]+|[\w.]+@[A-Za-z0-9.]+|`[^`]*`|\n)")
TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)([^<>]*)>")


def plain(source: str, escaped: bool = True) -> str:
    """The text that a browser would show of it."""
    text = TAG.sub(lambda tag: "\n" if tag.group(2) == "br" else "", source)
    return html.unescape(text) if escaped else text


def translate_html(
    source: str, target: str, *, keeps: str = 'translate="no"', collapses: bool = True, escaped: bool = True
) -> str:
    """`keeps`: what marks an element whose text is not translated: a part of its tag. `collapses`: whether line breaks
    are blanks like any other; `escaped`: whether `&amp;` is one character."""
    if collapses:
        source = re.sub(r"\s+", " ", source)
    language = target.lower().split("-")[0]
    whole = plain(source, escaped)
    if known := DICTIONARY.get(whole.strip(), {}).get(language):
        return html.escape(known, quote=False) if escaped else known
    if detect(whole) == language:
        return source
    pieces, kept, end = [f"[{language}] "], "", 0
    for tag in [*TAG.finditer(source), None]:
        text = source[end : tag.start()] if tag else source[end:]
        pieces.append(text if kept or not text.strip() else _translated(text, target, escaped))
        if tag is None:
            break
        pieces.append(tag.group())
        end = tag.end()
        if kept and tag.group(1) and tag.group(2) == kept:
            kept = ""
        elif not kept and keeps in tag.group():
            kept = tag.group(2)
    return "".join(pieces)


def translate_keeping(text: str, target: str) -> str:
    """As somebody who was asked to keep markup, placeholders, links and line breaks as they are."""
    language = target.lower().split("-")[0]
    if text.strip() in DICTIONARY or detect(text) == language or not MARKED.search(text):
        return translate(text, target)
    parts = MARKED.split(text)
    return f"[{language}] " + "".join(
        part if number % 2 or not part.strip() else _translated(part, target, False)
        for number, part in enumerate(parts)
    )


def _translated(source: str, target: str, escaped: bool) -> str:
    text = html.unescape(source) if escaped else source
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    # Without the label that begins a whole translation.
    result = re.sub(r"^\[[a-z]+\] ", "", translate(text.strip(), target))
    result = before + result + after
    return html.escape(result, quote=False) if escaped else result
