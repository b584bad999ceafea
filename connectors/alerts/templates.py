"""The operator's texts of an alert, instead of the built-in ones (`<ALERT>_TEMPLATE`, `<ALERT>_DIGEST_TEMPLATE`). Pure.

A template sees what a filter sees (docs/configuration.md), the built-in sentence as `text`, and `ticket` (`label`,
`url`).
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
    """The text; "" where nothing of it can be seen. What the template puts in stands on one line, so that a text of a
    user can't pass for another line of the message. Raises TemplateMistake."""
    facts = facts_of(event)
    # Of an event of a ticket system also what filters see of its ticket.
    shown = {**(facts["ticket"] or {}), "label": ticket.label, "url": ticket.url}
    values = {**facts, "text": sentence, "ticket": shown}
    text = without_controls(render_template(source, values, _one_line)).strip()
    return "" if is_blank(text) else text


def _one_line(value: Any) -> str:
    return "" if value is None else inert(str(value))
