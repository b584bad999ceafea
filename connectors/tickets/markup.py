"""The markup of a ticket system: its limits, and the escaping that shows users' text literally. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.text import ELLIPSIS, utf16_length, without_controls
from bridge.text import cut as cut_text

UNSEEN = "\u200b"
"""A zero-width space: it breaks a construct for which the markup has no escape."""
_CONTROL = re.compile(r"[\x0b\x0c\x1c-\x1f\ufffe\uffff]")  # not allowed in XML, to which ticket systems export


@dataclass(frozen=True, slots=True)
class Markup:
    """`limit` and `title_limit` (of a text, of a title) are in `units`; `escape` makes one text literal.

    `quote`: (escaped text, most units) -> the quotation, cut if necessary; `hidden`: the text before and after a
    marker that hides it from people; `marker_in_text`: a ticket's marker is the last line of its text, because there is
    no better field.
    """

    limit: int
    title_limit: int
    units: Callable[[str], int]
    escape: Callable[[str], str]
    quote: Callable[[str, int], str]
    bold: Callable[[str], str]
    hidden: tuple[str, str] = ("", "")
    marker_in_text: bool = False
    whole: Callable[[str], str] = lambda text: text.rstrip("\\")
    """Removes an incomplete construct at the end of an escaped text that was cut: a backslash without its character
    would be visible, or escape the next character."""

    def literal(self, value: Any) -> str:
        """Markup that shows a user's text literally. None is empty."""
        return self.escape(plain(value))

    def marker_line(self, marker: str) -> str:
        before, after = self.hidden
        return f"{before}{marker}{after}"

    def markers_in(self, text: str) -> tuple[str, ...]:
        """The markers that are alone on a line. A user's text can't contain one: the start of a hidden marker is
        escaped."""
        before, after = self.hidden
        lines = [line.rstrip("\r") for line in text.split("\n")]
        found = [line for line in lines if line.startswith(before) and line.endswith(after)]
        return tuple(line[len(before) : len(line) - len(after)] for line in found)

    def cut(self, text: str, limit: int) -> str:
        """Markup in at most `limit` units; "…" shows that something is missing."""
        return cut_markup(text, limit, self.units, self.whole)


def plain(value: Any) -> str:
    """The value as text without control characters, with one kind of line break."""
    text = "" if value is None else str(value)
    return _CONTROL.sub("", without_controls(text.replace("\r\n", "\n").replace("\r", "\n")))


def one_line(text: str) -> str:
    return _CONTROL.sub(" ", text)


def cut_markup(
    text: str, limit: int, units: Callable[[str], int], whole: Callable[[str], str] = lambda text: text.rstrip("\\")
) -> str:
    """As Markup.cut; `whole`: as Markup.whole."""
    return (
        text if units(text) <= limit else whole(cut_text(text, limit, length=units).removesuffix(ELLIPSIS)) + ELLIPSIS
    )


# https://github.github.com/gfm/: a backslash before ASCII punctuation makes it literal. It does not stop what GitHub
# finds in the text afterwards (mentions, references, emoji); a zero-width space does. All look-aheads are bounded.
_MARKDOWN = re.compile(
    r"""
      (?P<mention>   @ (?= \w ) | \# (?= \w ) | (?<! [A-Za-z0-9] ) GH (?= -[0-9] ) | : (?= [\w+-]{1,50}: ) )
    | (?P<link>      (?: :// | www\. ) (?= [^\s/]{1,255}+ / [^\s/]{1,100}+ / [^\s/]{1,100}+ / \w{4,11}+ / ) )
    | (?P<always>    [\\`*_{}\[\]<>|~&$!\#] )
    | (?P<indent>    (?<! [^\n] ) [ \t]+ )
    | (?P<list>      (?<! [^\n] ) (?: [-+=:] | \d{1,9} [.)] (?= \s | $ ) ) )
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    found = match.group()
    match match.lastgroup:
        case "mention" if found == "#":
            return f"\\#{UNSEEN}"
        case "mention" | "link":
            return found + UNSEEN
        case "indent":
            return "\u00a0" * min(len(found), 40)  # four blanks would start a block of code
        case _:
            return f"{found[:-1]}\\{found[-1]}"


def _quotation(text: str, room: int) -> str:
    return cut_markup("\n".join(f"> {line}" for line in text.split("\n")), room, utf16_length)


MARKDOWN = Markup(
    limit=65_536,  # "body is too long (maximum is 65536 characters)"; UTF-16 units are never fewer than characters
    title_limit=256,
    units=utf16_length,
    escape=_markdown,
    quote=_quotation,
    bold=lambda text: f"**{text}**",
    hidden=("<!-- ", " -->"),
    marker_in_text=True,
)
"""GitHub's. https://docs.github.com/en/get-started/writing-on-github"""
