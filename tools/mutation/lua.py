"""Small changes (mutants) of a Lua script: pure text work, one change at a time.

The operators are the usual ones of mutation testing: another comparison, another logical or arithmetic operator, a
number off by one, a condition that always or never holds, a Redis command that is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.mutation.mutant import Mutant

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
"""Reading the arguments and the clock: every use of the script checks these, and changes there show little."""
BEFORE_NOW, AFTER_NOW = re.compile(r"\bnow *$"), re.compile(r" *now\b")


def mutants(script: str) -> Iterator[Mutant]:
    """Every mutant of the script, in the order of its lines."""
    lines = script.split("\n")
    for number, line in enumerate(lines):
        for changed in dict.fromkeys(_changes(line)):
            yield Mutant(number + 1, line, changed, "\n".join([*lines[:number], changed, *lines[number + 1 :]]))


def _changes(line: str) -> Iterator[str]:
    if WIRING.search(line) or line.lstrip().startswith("--"):
        return
    for found in TOKEN.finditer(line):
        at_now = BEFORE_NOW.search(line[: found.start()]) or AFTER_NOW.match(line[found.end() :])
        for other in _others(found[0], line, found.start()):
            if at_now and other.strip("=") == found[0].strip("="):
                continue  # earlier than this millisecond, or in it: no test can be so exact
            yield line[: found.start()] + other + line[found.end() :]
    for found in CONDITION.finditer(line):
        for constant in ("true", "false"):
            yield line[: found.start(2)] + constant + line[found.end(2) :]
    if COMMAND.match(line):
        yield ""


def _others(sign: str, line: str, start: int) -> tuple[str, ...]:
    if sign.isdigit():
        if line[:start].endswith(("[", " or ")):
            return ()  # an index is wiring, too; a missing time or counter is 0, which `or` becoming `and` covers
        return (str(int(sign) + 1 if int(sign) < 1000 else int(sign) * 2),)  # no test can be exact to a millisecond
    if sign == "-" and not re.search(r"[\w)\]]\s*$", line[:start]):
        return ()  # a sign, not a subtraction
    return SWAPS.get(sign, ())
