"""Jira's wiki markup, in which users' text is always literal. Pure.

Stays with REST version 2 and wiki markup, which Cloud and Data Center both take.
"""

from __future__ import annotations

import re

from bridge.text import utf16_length
from connectors.tickets.markup import UNSEEN, Markup, cut_markup

# Jira shows one of -#*_+?^~|%{}[]()!@ literally after a backslash, unless another backslash stands before that one
# (its BackslashEscapeRendererComponent). Escaped only where it would start something, so that the text stays readable
# in mails and to programs.
_MARKUP = re.compile(
    r"""
      (?P<backslash> \\ (?= [\\\-\#*_+?^~|%{}\[\]()!@] | $ ) )    # a following escape would join it; \\ is a new line
    | (?P<heading>   (?<![^\n]) [ \t]* (?: h[1-6] | bq ) (?= \. ) )
    | (?P<entity>    & (?= \#? \w+ ; ) )
    | (?P<smiley>    (?<!\w) : (?= [DPp] (?!\w) ) )
    | (?P<always>    [{}\[\]|^~] )                                # macros, links, mentions, tables, super, subscript
    | (?P<icon>      \( (?= (?: [yni/x!+\-?] | on | off | \*[rgby]? | flag | flagoff ) \) ) | (?<= [:;] ) [()] )
    | (?P<list>      (?<![^\n]) [ \t]* [-*\#] (?= [-*\#\s] ) )
    | (?P<opening>   (?<! [^\W_] ) [*_+\-] (?= \S ) | (?<= [^\W_] ) [*] (?= \S ) | ! (?= \S ) | \? (?= \? ) )
    """,
    re.VERBOSE | re.MULTILINE,
)


def escape(text: str) -> str:
    """Text of a user as wiki markup that shows it literally."""
    return _MARKUP.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    found = match.group()
    if match.lastgroup in ("backslash", "heading", "entity", "smiley"):
        return found + UNSEEN
    return f"{found[:-1]}\\{found[-1]}"


def _quotation(text: str, room: int) -> str:
    return f"{{quote}}\n{cut_markup(text, room - len(FRAME), utf16_length)}\n{{quote}}"


FRAME = "{quote}\n\n{quote}"
MARKUP = Markup(
    limit=32_767,  # jira.text.field.character.limit, Cloud has the same
    title_limit=255,  # Jira's column for it
    units=utf16_length,
    escape=escape,
    quote=_quotation,
    bold=lambda text: f"*{text}*",
)
