"""How a ticket system writes text: its limits, and how users' text is shown literally. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.text import ELLIPSIS, utf16_length, without_controls
from bridge.text import cut as cut_text

UNSEEN = "\u200b"
"""A zero-width space breaks a construct where the markup has no escape."""
_CONTROL = re.compile(r"[\x0b\x0c\x1c-\x1f\ufffe\uffff]")  # no characters of XML, which ticket systems export to


@dataclass(frozen=True, slots=True)
class Markup:
    """`limit` and `title_limit` (of a text, of a title) are in `units`; `escape` makes one text literal.

    `quote` frames an escaped text, which it cuts, in at most so many units; `hidden`: what stands before and after a
    marker, so that people do not see it; `marker_in_text`: a ticket's marker is the last line of its text, because
    there is no better field.
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
    """What is left of an escaped text that was cut, without a construct that was begun: a backslash whose character was
    cut off would show, or escape what follows."""

    def literal(self, value: Any) -> str:
        """Text of a user as markup that shows it literally. None is empty."""
        return self.escape(plain(value))

    def marker_line(self, marker: str) -> str:
        before, after = self.hidden
        return f"{before}{marker}{after}"

    def markers_in(self, text: str) -> tuple[str, ...]:
        """The markers that stand alone on a line. A user's text can't: what starts a hidden one is escaped."""
        before, after = self.hidden
        lines = [line.rstrip("\r") for line in text.split("\n")]
        found = [line for line in lines if line.startswith(before) and line.endswith(after)]
        return tuple(line[len(before) : len(line) - len(after)] for line in found)

    def cut(self, text: str, limit: int) -> str:
        """Markup in at most `limit` units; "…" shows that something is missing."""
        return cut_markup(text, limit, self.units, self.whole)


def plain(value: Any) -> str:
    """Without controls, with one kind of line break."""
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


# https://github.github.com/gfm/: a backslash before ASCII punctuation makes it literal. What GitHub finds in the text
# after that (mentions, references, emoji) no backslash stops: a zero-width space does. Bounded look-ahead everywhere.
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
