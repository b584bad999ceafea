"""The operator's templates for summary and description: sandboxed, strict, mistakes told with their line.

A template sees `issue` (as ABC User Feedback has it now), `project` (`id`, `name`), `instance` and `marker`.
"""

from __future__ import annotations

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
    "marker": "abc-default-1-1",
}


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def render_template(source: str, values: Mapping[str, Any], escape: Callable[[Any], str] = _plain) -> str:
    """The text. `escape` is applied to every value that the template puts in, not to the template's own text.

    Raises ValueError, which tells the line and what is wrong there.
    """
    environment = SandboxedEnvironment(undefined=StrictUndefined, finalize=escape, keep_trailing_newline=False)
    try:
        return environment.from_string(source).render(values)
    except TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno}: {error.message}") from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise ValueError(f"line {_line(error)}: {error}") from None


def check_template(source: str | None) -> str | None:
    """Renders a sample, so that a mistake is told at start and not at the first issue."""
    if source is not None:
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
