"""Plain English: words that this project does not use, what to write instead, and the lines that the check reads.

A retired word is a regular expression for whole words: "mend" does not match "recommend". It reads pages,
comments, docstrings and the texts in the code (errors, log lines). It ignores names and code in `backquotes`.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

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

COMPILED = {
    re.compile(rf"(?<![\w/'’.-])(?:{words})(?![\w/-])", re.IGNORECASE): instead for words, instead in RETIRED.items()
}

#: How a comment begins; None: the file is read whole. In all other files it begins with #.
COMMENTS = {".lua": "--", ".md": None, ".json": None}


def retired(text: str) -> Iterator[tuple[str, str]]:
    """Each retired word in a text, with what to write instead."""
    for pattern, instead in COMPILED.items():
        for found in pattern.finditer(text):
            yield found.group(), instead


def prose(file: Path, *, texts: bool = True) -> Iterator[tuple[int, str]]:
    """The lines of a file that people read, with their numbers; code in backquotes is left out. `texts`: also the texts
    in Python code, which in tests are data."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        lines = python(text, texts=texts)
    elif sign := COMMENTS.get(file.suffix, "#"):
        lines = ((number, line.partition(sign)[2]) for number, line in enumerate(text.splitlines(), 1))
    else:
        lines = enumerate(without_code_blocks(text).splitlines(), 1)
    for number, line in lines:
        yield number, re.sub(r"`[^`\n]*`|\]\([^)\n]*\)|https?://\S+", " ", line)


def without_code_blocks(page: str) -> str:
    """Commands and examples between ``` lines become empty lines, so that the numbers of the others stay."""
    return re.sub(r"(?ms)^ *```.*?^ *```", lambda block: "\n" * block.group().count("\n"), page)


def python(text: str, *, texts: bool) -> Iterator[tuple[int, str]]:
    """Comments, docstrings and, where `texts`, every other text that holds a blank: errors, log lines."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    tree = ast.parse(text)
    nodes = ast.walk(tree) if texts else (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            for offset, line in enumerate(node.value.splitlines()):
                yield node.lineno + offset, line
