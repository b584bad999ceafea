"""Texts for Blue, which are HTML. Pure."""

from __future__ import annotations

import html
import re

from bridge.text import utf16_length
from connectors.tickets.markup import UNSEEN, Markup, cut_markup

_MENTION = re.compile(r"@(?=\w)")
_BEGUN = re.compile(r"(?:&[#\w]{0,10}|<[^>]{0,12})\Z")
_BREAK = re.compile(r"(?<!<br>)\n")
_TAG = re.compile(r"<[^<>]{0,200}>")


def _escape(text: str) -> str:
    return html.escape(_MENTION.sub(f"@{UNSEEN}", text)).replace("\n", "<br>\n")


def _whole(text: str) -> str:
    """A text that was cut, without an entity or a tag that was begun."""
    return _BEGUN.sub("", text)


def _quotation(text: str, room: int) -> str:
    frame = "<blockquote>{}</blockquote>"
    return frame.format(cut_markup(text, room - len(frame), utf16_length, _whole))


def as_html(text: str) -> str:
    """A whole text: what the flow has put between its parts are line breaks, too."""
    return f"<p>{_BREAK.sub('<br>' + chr(10), text)}</p>"


def as_text(markup: str) -> str:
    """The same without markup, which Blue wants besides for a comment."""
    return html.unescape(_TAG.sub("", markup))


# Blue documents no limits: a text of this many characters has less than 64 kB.
MARKUP = Markup(
    limit=20_000,
    title_limit=255,
    units=utf16_length,
    escape=_escape,
    quote=_quotation,
    bold=lambda text: f"<strong>{text}</strong>",
    whole=_whole,
)
