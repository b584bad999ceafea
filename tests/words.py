"""Plain English: words that this project does not use, what to write instead, and where the check looks.

A retired word is a regular expression for whole words: "mend" does not match "recommend". The check reads pages,
comments, docstrings, the texts in the code (errors, log lines), names in the code and names of files. A sentence may
go on in the next line. It ignores code in `backquotes`.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

WRAP = r"\s+(?:[#*>-]+\s+)?"
"""Between two words of a phrase: a blank, or a line break and what begins the next line of a comment."""

#: What is retired, and what to write instead.
RETIRED = {
    r"tells?|told|telling": "report, log, return, notify, show (systems don't talk)",
    r"says?|said|saying": "report, return, state, name (systems don't talk)",
    r"mend(?:s|ed|ing)?": "fix, correct, repair",
    r"troubles?": "error, failure",
    r"anew": "again, or nothing",
    r"fates?": "ambiguous, result",
    r"(?:come|comes|came|coming) (?:of|out of) (?:it|this|that|an?|the)|what (?:comes|came) of": "result, outcome",
    r"there already|already there": "exists, already exists, already recorded",
    r"(?:is|are|was|were|be|isn't|not|nothing|still|no longer) there(?=[.,;:)]|$)": "exists, is missing",
    r"happenings?|order of happening": "event, occurrence",
    r"in words|words of (?:an?|the)|with the words|own words": "message, text, error code",
    r"whomever|whence|thereof|hitherto": "simpler English",
    r"the house|strangers?": "the code base, unrelated",
    r"hears?|heard": "receive, arrive, know",
    r"(?:speaks?|spoke|spoken) of|talks?|talked": "name, be about; send a request to",
    r"lends?|lent": "provide, give",
    r"(?:mak(?:e|es|ing)|made) up for|in one go": "recover; at once, together",
}

#: Pieces of lines in which a retired word is someone else's: a quoted message of another system.
EXEMPT = ("what people say about our app",)


def compiled(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w/'’.-])(?:{words.replace(' ', WRAP)})(?![\w/-])", re.IGNORECASE)


COMPILED = {compiled(words): instead for words, instead in RETIRED.items()}
ANY = compiled("|".join(f"(?:{words})" for words in RETIRED))
"""Most texts hold none, and one pattern finds that out."""

#: How a comment begins; None: the file is read whole. In all other files it begins with #.
COMMENTS = {".lua": "--", ".md": None, ".json": None}
NAME = re.compile(r"[^\W\d]\w*")
PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


class Found(NamedTuple):
    line: int
    word: str
    instead: str
    text: str
    """The sentence, or the name."""


def retired(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each retired word in a text, with what to write instead."""
    if ANY.search(text):
        for pattern, instead in COMPILED.items():
            yield from ((found, instead) for found in pattern.finditer(text))


def found_in(file: Path, *, texts: bool = True) -> Iterator[Found]:
    """Every retired word of a file. `texts`: also those in the texts of Python code, which in tests are data."""
    yield from (Found(0, word, instead, file.name) for word, instead in retired_in_name(file.stem))
    for number, text in prose(file, texts=texts):
        for word, instead in retired(text):
            line = text.count("\n", 0, word.start())
            yield Found(number + line, word.group(), instead, text.splitlines()[line].strip())
    for number, name in names(file):
        yield from (Found(number, word, instead, name) for word, instead in retired_in_name(name))


@cache
def retired_in_name(name: str) -> tuple[tuple[str, str], ...]:
    return tuple((word.group(), instead) for word, instead in retired(spelled(name)))


def spelled(name: str) -> str:
    """The words of a name: `told_for`, `toldFor` and `TOLD_FOR` are "told for"."""
    return " ".join(PART.findall(name)).lower()


def names(file: Path) -> Iterator[tuple[int, str]]:
    """The names in code and in the examples of a page, with their lines."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        yield from tokens(text, tokenize.NAME)
    elif file.suffix == ".lua":
        code = (re.sub(r"'[^'\n]*'", " ", line.partition("--")[0]) for line in text.splitlines())
        yield from ((number, name) for number, line in enumerate(code, 1) for name in NAME.findall(line))
    elif file.suffix == ".md":
        for block in re.finditer(r"(?ms)^```python\n(.*?)^```", text):
            for name in NAME.finditer(block[1]):
                yield text.count("\n", 0, block.start(1) + name.start()) + 1, name.group()


def prose(file: Path, *, texts: bool = True) -> Iterator[tuple[int, str]]:
    """What people read in a file: paragraphs, with the numbers of their first lines; code in backquotes is left out."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        lines = python(text, texts=texts)
    elif sign := COMMENTS.get(file.suffix, "#"):
        lines = ((number, line.partition(sign)[2]) for number, line in enumerate(text.splitlines(), 1))
    else:
        lines = enumerate(without_code_blocks(text).splitlines(), 1)
    for number, paragraph in paragraphs(lines):
        yield number, re.sub(r"`[^`]*`|\]\([^)\n]*\)|https?://\S+", blanked, paragraph)


def blanked(found: re.Match[str]) -> str:
    """As many line breaks as before, so that the numbers of the lines stay."""
    return " " + "\n" * found.group().count("\n")


def paragraphs(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines that follow each other, joined by line breaks; an empty one ends a paragraph, and a
    row of a table or an item of a list begins one."""
    first, last, held = 0, 0, list[str]()
    for number, line in lines:
        goes_on = held and number == last + 1 and not line.lstrip().startswith(("|", "- "))
        if line.strip() and goes_on:
            held.append(line)
        elif held or line.strip():
            if held:
                yield first, "\n".join(held)
            first, held = number, [line] if line.strip() else []
        last = number
    if held:
        yield first, "\n".join(held)


def without_code_blocks(page: str) -> str:
    """Commands and examples between ``` lines become empty lines, so that the numbers of the others stay."""
    return re.sub(r"(?ms)^ *```.*?^ *```", lambda block: "\n" * block.group().count("\n"), page)


def python(text: str, *, texts: bool) -> Iterator[tuple[int, str]]:
    """Comments, docstrings and, where `texts`, every other text that holds a blank: errors, log lines."""
    yield from tokens(text, tokenize.COMMENT)
    yield 0, ""
    tree = ast.parse(text)
    nodes = ast.walk(tree) if texts else (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield from enumerate(node.value.splitlines(), node.lineno)
            yield 0, ""


def tokens(text: str, kind: int) -> list[tuple[int, str]]:
    """Those of a kind in Python code, with their lines."""
    return [(line, string) for of_kind, line, string in all_tokens(text) if of_kind == kind]


@lru_cache(maxsize=1)
def all_tokens(text: str) -> list[tuple[int, int, str]]:
    """A file is asked for twice: for its comments, and for its names."""
    found = tokenize.generate_tokens(io.StringIO(text).readline)
    wanted = (tokenize.COMMENT, tokenize.NAME)
    return [(token.type, token.start[0], token.string) for token in found if token.type in wanted]
