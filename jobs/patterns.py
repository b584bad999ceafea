"""Regular expressions of filters, without backtracking: RE2's time is linear in the text, whatever the pattern.

Patterns are written as for Python's `re`. What RE2 reads in another way is translated, what it can't do is refused.
https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from functools import cache

import re2

from bridge.text import cut, without_lone_surrogates

_PIECE = re.compile(r"(?s)\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\.|\[\^?\]?|\{,(?=\d{1,9}\})|.")
"""One step through a pattern: an escape, the start of a set (a `]` right behind it is a member), anything else."""
_MEMBER = re.compile(r"(?s)\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\.|.")
"""One step through a set."""
SHOWN = 100
"""Characters of a pattern that an error quotes."""
_CLASSES: dict[str, Callable[[str], bool]] = {
    "d": str.isdecimal,
    "s": str.isspace,
    "w": lambda character: character.isalnum() or character == "_",
}


class Unusable(ValueError):
    """A pattern that can't be used; the message gives the reason, and what to do."""


class Pattern:
    """A compiled pattern with the two methods that filters use. Raises Unusable."""

    def __init__(self, text: str) -> None:
        _check(text)
        options = re2.Options()
        options.log_errors = False
        options.never_capture = True
        try:
            self._regexp = re2.compile(_translated(text).encode(), options)
        except re2.error as error:
            raise Unusable(
                f"{_reason(error)} in {_shown(text)}: no look-around, back-references or possessive quantifiers can be "
                "used, and no repetition above 1000"
            ) from None

    def match(self, text: str) -> re2._Match | None:
        """At the start of `text`."""
        return self._regexp.match(without_lone_surrogates(text).encode())

    def search(self, text: str) -> re2._Match | None:
        """Anywhere in `text`."""
        return self._regexp.search(without_lone_surrogates(text).encode())


def _check(text: str) -> None:
    """Python's own check, which knows the position of a mistake, and what would mean something else to RE2."""
    if text != without_lone_surrogates(text):
        raise Unusable(f"there is half of a character in {_shown(text)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(text)
    except re.error as error:
        raise Unusable(f"{error.msg} at character {(error.pos or 0) + 1} of {_shown(text)}") from None
    except (Warning, OverflowError, RecursionError) as error:
        raise Unusable(f"{_reason(error)} in {_shown(text)}") from None
    boundary = re.search(r"(?<!\\)(?:\\\\)*\\[bB]", text)
    if boundary and (not text.isascii() or re.search(r"\\[uUwWN]", text)):
        raise Unusable(
            rf"\b at character {boundary.end() - 1} of {_shown(text)} knows the borders of Latin words only: "
            r"use (^|\W) and (\W|$) around the word"
        )


def _shown(text: str) -> str:
    return f"the regular expression {cut(text, SHOWN)!r}"


def _reason(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text) or type(error).__name__


def _translated(text: str) -> str:
    """The same pattern in RE2's syntax."""
    lines = re.search(r"\(\?[a-z]{0,9}m", text) is not None
    translated, at, inside = [], 0, False
    while step := (_MEMBER if inside else _PIECE).match(text, at):
        piece, at = step.group(), step.end()
        if inside:
            translated.append(_member(piece))
            inside = piece != "]"
        elif piece.startswith("["):
            translated.append(piece.replace("]", r"\]"))
            inside = True
        else:
            translated.append(_piece(piece, lines))
    return "".join(translated)


def _piece(piece: str, lines: bool) -> str:
    if piece == "$" and not lines:
        return r"(?:\n?\z)"  # Python's also matches before the line end that ends the text
    if piece == "{,":
        return "{0,"
    if piece == r"\Z":
        return r"\z"
    member = _member(piece)
    return f"[{member}]" if piece[1:].lower() in _CLASSES and piece[0] == "\\" else member


def _member(piece: str) -> str:
    """What means the same as `piece` between the brackets of a set."""
    if piece[0] == "\\" and piece[1:].lower() in _CLASSES:
        return _ranges(piece[1])
    if piece[:2] in (r"\u", r"\U"):
        return rf"\x{{{piece[2:]}}}"
    return piece


@cache
def _ranges(letter: str) -> str:
    r"""The members of Python's \d, \s and \w, or with a capital letter of their opposites, as ranges for a set."""
    belongs, wanted = _CLASSES[letter.lower()], letter.islower()
    ranges, start = [], None
    for code in range(sys.maxunicode + 2):
        member = code <= sys.maxunicode and belongs(chr(code)) == wanted
        if member and start is None:
            start = code
        elif not member and start is not None:
            ranges.append(rf"\x{{{start:x}}}-\x{{{code - 1:x}}}")
            start = None
    return "".join(ranges)
