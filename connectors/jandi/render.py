"""A message of JANDI. Pure. https://support.jandi.com (Incoming Webhook): body, connectColor, connectInfo."""

from __future__ import annotations

import re
from typing import Any

from bridge.text import cut, utf16_length
from connectors.alerts.colours import colour_of
from connectors.alerts.contents import Content, Digest, Fact

# JANDI shows 5,000 characters and leaves the rest out. Whether it counts the lines of connectInfo is not documented.
SHOWN = 5000
LONGEST_LINK = 1000
ZERO_WIDTH_SPACE = "\u200b"
_BRACKETS = re.compile(r"\[(?=\[)|\](?=[\](])")
_IN_LINKS = str.maketrans({"(": "%28", ")": "%29", "[": "%5B", "]": "%5D"})


def render(content: Content) -> dict[str, Any]:
    """The JSON of one message, with at most SHOWN characters in all its texts together."""
    if isinstance(content, Digest):
        return {"body": plain(content.text(SHOWN, _length))}
    links = [link for fact in content.facts if (link := _link(fact))]
    info = [_line(fact) for fact in content.facts if not _link(fact)]
    texts = [*("\n" + link for link in links), *(text for line in info for text in line.values())]
    text = plain("\n".join(filter(None, [content.sentence, content.quotation])))
    text = cut(text, SHOWN - sum(map(utf16_length, texts)), length=utf16_length)
    colour = colour_of(content.status)
    return {"body": "\n".join([text, *links]), "connectColor": colour, "connectInfo": info}


def plain(text: str) -> str:
    """`text` in which no brackets make a link, `[[text]](address)` or `[text](address)`: JANDI has no escape."""
    return _BRACKETS.sub(lambda bracket: bracket[0] + ZERO_WIDTH_SPACE, text)


def _length(text: str) -> int:
    return utf16_length(plain(text))


def _line(fact: Fact) -> dict[str, str]:
    return {"title": fact.title, "description": plain(fact.value)}


def _link(fact: Fact) -> str:
    """Stands in `body`: only there are links documented. "" for a fact that leads nowhere."""
    if not fact.url or len(fact.url) > LONGEST_LINK:
        return ""
    label = fact.value.replace("[", "(").replace("]", ")")
    return f"[[{fact.title} {label}]]({fact.url.translate(_IN_LINKS)})"
