"""What of a text no translator may change: markup, placeholders, addresses, code. Pure, and linear in the text.

Translators have a mode for HTML, in which a part can be marked as not to be translated. A text with such parts is sent
as HTML, in which everything else of it is escaped; line breaks are tags there, for HTML has none of its own. A text
without is sent as it is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Every repetition is bounded or possessive, or ends where the next one can't start: linear time.
_PART = "|".join(
    (
        r"https?://[!-;=?-~]*[\w/&=#~-]|\bwww\.[!-;=?-~]*[\w/&=#~-]",
        r"(?<![\w.+-])[A-Za-z0-9_.+-]++@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)+",
        r"\{\{[^{}\n]{0,100}\}\}|\{%[^{}\n]{0,100}%\}|\$?\{[A-Za-z0-9_.:, -]{0,50}\}",
        r"%(?:\([A-Za-z0-9_]{1,50}\)|[0-9]{1,2}\$)?[0-9]{0,3}(?:\.[0-9]{1,2})?[sdifgxu@](?![A-Za-z])",
        r"</?[A-Za-z][^<>\n]{0,200}>|<!--[^<>\n]{0,200}-->",
        r"&(?:#[0-9]{1,6}|[A-Za-z]{2,8});",
        r":[a-z][a-z0-9_+-]{1,30}:",
        r"`[^`\n]{1,200}`",
    )
)
KEPT = re.compile(f"(?:{_PART})+", re.ASCII)
BREAK = re.compile(r"(?:(?<![ \t])[ \t]++)?<br ?/?>[ \t]*+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mode:
    """How a provider marks what is not to be translated."""

    start: str = '<span translate="no">'
    end: str = "</span>"
    breaks: bool = True
    """Whether line breaks get lost in its HTML, so that they must be tags."""
    escapes: bool = True
    """False: the text stays plain text, and only these tags count."""

    @property
    def tag(self) -> str:
        return self.start[1:].partition(" ")[0].rstrip(">")


def has_kept(text: str) -> bool:
    return KEPT.search(text) is not None


def to_html(text: str, mode: Mode) -> str:
    """The text as HTML, with everything that is to be kept between the mode's tags."""
    pieces, end = [], 0
    for found in KEPT.finditer(text):
        kept = html.escape(found.group(), quote=False) if mode.escapes else found.group()
        pieces += [_escaped(text[end : found.start()], mode), mode.start, kept, mode.end]
        end = found.end()
    return "".join([*pieces, _escaped(text[end:], mode)])


def from_html(answer: str, mode: Mode) -> str:
    """The text of an answer: without the mode's tags, however the translator spells their attributes."""
    if mode.breaks:
        answer = BREAK.sub("\n", answer)
    answer = re.sub(rf"</?{re.escape(mode.tag)}(?: [^<>]*)?>", "", answer)
    return html.unescape(answer) if mode.escapes else answer


def _escaped(text: str, mode: Mode) -> str:
    escaped = html.escape(text, quote=False) if mode.escapes else text
    return escaped.replace("\n", "<br>") if mode.breaks else escaped


USUAL = Mode()
"""What most providers understand."""


def keeping(
    texts: Sequence[str], most: int, translate: Callable[[list[str], bool], list[str]], mode: Mode = USUAL
) -> list[str]:
    """The translations of one request, sent as HTML where one of its texts has something to keep and the tags do not
    make the request longer than `most` characters. `translate`: (texts, whether they are HTML) -> answers."""
    ambiguous = not mode.escapes and any(f"<{mode.tag}" in text or f"</{mode.tag}" in text for text in texts)
    if any(map(has_kept, texts)) and not ambiguous:
        marked = [to_html(text, mode) for text in texts]
        if sum(map(len, marked)) <= most:
            return [from_html(answer, mode) for answer in translate(marked, True)]
    return translate(list(texts), False)
