"""The operator's templates for summary and description: sandboxed, strict, mistakes reported with their line.

A template sees `issue` (as ABC User Feedback has it now), `project` (`id`, `name`), `instance` and `marker`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

SAMPLE: Mapping[str, Any] = {
    "issue": {
        "id": 1,
        "name": "name",
        "description": "description",
        "status": "INIT",
        "externalIssueId": "",
        "feedbackCount": 0,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
    },
    "project": {"id": 1, "name": "project"},
    "instance": "default",
    "marker": "abc-default-1-1-t1767225600",
}
LINE_BREAK = re.compile(r"(?<!\\)\\n")


class TemplateMistake(ValueError):
    """What is wrong with a template, and in which line. `kind` names it without the values, which are people's text."""

    def __init__(self, line: int | None, kind: str, what: str) -> None:
        self.line, self.kind = line, kind
        super().__init__(f"line {line}: {what}")


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def render_template(source: str, values: Mapping[str, Any], escape: Callable[[Any], str] = _plain) -> str:
    """The text. `escape` is applied to every value that the template puts in, not to the template's own text.

    Raises TemplateMistake.
    """
    environment = SandboxedEnvironment(undefined=StrictUndefined, finalize=escape, keep_trailing_newline=False)
    try:
        return environment.from_string(source).render(values)
    except TemplateSyntaxError as error:
        raise TemplateMistake(error.lineno, "TemplateSyntaxError", str(error.message)) from None
    except (
        TemplateError,
        TypeError,
        ValueError,
        ArithmeticError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:
        raise TemplateMistake(_line(error), type(error).__name__, str(error)) from None


def check_template(source: str | None) -> str | None:
    """The template with a line break for each \\n in it: `.env` files and hosts' forms have room for one line only.

    Renders a sample, so that a mistake shows at start and not at the first issue.
    """
    if source is None:
        return None
    source = LINE_BREAK.sub("\n", source)
    render_template(source, SAMPLE)
    return source


def _line(error: BaseException) -> int:
    """The template's line: jinja puts it into the traceback under the file name `<template>`."""
    line = 1
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<template>":
            line = step.tb_lineno
        step = step.tb_next
    return line
