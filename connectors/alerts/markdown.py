"""Escapes people's texts for chats with Markdown: they are shown as typed, and notify nobody. Pure.

A backslash makes most characters literal. It does not stop a mention, or the name of an emoji or a channel: a
zero-width space does. An address remains a link, between `<` and `>`, where no other character has a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bridge.text import cut, utf16_length
from connectors.alerts.addresses import parts_of
from connectors.alerts.contents import Fact
from connectors.alerts.quotation import QUOTE

ZERO_WIDTH_SPACE = "\u200b"
LONGEST_LINK = 1000
# https://spec.commonmark.org/0.31.2/#backslash-escapes, and what Discord and Mattermost add to it.
_MARKUP = re.compile(
    r"""
      (?P<name>    @(?=\S) | :(?=[\w+/%-]) )          # a mention, an emoji, a scheme
    | (?P<channel> ~ | \#(?=[^\W\d_]) )
    | (?P<list>    (?<![^\n])(?:[-+]|\d{1,9}[.)]) )
    | (?P<heading> (?<![^\n])= )                      # of the line above it
    | (?P<plain>   \\(?=[A-Za-z0-9]) )
    | (?P<live>    [\\`*_\[\]>|\#] )
    | (?P<own>     [<&$] )
    """,
    re.VERBOSE,
)
_IN_LINKS = str.maketrans({"(": "%28", ")": "%29", "[": "%5B", "]": "%5D", "\\": "%5C"})
_IN_LABELS = str.maketrans({"[": "(", "]": ")"})

Literal = Callable[[str], str]
"""A person's text -> Markdown that shows it as it is."""


def literal(text: str, own: Mapping[str, str]) -> str:
    """`own`: the system's replacements for `<`, `&` and `$`, if a backslash does not make them literal there."""

    def escaped(found: re.Match[str]) -> str:
        part = found[0]
        match found.lastgroup:
            case "name":
                return part + ZERO_WIDTH_SPACE
            case "channel":
                return f"\\{part}{ZERO_WIDTH_SPACE}"
            case "heading":
                return ZERO_WIDTH_SPACE + part
            case "plain":
                return part
            case "own":
                return own.get(part, part)
        return f"{part[:-1]}\\{part[-1]}"

    return "".join(
        f"<{part.replace('@', '%40')}>" if is_address else _MARKUP.sub(escaped, part)
        for part, is_address in parts_of(text)
    )


def fitted(text: str, limit: int, shown: Literal) -> str:
    """`text` as Markdown of at most `limit` characters, in UTF-16 units; it is cut before it is escaped."""
    return shown(cut(text, limit, length=lambda part: utf16_length(shown(part))))


def quoted(quotation: str, shown: Literal) -> str:
    """A quotation (alerts.quotation) as Markdown: the chat shows each line as quoted."""
    return "\n".join(line[: len(QUOTE)] + shown(line[len(QUOTE) :]) for line in quotation.split("\n"))


def linked(fact: Fact, shown: Literal) -> str:
    """The value of a fact, as a link if it has an address."""
    if not fact.url or len(fact.url) > LONGEST_LINK:
        return shown(fact.value)
    if "://" in fact.value:  # an address, which may be cut: chats do not show an address as the label of a link
        return shown(fact.url)
    return f"[{shown(fact.value.translate(_IN_LABELS))}]({fact.url.translate(_IN_LINKS)})"
