"""The operator's own template for the body of a webhook (`<CONNECTOR>_TEMPLATE`). Pure.

In JSON and in a form, inserted values are escaped for the format of the body, so that a user's text stays within its
quotes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote_plus

from pydantic import AfterValidator

from bridge.templates import TemplateMistake, checked_for_any, names_in, render_template
from connectors.webhooks import javascript
from connectors.webhooks.body import plain
from sources.base import Event
from sources.facts import COMMON, OPEN, facts_of, sample_facts

Format = Literal["json", "form", "text"]


def checked_for_events(source: str) -> str:
    """The template, with its line breaks. It can use the values that a filter can use. Raises TemplateMistake."""
    return checked_for_any(source, sample_facts(), OPEN)


Template = Annotated[str, AfterValidator(checked_for_events)]


def format_of(content_type: str) -> Format:
    """The format of a body with this `content-type`."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return "form"
    return "json" if kind.endswith(("/json", "+json")) else "text"


def writes_json(source: str) -> bool:
    """Whether a template that is checked may write JSON for any event. Values of `data` and `feedback` that no sample
    has may be anything: each such value is taken for a number."""
    is_open = bool(names_in(source) & (OPEN | COMMON))
    may_be = False
    for facts in sample_facts():
        try:
            text, is_whole = _tried(source, facts, "")
            if _is_json(text):
                return True
            if text and is_whole:
                is_open = False  # with all its values it writes something else
            may_be = may_be or not text or _is_json(_tried(source, facts, "0")[0])
        except TemplateMistake:
            may_be = True
    return may_be and is_open


def render(source: str, event: Event, format_: Format) -> bytes:
    """The body. Raises TemplateMistake, also if the format is JSON and the rendered text is not JSON."""
    text = render_template(source, facts_of(event), ESCAPES[format_], missing_is_null=True)
    text = text if format_ == "text" else text.strip()
    if format_ == "json" and not _is_json(text):
        raise TemplateMistake(1, "NoJson", "the text is not JSON")
    return text.encode("utf-8", "replace")


def _tried(source: str, facts: Mapping[str, Any], missing: str) -> tuple[str, bool]:
    """The text with `missing` for each value that the sample does not have, and whether it has all."""
    lacking: list[None] = []

    def shown(value: Any) -> str:
        if value is None:
            lacking.append(value)
            return missing
        return _json(value)

    return render_template(source, facts, shown, missing_is_null=True).strip(), not lacking


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _json(value: Any) -> str:
    """A text is written without its quotes, because the template has them. The result of the filter `tojson` stays as
    it is."""
    if hasattr(value, "__html__"):
        return str(value)
    return javascript.dumps(value)[1:-1] if isinstance(value, str) else plain(value)


def _form(value: Any) -> str:
    return quote_plus(plain(value))


ESCAPES: Mapping[Format, Callable[[Any], str]] = {"json": _json, "form": _form, "text": plain}
