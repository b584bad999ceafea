"""A message of Discord. Pure. https://docs.discord.com/developers/resources/message#embed-object-embed-limits"""

from __future__ import annotations

from functools import partial
from typing import Any

from bridge.text import cut, utf16_length
from connectors.alerts.colours import colour_of
from connectors.alerts.contents import Content, Digest, Fact
from connectors.alerts.markdown import linked, literal, quoted

# In characters, which Discord's pages do not define. UTF-16 units are the most that it may count.
CONTENT_MAX = 2000
DESCRIPTION_MAX = 4096
FIELD_NAME_MAX = 256
FIELD_VALUE_MAX = 1024
EMBEDS_MAX = 6000  # all texts of the embeds of a message together
NOBODY: dict[str, list[str]] = {"parse": []}
"""Whom a message may notify: otherwise everyone whom a text of a user names."""

plain = partial(literal, own={"<": "\\<"})


def render(content: Content) -> dict[str, Any]:
    """The sentence stands outside the embed: people can switch embeds off."""
    if isinstance(content, Digest):
        lines = content.fitted(DESCRIPTION_MAX, DESCRIPTION_MAX, _length)
        embed: dict[str, Any] = {"description": plain(cut("\n".join(lines), DESCRIPTION_MAX, length=_length))}
        return {**_message(content.head), "embeds": [embed]}
    fields = [_field(fact) for fact in content.facts]
    embed = {"color": int(colour_of(content.status)[1:], 16), "fields": fields}
    if content.quotation:
        room = EMBEDS_MAX - sum(utf16_length(field["name"]) + utf16_length(field["value"]) for field in fields)
        embed["description"] = _quotation(content.quotation, min(room, DESCRIPTION_MAX))
    return {**_message(content.sentence), "embeds": [embed] if fields or content.quotation else []}


def _message(text: str) -> dict[str, Any]:
    return {"content": plain(cut(text, CONTENT_MAX, length=_length)), "allowed_mentions": NOBODY}


def _field(fact: Fact) -> dict[str, Any]:
    value = linked(fact, plain)
    if utf16_length(value) > FIELD_VALUE_MAX:
        value = plain(cut(fact.value, FIELD_VALUE_MAX, length=_length))
    return {"name": plain(cut(fact.title, FIELD_NAME_MAX, length=_length)), "value": value, "inline": True}


def _quotation(text: str, limit: int) -> str:
    shown = partial(quoted, shown=plain)
    return shown(cut(text, limit, length=lambda part: utf16_length(shown(part))))


def _length(text: str) -> int:
    return utf16_length(plain(text))
