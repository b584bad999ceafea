"""A message of Discord. Pure. https://docs.discord.com/developers/resources/message#embed-object-embed-limits"""

from __future__ import annotations

from functools import partial
from typing import Any

from bridge.text import utf16_length
from connectors.alerts.colours import colour_of
from connectors.alerts.contents import Content, Digest, Fact
from connectors.alerts.markdown import fitted, linked, literal, quoted

# In characters, which Discord's pages do not define. UTF-16 units are the most that it may count.
CONTENT_MAX = 2000
DESCRIPTION_MAX = 4096
FIELD_NAME_MAX = 256
FIELD_VALUE_MAX = 1024
EMBEDS_MAX = 6000  # all texts of the embeds of a message together

plain = partial(literal, own={"<": "\\<"})


def render(content: Content) -> dict[str, Any]:
    """The sentence stands outside the embed: people can switch embeds off."""
    if isinstance(content, Digest):
        lines = content.fitted(DESCRIPTION_MAX, DESCRIPTION_MAX, lambda text: utf16_length(plain(text)))
        return {**_message(content.head), "embeds": [{"description": fitted("\n".join(lines), DESCRIPTION_MAX, plain)}]}
    fields = [_field(fact) for fact in content.facts]
    embed: dict[str, Any] = {"color": int(colour_of(content.status)[1:], 16), "fields": fields}
    if content.quotation:
        room = EMBEDS_MAX - sum(utf16_length(field["name"]) + utf16_length(field["value"]) for field in fields)
        embed["description"] = fitted(content.quotation, min(room, DESCRIPTION_MAX), partial(quoted, shown=plain))
    return {**_message(content.sentence), "embeds": [embed] if fields or content.quotation else []}


def _message(text: str) -> dict[str, Any]:
    """It notifies nobody: by default, Discord notifies everyone whom the text names."""
    return {"content": fitted(text, CONTENT_MAX, plain), "allowed_mentions": {"parse": []}}


def _field(fact: Fact) -> dict[str, Any]:
    value = linked(fact, plain)
    if utf16_length(value) > FIELD_VALUE_MAX:
        value = fitted(fact.value, FIELD_VALUE_MAX, plain)
    return {"name": fitted(fact.title, FIELD_NAME_MAX, plain), "value": value, "inline": True}
