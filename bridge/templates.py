"""Templates that an operator writes: sandboxed, bounded, strict, mistakes reported with their line. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from jinja2 import (
    ChainableUndefined,
    Environment,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    Undefined,
    meta,
    nodes,
)
from jinja2.exceptions import SecurityError

from bridge.bounded_jinja import BoundedEnvironment
from bridge.template_work import TooMuchWork

LONGEST = 20_000
"""Characters of a template."""
CERTAIN = frozenset({"TooMuchWork", "RecursionError", "OverflowError", "SecurityError"})
"""Kinds of a mistake that a template makes with any values, if it makes it with the few and small ones of a sample."""
OTHERS: tuple[type[nodes.Node], ...] = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
"""What needs a second template."""
_LINE_BREAK = re.compile(r"(?<!\\)\\n")


class TemplateMistake(ValueError):
    """What is wrong with a template, and in which line. `kind` names it without the values, which are people's text."""

    def __init__(self, line: int | None, kind: str, what: str) -> None:
        self.line, self.kind = line, kind
        super().__init__(f"line {line}: {what}")


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def render_template(
    source: str, values: Mapping[str, Any], escape: Callable[[Any], str] = _plain, *, missing_is_null: bool = False
) -> str:
    """The text. `escape` is applied to every value that the template puts in, not to the template's own text.
    `missing_is_null`: `{{ feedback.rating }}` is null without that field, and without a feedback, as in a filter.

    Raises TemplateMistake.
    """

    environment = BoundedEnvironment(undefined=ChainableUndefined if missing_is_null else StrictUndefined)
    if missing_is_null:
        environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "default": _null}
    budget = environment.budget

    def shown(value: Any) -> str:
        budget.pay(value)
        return escape(None if missing_is_null and isinstance(value, Undefined) else value)

    environment.finalize = shown
    template, text = _compiled(environment, source), []
    try:
        for part in template.generate(values):
            budget.pay_text(len(part))
            text.append(part)
    except TooMuchWork as error:
        raise TemplateMistake(_line(error), "TooMuchWork", "it takes too much work with these values") from None
    except Exception as error:  # noqa: BLE001  Jinja asserts, too; whatever it raises is about this template
        raise TemplateMistake(_line(error), type(error).__name__, str(error)) from None
    return "".join(text)


def checked(source: str, sample: Mapping[str, Any]) -> str:
    """The template with its line breaks, after a look at its names and a try with `sample`, so that a mistake shows at
    the start and not at the first event. Raises TemplateMistake."""
    source = unfolded(source)
    check_names(source, frozenset(sample))
    render_template(source, sample)
    return source


def checked_for_any(source: str, samples: Iterable[Mapping[str, Any]], open_names: Set[str]) -> str:
    """As `checked`, for a template that is for some events only: it must work with one of the samples, which all have
    the same names. `open_names`: names whose values may be others than in any sample; a template that uses one is
    wrong only if it fails with any values.

    Raises TemplateMistake.
    """
    source = unfolded(source)
    first: TemplateMistake | None = None
    for sample in samples:
        if first is None:
            check_names(source, frozenset(sample))
        try:
            render_template(source, sample, missing_is_null=True)
            return source
        except TemplateMistake as mistake:
            first = first or mistake
            if mistake.kind in CERTAIN:
                raise
    if first and not names_in(source) & open_names:
        raise first
    return source


def unfolded(source: str) -> str:
    """`source` with a line break for each \\n in it: `.env` files and hosts' forms have room for one line only."""
    return _LINE_BREAK.sub("\n", source)


def check_names(source: str, known: frozenset[str]) -> None:
    """Raises TemplateMistake where the template is not correct, or uses a name that is not known."""
    _compiled(BoundedEnvironment(), source)
    _check_nodes(_parsed(source))
    unknown = sorted(names_in(source) - known)
    if unknown:
        names = re.compile(rf"\b{re.escape(unknown[0])}\b")
        found = next((n for n, line in enumerate(source.splitlines(), 1) if names.search(line)), 1)
        raise TemplateMistake(
            found, "UndefinedError", f"'{unknown[0]}' is undefined; known: {', '.join(sorted(known))}"
        )


def names_in(source: str) -> set[str]:
    """The names of values that a template uses, without those that it sets itself. The template must be correct."""
    return meta.find_undeclared_variables(_parsed(source)) - {*BoundedEnvironment().globals}


def _parsed(source: str) -> nodes.Template:
    return BoundedEnvironment().parse(source)


def _check_nodes(template: nodes.Template) -> None:
    """Raises TemplateMistake for what fails with any values, also in a branch that no sample enters."""
    for other in template.find_all(OTHERS):
        raise TemplateMistake(other.lineno, "TemplateSyntaxError", "there is no other template to include or import")
    for part in template.find_all(nodes.Getattr):
        if part.attr.startswith("__") and part.attr.endswith("__"):
            raise TemplateMistake(part.lineno, SecurityError.__name__, f"'{part.attr}' is of Python and can't be used")


def _null(value: object) -> None:
    """For `tojson`: a missing value is null."""
    if not isinstance(value, Undefined):
        raise TypeError(f"{type(value).__name__} has no form in JSON")


def _compiled(environment: Environment, source: str) -> Template:
    if len(source) > LONGEST:
        raise TemplateMistake(1, "TooLong", f"it has {len(source)} characters; the limit is {LONGEST}")
    try:
        return environment.from_string(source)
    except TemplateSyntaxError as error:
        raise TemplateMistake(error.lineno, "TemplateSyntaxError", str(error.message)) from None
    except Exception as error:  # of Python, about what Jinja has made of the template
        raise TemplateMistake(1, "TooDeep", "it is nested too deeply, or holds too large a number") from error


def _line(error: BaseException) -> int:
    """The template's line: jinja puts it into the traceback under the file name `<template>`."""
    line = 1
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<template>":
            line = step.tb_lineno
        step = step.tb_next
    return line
