"""Small changes (mutants) of a Python module, found in its syntax tree and made in its text.

The operators are those of `tools/mutation/lua.py`: another comparison, another logical or arithmetic operator, a
constant, a condition that always or never holds, a statement that is left out. Docstrings, annotations, decorators and
log lines stay as they are: changes there show little about the behaviour.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

from tools.mutation.mutant import Mutant

COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Lt: ("<=", ">="),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<="),
    ast.GtE: (">", "<"),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}
SIGN = re.compile(r"is\s+not\b|is\b|not\s+in\b|in\b|[<>=!]=|[<>]")
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
}
"""What is written, and what instead."""
CLOCKS = ("time.monotonic()", "time.time()")
LOGS = frozenset({"debug", "info", "warning", "error", "exception"})
Change = tuple[ast.AST, int, int, str, str]
"""Node, first and last offset of the text that is replaced, the new text, the function around it."""


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of the module, in the order of its nodes."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line.encode()) + 1)
    data = source.encode()
    for _, start, end, new, inside in _Finder(data, starts).found(ast.parse(source)):
        text = (data[:start] + new.encode() + data[end:]).decode()
        first = data.count(b"\n", 0, start)
        last = data.count(b"\n", 0, end)
        after_last = last + text.count("\n") - source.count("\n")
        before = "\n".join(source.split("\n")[first : last + 1])
        after = "\n".join(text.split("\n")[first : after_last + 1])
        # Without its super() a function has another closure, and can't be changed while the process runs.
        in_place = b"super()" not in data[start:end] or "super()" in new
        yield Mutant(first + 1, before, after, text, inside if in_place else "")


class _Finder:
    """Offsets are in bytes, as `ast` counts them."""

    def __init__(self, data: bytes, starts: list[int]) -> None:
        self._data = data
        self._starts = starts

    def found(self, tree: ast.Module) -> Iterator[Change]:
        yield from self._inside(tree.body, "", "")

    def _inside(self, body: list[ast.stmt], scope: str, function: str) -> Iterator[Change]:
        for statement in body:
            match statement:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    own = f"{scope}{name}"
                    for default in [*statement.args.defaults, *filter(None, statement.args.kw_defaults)]:
                        yield from self._expression(default, function)
                    yield from self._inside(statement.body, f"{own}.<locals>.", own)
                case ast.ClassDef(name=name):
                    yield from self._inside(statement.body, f"{scope}{name}.", function)
                case _:
                    yield from self._statement(statement, scope, function)

    def _statement(self, statement: ast.stmt, scope: str, function: str) -> Iterator[Change]:
        if isinstance(statement, ast.Import | ast.ImportFrom) or _is_text(statement) or _is_log(statement):
            return
        if _can_be_left_out(statement):
            yield (statement, *self._span(statement), "pass", function)
        if isinstance(statement, ast.If | ast.While):
            for constant in ("True", "False"):
                hangs = isinstance(statement, ast.While) and constant == "True"
                if not hangs and not (constant == "False" and _is_for_types(statement)):
                    yield (statement, *self._span(statement.test), constant, function)
        for name, value in ast.iter_fields(statement):
            if name == "annotation":
                continue
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, ast.stmt):
                    yield from self._inside([item], scope, function)
                elif isinstance(item, ast.ExceptHandler | ast.match_case):
                    if isinstance(item, ast.match_case) and item.guard is not None:
                        yield from self._expression(item.guard, function)
                    yield from self._inside(item.body, scope, function)
                elif isinstance(item, ast.withitem):
                    yield from self._expression(item.context_expr, function)
                elif isinstance(item, ast.expr):
                    yield from self._expression(item, function)

    def _expression(self, root: ast.expr, function: str) -> Iterator[Change]:
        inside_text = {
            id(part) for node in ast.walk(root) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
        }
        for node in ast.walk(root):
            if id(node) in inside_text:  # before Python 3.12 without true offsets, and mostly for people
                continue
            match node:
                case ast.Compare(left=left, ops=ops, comparators=comparators):
                    for one, operator, other in zip([left, *comparators], ops, comparators, strict=False):
                        start, end = self._between(one, other)
                        at_now = any(clock in self._text(*self._span(node)) for clock in CLOCKS)
                        for new in COMPARISONS[type(operator)]:
                            if at_now and new.strip("=") == self._text(start, end).strip(" ="):
                                continue  # earlier than this moment, or in it: no test can be so exact
                            yield (node, start, end, SIGN.sub(new, self._text(start, end), count=1), function)
                case ast.BoolOp(op=operator, values=values):
                    for one, other in itertools.pairwise(values):
                        old, new = ("and", "or") if isinstance(operator, ast.And) else ("or", "and")
                        start, end = self._between(one, other)
                        yield (node, start, end, self._text(start, end).replace(old, new, 1), function)
                case ast.BinOp(left=one, op=operator, right=other) if type(operator) in ARITHMETIC:
                    start, end = self._between(one, other)
                    old, new = ARITHMETIC[type(operator)]
                    yield (node, start, end, self._text(start, end).replace(old, new, 1), function)
                case ast.UnaryOp(op=ast.Not(), operand=operand):
                    yield (node, *self._span(node), self._text(*self._span(operand)), function)
                case ast.IfExp(test=test):
                    for constant in ("True", "False"):
                        yield (node, *self._span(test), constant, function)
                case ast.Constant(value=bool() as value):
                    yield (node, *self._span(node), str(not value), function)
                case ast.Constant(value=int() | float() as value):
                    yield (node, *self._span(node), repr(value + 1), function)

    def _between(self, one: ast.expr, other: ast.expr) -> tuple[int, int]:
        """The operator between two operands, with the spaces and brackets around it."""
        return self._span(one)[1], self._span(other)[0]

    def _text(self, start: int, end: int) -> str:
        return self._data[start:end].decode()

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[end_line - 1] + end


def _is_for_types(statement: ast.If | ast.While) -> bool:
    return isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING"


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_log(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in LOGS


def _can_be_left_out(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Delete() | ast.Continue() | ast.Break():
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
            return True
    return False
