"""Small changes (mutants) of a Lua script: pure text work, one change at a time.

The operators are the usual ones of mutation testing: another comparison, another logical or arithmetic operator, a
number off by one, a condition that always or never holds, a Redis command that is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS = {
    "==": ("~=",),
    "~=": ("==",),
    "<=": ("<", ">"),
    ">=": (">", "<"),
    "<": ("<=", ">="),
    ">": (">=", "<="),
    "and": ("or",),
    "or": ("and",),
    "+": ("-",),
    "-": ("+",),
    "*": ("/",),
    "/": ("*",),
    "true": ("false",),
    "false": ("true",),
    "not": ("not not",),
    "math.max": ("math.min",),
    "math.min": ("math.max",),
}
TOKEN = re.compile(
    r"'[^'\n]*'|--[^\n]*|\.\.|math\.(?:max|min)\b|==|~=|<=|>=|[<>+*/-]|\b(?:and|or|not|true|false)\b|(?<![\w.])\d+\b"
)
CONDITION = re.compile(r"\b(if|elseif) (.+?) then\b")
COMMAND = re.compile(r"^\s*redis\.call\(.*\)\s*(?:--.*)?$")
WIRING = re.compile(r"\bARGV\[|\bt\[1\] \* 1000")
"""Reading the arguments and the clock: every use of the script checks these, and changes there say little."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: in which line (from 1), what stood there, and the whole script with the change."""

    line: int
    before: str
    after: str
    script: str

    @property
    def name(self) -> str:
        """The same for the same change, also after lines were added above it."""
        return f"{self.before.strip()}  =>  {self.after.strip() or '(left out)'}"


def mutants(script: str) -> Iterator[Mutant]:
    """Every mutant of the script, in the order of its lines."""
    lines = script.split("\n")
    for number, line in enumerate(lines):
        for changed in dict.fromkeys(_changes(line)):
            yield Mutant(number + 1, line, changed, "\n".join([*lines[:number], changed, *lines[number + 1 :]]))


def _changes(line: str) -> Iterator[str]:
    if WIRING.search(line):
        return
    for found in TOKEN.finditer(line):
        for other in _others(found[0], line, found.start()):
            yield line[: found.start()] + other + line[found.end() :]
    for found in CONDITION.finditer(line):
        for constant in ("true", "false"):
            yield line[: found.start(2)] + constant + line[found.end(2) :]
    if COMMAND.match(line):
        yield ""


def _others(sign: str, line: str, start: int) -> tuple[str, ...]:
    if sign.isdigit():
        return () if line[:start].endswith("[") else (str(int(sign) + 1),)  # an index is wiring, too
    if sign == "-" and not re.search(r"[\w)\]]\s*$", line[:start]):
        return ()  # a sign, not a subtraction
    return SWAPS.get(sign, ())
