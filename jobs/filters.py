"""The condition of a `<CONNECTOR>_FILTER`: an expression of rule_engine whose cost no event can drive up.

What users write decides what a filter works on, in the receiver, while the sender waits. So an expression has no loops
and calls no functions but those below, patterns run without backtracking, numbers have bounded exponents, and an event
with more values than LARGEST is not looked at. What is left takes time in proportion to the event's size.
"""

from __future__ import annotations

import decimal
import threading
import warnings
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import rule_engine
from rule_engine import errors
from rule_engine.ast.binary.comparison import FuzzyComparisonExpression
from rule_engine.ast.literal import StringExpression
from rule_engine.parser.utilities import parse_float

from bridge.environment import ConfigError
from bridge.text import cut, inert
from jobs.patterns import Pattern, Unusable
from sources.facts import NAMES

LONGEST = 10_000
"""Characters of an expression."""
DEEPEST = 150
"""Levels of an expression, where `a or b or c` has three: the engine calls itself two or three times for each."""
LARGEST = 2_000
"""Values in an event, nested ones included: the engine copies an array each time that it reads it."""
LEVELS = 50
"""Levels of nested values in an event."""
DIGITS = 400
"""Of a number: JSON's largest has 309; whole numbers without a bound take quadratic time."""
WITHOUT = {
    "BWLSH": "<< can't be used: its result may not fit into memory",
    "FOR": "comprehensions can't be used: what an array holds is asked with `in`",
}
COSTLY = {
    "encode": "some encodings take quadratic time",
    "decode": "some encodings take quadratic time",
    "to_ary": "it makes a value of each character",
    "to_set": "numbers can be chosen so that a set takes quadratic time",
}
QUOTED = 200
"""Characters of a filter that an error quotes."""


class Condition:
    """A compiled filter. Raises ConfigError, with where in the expression the mistake is."""

    def __init__(self, expression: str) -> None:
        self._rule = _compiled(expression)

    def objection(self, facts: Mapping[str, Any]) -> str | None:
        """None when `facts` pass, "" when they don't, else why that can't be judged. Never raises."""
        try:
            _check_size(facts)
            readable = {name: _uncopied(value) for name, value in facts.items()}
            return None if self._rule.matches(readable) else ""
        except Exception as error:  # noqa: BLE001
            # Typically a comparison with a field that this feedback does not have. Whatever it is, the event is kept
            # and shown as skipped with this reason: raised, it would be lost, or end every run of reconcile.
            return _message(error)


class _TooLarge(Exception):
    pass


class _Facts(rule_engine.Context):
    """`feedback.rating` is the field of that name, or null. The engine's own reading of a dot comes to an end with its
    version 6, and takes `feedback.length` for the number of fields."""

    def __init__(self) -> None:
        numbers = decimal.Context(prec=28, Emax=DIGITS, Emin=-DIGITS)
        super().__init__(default_value=None, resolver=rule_engine.resolve_item, decimal_context=numbers)

    def resolve_attribute(self, thing: Any, object_: Any, name: str) -> Any:
        if isinstance(object_, Mapping):
            return _uncopied(object_.get(name))
        if name in COSTLY:
            raise errors.EvaluationError(f"{name} can't be used: {COSTLY[name]}")
        return super().resolve_attribute(thing, object_, name)


def _uncopied(value: Any) -> Any:
    """The engine copies a dictionary whole whenever an expression passes through it, a proxy for one not."""
    return MappingProxyType(value) if isinstance(value, dict) else value


class _Matches(FuzzyComparisonExpression):
    """`=~` and its relatives, by RE2."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not isinstance(self.right, StringExpression):
            raise errors.EvaluationError(f"after {_SIGNS[self.type]} there must be a pattern in quotes")

    def _compile_regex(self, regex: str) -> Any:
        if "\b" in regex:
            raise errors.EvaluationError(r'"\b" is a backspace: write patterns as r"..."')
        return Pattern(regex)


_SIGNS = {"eq_fzm": "=~", "eq_fzs": "=~~", "ne_fzm": "!~", "ne_fzs": "!~~"}


class _Parser:
    """The engine's parser, with a look at the expression between its two steps, reading and building: building
    computes what is constant already, and calls itself for each level."""

    def __init__(self) -> None:
        self._engine, self._mutex = rule_engine.Rule.parser, threading.Lock()

    def parse(self, text: str, context: Any) -> Any:
        with self._mutex:
            self._engine.context = context
            tree = self._engine._parser.parse(text, lexer=_lexer())
        for node, depth in _nodes(tree):
            if depth > DEEPEST:
                raise errors.EvaluationError(f"more than {DEEPEST} levels: use `x in [...]` for many values")
            if node.cls is FuzzyComparisonExpression:
                node.cls = _Matches
        return tree.build()


class _Rule(rule_engine.Rule):
    parser = _Parser()  # type: ignore[assignment]


def _lexer() -> Any:
    lexer = rule_engine.Rule.parser._lexer.clone()
    lexer.lineno = 1
    return lexer


def _nodes(tree: Any) -> Iterator[tuple[Any, int]]:
    """Every node of an expression that is read and not built yet, with its depth."""
    waiting = [(tree, 1)]
    while waiting:
        thing, depth = waiting.pop()
        if isinstance(thing, str | Mapping) or thing is None:
            continue
        if hasattr(thing, "cls"):
            yield thing, depth
            waiting += [(part, depth + 1) for part in (*thing.args, *thing.kwargs.values())]
        elif hasattr(thing, "__iter__"):
            waiting += [(part, depth) for part in thing]


def _compiled(expression: str) -> _Rule:
    if len(expression) > LONGEST:
        raise ConfigError([f"has {len(expression)} characters; the limit is {LONGEST}"])
    mistakes: list[Exception] = []
    try:
        mistakes += _refused(expression)
        if not mistakes:
            context = _Facts()
            with decimal.localcontext(context.decimal_context), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of "\d" where r"\d" was meant: it works
                return _Rule(expression, context=context)
    except Exception as error:  # noqa: BLE001
        # Constants are computed now, so this may be anything that evaluating can raise, too.
        mistakes.append(error)
    quoted = inert(cut(expression, QUOTED))
    raise ConfigError([f"{_position(error, expression)}{_message(error)}, in: {quoted}" for error in mistakes])


def _refused(expression: str) -> Iterator[Exception]:
    """The names that no event has, and the operators that are too costly."""
    lexer, before = _lexer(), ""
    lexer.input(expression)
    for token in iter(lexer.token, None):
        if token.type in WITHOUT:
            yield errors.RuleSyntaxError(WITHOUT[token.type], token)
        if token.type == "FLOAT" and parse_float(token.value).adjusted() > DIGITS:
            yield errors.RuleSyntaxError(f"a number of more than {DIGITS} digits", token)
        if token.type == "SYMBOL" and before not in ("ATTR", "ATTR_SAFE") and token.value not in NAMES:
            what = f"there is no '{token.value.lstrip('$')}'; an event has {', '.join(sorted(NAMES))}"
            yield errors.RuleSyntaxError(what, token)
        before = token.type


def _message(error: Exception) -> str:
    """Never what a value was: that may be a user's text."""
    if isinstance(error, errors.EngineError):
        return error.message.partition(" at: ")[0]
    return str(error) if isinstance(error, Unusable | _TooLarge) else type(error).__name__


def _position(error: Exception, expression: str) -> str:
    if not isinstance(error, errors.RuleSyntaxError):
        return ""
    if error.token is None:
        return "at the end: "
    at = error.token.lexpos
    return f"at character {at + 1} (`{inert(cut(expression[at : at + QUOTED], 20))}`): "


def _check_size(facts: Mapping[str, Any]) -> None:
    """Raises _TooLarge."""
    named = [value for name, value in facts.items() if name != "data"]
    data = facts.get("data")
    if isinstance(data, Mapping):  # what it holds and has a name of its own counts once
        data = [value for value in data.values() if not any(value is other for other in named)]
    waiting: list[tuple[Any, int]] = [(named, 0), (data, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, Mapping | list):
            seen += len(value)
            if seen > LARGEST or depth > LEVELS:
                raise _TooLarge(f"it has more than {LARGEST} values, or more than {LEVELS} levels of them")
            waiting += [(part, depth + 1) for part in (value.values() if isinstance(value, Mapping) else value)]
        elif isinstance(value, int) and value.bit_length() > DIGITS * 10 // 3:  # log2(10) is 3.3
            raise _TooLarge(f"it has a number of more than {DIGITS} digits")
