"""Finds every regular expression of the service, and makes texts that are meant to hurt each of them."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from re import _constants as opcodes  # type: ignore[attr-defined, unused-ignore]
from re import _parser as parser  # type: ignore[attr-defined, unused-ignore]
from typing import Any

import regex

ROOT = Path(__file__).parents[2]
NOT_SERVICE = {"tests", "tools", "bin", ".venv", ".ci", "build"}
ENGINES: dict[str, Any] = {"re": re, "regex": regex}
CALLS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
EVERYDAY = "a0 \n.!@-가ㅋ"


@dataclass(frozen=True)
class Pattern:
    where: str
    compiled: Any
    anchored: bool
    """Whether it is only ever matched from the start of a text."""

    def run(self, text: str) -> None:
        data: Any = text.encode() if isinstance(self.compiled.pattern, bytes) else text
        self.compiled.fullmatch(data)
        self.compiled.match(data)
        if not self.anchored:
            for _ in self.compiled.finditer(data):
                pass


def files() -> list[Path]:
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
    return sorted(path for path in found if not NOT_SERVICE & set(path.parts))


def collect() -> tuple[list[Pattern], list[str]]:
    """The patterns, and the expressions whose pattern is known only where they run, each as `<file>: <expression>`."""
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in files()}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    uses = _uses(trees.values())
    patterns, unread = [], []
    for path, tree in trees.items():
        constants = _constants(tree)
        for call, name in _calls(tree):
            where = f"{path}:{call.lineno}"
            engine = ENGINES[name] if name else re
            method = call.func.attr if name and isinstance(call.func, ast.Attribute) else "fullmatch"
            source, target = _source(call, constants), _target(tree, call)
            if source is not None:
                compiled = engine.compile(source, _flags(call))
            elif method == "compile" and _is_of_the_module(tree, call):
                compiled = getattr(importlib.import_module(_module(path)), target)
            else:
                unread.append(f"{path}: {' '.join((ast.get_source_segment(texts[path], call) or '').split())}")
                continue
            methods = uses.get(target, CALLS) if method == "compile" else {method}
            patterns.append(Pattern(where, compiled, methods <= {"match", "fullmatch"}))
    return patterns, unread


def _is_of_the_module(tree: ast.Module, call: ast.Call) -> bool:
    """Whether the pattern is compiled when its module is imported, and has a name there."""
    return any(isinstance(node, ast.Assign) and node.value is call for node in tree.body)


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Calls of `re` and `regex`, with the engine's name, and of pydantic's Field(pattern=…)."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        owner = function.value if isinstance(function, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id in ENGINES and getattr(function, "attr", "") in CALLS:
            yield node, owner.id
        if any(keyword.arg == "pattern" for keyword in node.keywords):
            yield node, ""


def _constants(tree: ast.Module) -> dict[str, str | bytes]:
    """The module's names for texts that are written there as they are."""
    return {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str | bytes)
    }


def _source(call: ast.Call, constants: Mapping[str, str | bytes]) -> str | bytes | None:
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "pattern"), None)
    return _text(given or (call.args[0] if call.args else None), constants)


def _text(node: ast.AST | None, constants: Mapping[str, str | bytes]) -> str | bytes | None:
    match node:
        case ast.Constant(value=str() | bytes() as value):
            return value
        case ast.Name(id=name):
            return constants.get(name)
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return _text(value, constants)
        case ast.JoinedStr(values=values):
            parts = [_text(part, constants) for part in values]
            texts = [part for part in parts if isinstance(part, str)]
            return "".join(texts) if len(texts) == len(parts) else None
    return None


def _flags(call: ast.Call) -> int:
    names = [node for node in [*call.args[1:], *call.keywords] if "re." in ast.unparse(node)]
    found = 0
    for node in names:
        for flag in re.findall(r"\bre\.([A-Z]+)\b", ast.unparse(node)):
            found |= getattr(re, flag)
    return found


def _target(tree: ast.AST, call: ast.Call) -> str:
    """The name that a compiled pattern is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and node.value is call and isinstance(node.targets[0], ast.Name):
            return node.targets[0].id
    return ""


def _uses(trees: Any) -> dict[str, set[str]]:
    """By name, which methods are called on compiled patterns, anywhere."""
    uses: dict[str, set[str]] = {}
    for node in itertools.chain.from_iterable(map(ast.walk, trees)):
        if isinstance(node, ast.Attribute) and node.attr in CALLS:
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            uses.setdefault(name, set()).add(node.attr)
    return uses


def hostile_texts(pattern: Any) -> list[Callable[[int], str]]:
    """Texts of any size from what the pattern looks for: one character over and over, two in turn, its words over and
    over, and before and after a long run."""
    letters, words = _parts(pattern)
    texts: dict[str, Callable[[int], str]] = {}

    def add(head: str, unit: str, tail: str = "") -> None:
        texts.setdefault(f"{head!r} + {unit!r}… + {tail!r}", lambda size: head + unit * (size // len(unit)) + tail)

    for unit in [*letters, *map("".join, itertools.permutations(letters[:6], 2)), *words]:
        add("", unit, "\x00")
    for word, letter in itertools.product(words[:6], letters[:10]):
        add(word, letter)
        add("", letter, word)
        add("", word + letter)
    return list(texts.values())


def _parts(pattern: Any) -> tuple[list[str], list[str]]:
    letters: list[str] = []
    words: list[str] = []
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    try:
        _walk(parser.parse(source, pattern.flags & ~re.UNICODE), letters, words)
    except (re.error, ValueError):  # syntax of `regex` that `re` does not have
        letters += ["\u0301", "\U0001f1f0", "\u200d", "👍"]
    return list(dict.fromkeys([*letters, *EVERYDAY]))[:24], list(dict.fromkeys(words))[:12]


def _walk(parsed: Any, letters: list[str], words: list[str]) -> None:
    word = ""
    for code, value in parsed:
        if code is opcodes.LITERAL:
            word += chr(value)
            letters.append(chr(value))
            continue
        if len(word) > 1:
            words.append(word)
        word = ""
        if code is opcodes.IN:
            letters += _members(value)
        elif isinstance(value, list | tuple):
            for inner in _inside(value):
                _walk(inner, letters, words)
    if len(word) > 1:
        words.append(word)


def _members(value: Any) -> list[str]:
    members = []
    for code, inner in value:
        if code is opcodes.LITERAL:
            members.append(chr(inner))
        elif code is opcodes.RANGE:
            members += [chr(inner[0]), chr(inner[1])]
        elif code is opcodes.CATEGORY:
            members += {"CATEGORY_SPACE": [" ", "\t"], "CATEGORY_DIGIT": ["1"]}.get(str(inner), ["a"])
    return members


def _inside(value: Any) -> Iterator[Any]:
    """The patterns inside groups, repeats, branches and assertions."""
    for part in value:
        if isinstance(part, parser.SubPattern):
            yield part
        elif isinstance(part, list | tuple):
            yield from _inside(part)
