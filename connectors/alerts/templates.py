"""The operator's templates for alerts, instead of the built-in texts (`<ALERT>_TEMPLATE`, `<ALERT>_DIGEST_TEMPLATE`).
Pure.

A template can use the same values as a filter (docs/configuration.md), the built-in sentence as `text`, and `ticket`
(`label`, `url`).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator

from bridge.templates import checked, render_template
from bridge.text import inert, is_blank, without_controls
from connectors.alerts.contents import Ticket
from sources.base import Event
from sources.facts import facts_of, sample_facts


def _checked(source: str) -> str:
    return checked(source, {**sample_facts(), "text": "text", "ticket": {"label": "1", "url": ""}}, is_open=True)


Template = Annotated[str, AfterValidator(_checked)]


def from_template(source: str, event: Event, sentence: str, ticket: Ticket) -> str:
    """The text; "" if it has no visible characters. Inserted values are on one line, so that a user's text can't
    imitate another line of the message. Raises TemplateMistake."""
    facts = facts_of(event)
    # For an event of a ticket system, `ticket` also has the values that filters can use.
    shown = {**(facts["ticket"] or {}), "label": ticket.label, "url": ticket.url}
    values = {**facts, "text": sentence, "ticket": shown}
    text = without_controls(render_template(source, values, _one_line)).strip()
    return "" if is_blank(text) else text


def _one_line(value: Any) -> str:
    return "" if value is None else inert(str(value))
