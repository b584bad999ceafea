"""Jinja with a bound on its work: each step of a text is paid for from a budget, before it is done.

Jinja's sandbox keeps a template away from Python's insides, and bounds neither time nor memory: nested loops,
`9**9**9`, `"x" * 10**9`, `text|center(10**9)`. A good template does the same where a user's text brings the number or
the length. So loops, calls, filters, operators and output pay by the size of what they work on:

- LINEAR ones by the size of what they are given, and of their result;
- MEASURED ones, which may make much of little, by the size that the result will have;
- all others by the square of the size of what they are given, in which a number counts with its value: it may be a
  width or a count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, cast

from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, Undefined, str_join
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from bridge.template_work import CHARACTERS, MEASURED, STEPS, Budget, TooMuchWork

NODES = 16
"""Of a template: as many as make a step."""
CALL = 8
"""Steps of a macro's call, besides those of what stands in it."""
BITS = 16_384
"""Of a whole number."""
FREE_FILTERS = frozenset({"abs", "attr", "count", "d", "default", "first", "items", "length"})
FREE_CALLS = frozenset(
    {
        *(
            "append",
            "changed",
            "current",
            "cycle",
            "cycler",
            "get",
            "items",
            "joiner",
            "keys",
            "next",
            "pop",
            "safe_range",
        ),
        *("reset", "values"),
    }
)
LINEAR = frozenset(
    {
        *("capitalize", "dictsort", "e", "escape", "filesizeformat", "float", "forceescape", "groupby", "int", "last"),
        *("list", "lower", "map", "max", "min", "random", "reject", "rejectattr", "reverse", "safe", "select"),
        *("selectattr", "sort", "string", "sum", "title", "tojson", "trim", "truncate", "upper", "urlencode"),
        "wordcount",
        # Calls.
        *("casefold", "clear", "copy", "count", "decode", "dict", "encode", "endswith", "extend", "find", "index"),
        *("insert", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "islower", "isnumeric", "isspace"),
        *("isupper", "lstrip", "namespace", "partition", "remove", "removeprefix", "removesuffix", "rstrip"),
        *("setdefault", "split", "splitlines", "startswith", "strip", "swapcase", "update"),
    }
)
"""Filters and methods whose time and result grow with what they are given, and no faster."""
COMPARING = frozenset(
    {
        *("in", "==", "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", ">=", "ge", "<", "lt", "lessthan", "<="),
        *("le", "lower", "upper"),
    }
)
"""Tests that look at more than the kind of a value."""


class BoundedEnvironment(SandboxedEnvironment):
    """For one text: it has one budget."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, steps: int = STEPS, **options: Any) -> None:
        super().__init__(**options)
        self.code_generator_class = _Generator
        self.budget = Budget(steps)
        self.round = 1
        """What a call of a macro pays, and a turn of a recursive loop: as if it was the whole template."""
        del self.globals["lipsum"]
        self.filters = {name: self._paying(name, cast(Any, function)) for name, function in self.filters.items()}
        self.tests = {
            name: self._paying("list", cast(Any, function)) if name in COMPARING else function
            for name, function in self.tests.items()
        }
        # Names with a blank can't be written in a template.
        self.filters |= {" counted": self._counted, " joined": self._joined, " looked at": self._looked_at}

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Python's insides are no missing value, which may be null: access is a mistake at once."""
        raise SecurityError(f"access to '{attribute}' of a {type(obj).__name__} is unsafe")

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        self = __self
        if isinstance(__obj, Macro | BlockReference | LoopContext):
            self.budget.spend(CALL + self.round)
            if isinstance(__obj, LoopContext) and args:  # of a recursive loop
                args = (self._counted(args[0], self.round), *args[1:])
            return super().call(__context, __obj, *args, **kwargs)
        args, kwargs = self._listed(args, kwargs)
        if any(isinstance(value, Macro) for value in (*args, *kwargs.values())):
            raise TypeError("a macro can't be given to a function")  # it would be called without being paid for
        method = getattr(__obj, "__wrapped__", __obj)  # the sandbox wraps `format`
        name = str(getattr(method, "__name__", ""))
        if name in FREE_CALLS:
            self.budget.spend(1)
            return super().call(__context, __obj, *args, **kwargs)
        self._pay(name, (getattr(method, "__self__", None), *args), kwargs)
        result = super().call(__context, __obj, *args, **kwargs)
        self.budget.pay(result)
        return result

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        budget = self.budget
        numbers = isinstance(left, int) and isinstance(right, int)
        if operator == "*" and not numbers:
            for value, times in ((left, right), (right, left)):
                if isinstance(times, int):
                    count, characters = budget.size(value)
                    budget.spend(max(times, 1) * (count + characters // CHARACTERS + 1))
        elif operator == "**" and numbers:
            self._check_bits(left.bit_length() * max(right, 1))
        elif operator == "%" and isinstance(left, str | bytes):
            self._pay("format", (left, right), {})
        budget.pay(left, right)
        if numbers:
            self._check_bits(left.bit_length() + right.bit_length())
        result = super().call_binop(context, operator, left, right)
        budget.pay(result)
        return result

    def parsed(self, source: nodes.Template) -> nodes.Template:
        """The template with what pays for loops, `~`, comparisons and slices."""
        self.round = _round(source)
        paying: nodes.Template = _Paying().visit(source)
        paying.set_environment(self)
        return paying

    def _check_bits(self, bits: int) -> None:
        if bits > BITS:
            raise TooMuchWork

    def _paying(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        first = 1 if hasattr(function, "jinja_pass_arg") else 0

        @wraps(function)
        def paying(*args: Any, **kwargs: Any) -> Any:
            given, kwargs = self._listed(args[first:], kwargs)
            if name in FREE_FILTERS:
                self.budget.spend(1)
                return function(*args[:first], *given, **kwargs)
            self._pay(name, given, kwargs)
            result = function(*args[:first], *given, **kwargs)
            self.budget.pay(result)
            return result

        return paying

    def _listed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """With a list for each iterator, whose size is not known."""
        return tuple(map(self._list, args)), {key: self._list(value) for key, value in kwargs.items()}

    def _list(self, value: Any) -> Any:
        is_endless = isinstance(value, Iterator) and not isinstance(value, LoopContext)
        return list(self._counted(value, 1)) if is_endless else value

    def _pay(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """For a filter, a function or a method, before it is called. `args`: first what it is of."""
        budget, given = self.budget, (*args, *kwargs.values())
        if name in MEASURED and isinstance(args[0], str | bytes | list | tuple):
            budget.pay(*given)
            budget.pay_text(MEASURED[name](budget, *args, **kwargs))
        elif name == "sum" and not isinstance(kwargs.get("start", args[2] if len(args) > 2 else 0), int | float):
            raise TypeError("sum adds up numbers")
        elif name in LINEAR and not (name == "tojson" and given[1:]):  # it may indent
            budget.pay(*given)
        else:
            budget.pay_square(*given)

    def _counted(self, values: Iterable[Any], cost: int) -> Iterator[Any]:
        for value in values:
            self.budget.spend(cost)
            yield value

    def _joined(self, values: list[Any]) -> str:
        """`~`"""
        self.budget.pay(*values, *values)
        return str_join(values)

    def _looked_at(self, value: Any) -> Any:
        self.budget.pay(value)
        return value


class _Generator(CodeGenerator):
    def visit_Template(self, node: nodes.Template, frame: Any = None) -> None:
        assert isinstance(self.environment, BoundedEnvironment)
        super().visit_Template(self.environment.parsed(node), frame)


class _Paying(NodeTransformer):
    """Adds filters where the sandbox has no hook."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        cost = _round(node)
        self.generic_visit(node)
        node.iter = _filter(cast(nodes.Expr, node.iter), " counted", nodes.Const(cost))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), " joined")

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        node.expr = _filter(node.expr, " looked at")
        for operand in node.ops:
            operand.expr = _filter(operand.expr, " looked at")
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filter(node.node, " looked at")
        return node


def _filter(node: nodes.Expr, name: str, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


def _round(node: nodes.Node) -> int:
    """What one turn through a part of a template pays."""
    count = characters = 0
    for part in node.find_all(nodes.Node):
        count += 1
        text = part.data if isinstance(part, nodes.TemplateData) else getattr(part, "value", "")
        characters += len(text) if isinstance(text, str) else 0
    return 1 + count // NODES + characters // CHARACTERS
