"""An Adaptive Card of Teams. Pure. https://adaptivecards.io/explorer/

Texts stand in a `TextRun`, which knows no Markdown; a `TextBlock` and a `FactSet` do.
"""

from __future__ import annotations

import json
from typing import Any

from bridge.text import cut, utf16_length
from connectors.alerts.addresses import parts_of
from connectors.alerts.contents import Alert, Content, Digest
from connectors.alerts.markdown import ZERO_WIDTH_SPACE

# About 28 KB for all of a message: https://learn.microsoft.com/en-us/microsoftteams/limits-specifications-teams
SIZE_MAX = 28_000
TITLE_MAX = 80  # of a button, ours
MOST_LINES = 60  # of a digest, which has at most 30
STYLES = {"INIT": "accent", "ON_REVIEW": "accent", "IN_PROGRESS": "warning", "RESOLVED": "good", "PENDING": "emphasis"}
Block = dict[str, Any]


def render(content: Content) -> Block:
    if isinstance(content, Digest):
        lines = content.lines[:MOST_LINES]
        room = SIZE_MAX - size(_message([])) - (len(lines) + 2) * _length("")
        return _message([_block(line) for line in Digest(content.head, lines).text(room, size).split("\n")])
    facts = [fact for fact in content.facts if not fact.url]
    actions = [_link(cut(f"{fact.title} {fact.value}", TITLE_MAX), fact.url) for fact in content.facts if fact.url]
    rest = [_block(fact.value, [{**_run(f"{fact.title}: "), "weight": "Bolder"}]) for fact in facts]
    room = SIZE_MAX - size(_message([_sentence(content, ""), *rest], actions))
    sentence = cut(content.sentence, room, length=_length)
    quotation = cut(content.quotation, max(0, room - _length(sentence)), length=_length)
    return _message([_sentence(content, sentence), *map(_block, filter(None, quotation.split("\n"))), *rest], actions)


def size(value: object) -> int:
    """Bytes of `value` as JSON, as they are sent, or in UTF-16, whatever is more."""
    return max(len(json.dumps(value)), 2 * utf16_length(json.dumps(value, ensure_ascii=False)))


def _message(body: list[Block], actions: list[Block] | None = None) -> Block:
    head = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4"}
    card = {**head, "msteams": {"width": "Full"}, "body": body, "actions": actions or []}
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _sentence(alert: Alert, text: str) -> Block:
    style = STYLES.get(alert.status, "default")
    return {"type": "Container", "style": style, "items": [_block(line) for line in text.split("\n")]}


def _block(line: str, before: list[Block] | None = None) -> Block:
    """One line, in which an address is a link to itself."""
    runs = [
        {**_run(part), "selectAction": _link(part, part)} if is_address else _run(part)
        for part, is_address in parts_of(line or " ")
    ]
    return {"type": "RichTextBlock", "spacing": "None", "inlines": [*(before or []), *runs]}


def _run(text: str) -> Block:
    return {"type": "TextRun", "text": text.replace("{", "{" + ZERO_WIDTH_SPACE)}  # {{DATE(…)}} is a date


def _link(title: str, address: str) -> Block:
    return {"type": "Action.OpenUrl", "title": title, "url": address}


def _length(text: str) -> int:
    return sum(size(_block(line)) + 4 for line in text.split("\n"))
