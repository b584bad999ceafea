"""The operator's own template for the body of a webhook (`<CONNECTOR>_TEMPLATE`). Pure.

Inserted values are escaped for the format of the body, so that a user's text stays within its quotes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote_plus

from pydantic import AfterValidator

from bridge.templates import TemplateMistake, checked, render_template
from connectors.webhooks import javascript
from connectors.webhooks.body import plain
from sources.base import Event
from sources.facts import facts_of, sample_facts

Format = Literal["json", "form"]


def checked_for_events(source: str) -> str:
    """The template, with its line breaks. It can use the values that a filter can use. Raises TemplateMistake."""
    return checked(source, sample_facts(), is_open=True)


Template = Annotated[str, AfterValidator(checked_for_events)]


def render(source: str, event: Event, format_: Format) -> bytes:
    """The body. Raises TemplateMistake, also if the format is JSON and the rendered text is not JSON."""
    text = render_template(source, facts_of(event), ESCAPES[format_], missing_is_null=True).strip()
    if format_ == "json":
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            raise TemplateMistake(1, "NoJson", "the text is not JSON") from None
    return text.encode("utf-8", "replace")


def _json(value: Any) -> str:
    """A text is written without its quotes, because the template has them. The result of the filter `tojson` stays as
    it is."""
    if hasattr(value, "__html__"):
        return str(value)
    return javascript.dumps(value)[1:-1] if isinstance(value, str) else plain(value)


def _form(value: Any) -> str:
    return quote_plus(plain(value))


ESCAPES: Mapping[Format, Callable[[Any], str]] = {"json": _json, "form": _form}
