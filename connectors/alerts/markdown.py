"""Text of people in a chat that reads Markdown: shown as it was typed, and nobody is notified. Pure.

A backslash takes the meaning from most characters. It does not stop a mention, or the name of an emoji or a channel: a
zero-width space does. An address stays a link to itself, between `<` and `>`, where nothing else has a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

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
"""Text of people -> Markdown that shows it as it is."""


def literal(text: str, own: Mapping[str, str]) -> str:
    """`own`: what the system wants in place of `<`, `&` and `$`, where these have a meaning that a backslash does not
    take from them."""

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


def quoted(quotation: str, shown: Literal) -> str:
    """A quotation (alerts.quotation) of which the chat shows each line as one."""
    return "\n".join(line[: len(QUOTE)] + shown(line[len(QUOTE) :]) for line in quotation.split("\n"))


def linked(fact: Fact, shown: Literal) -> str:
    """The value of a fact, with a link where it leads somewhere."""
    if not fact.url or len(fact.url) > LONGEST_LINK:
        return shown(fact.value)
    if "://" in fact.value:  # an address, perhaps cut: no chat shows one as the label of a link
        return shown(fact.url)
    return f"[{shown(fact.value.translate(_IN_LABELS))}]({fact.url.translate(_IN_LINKS)})"
