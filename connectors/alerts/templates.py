"""The operator's text of an alert, instead of the built-in one (`<ALERT>_TEMPLATE`). Pure.

A template sees what a filter sees (docs/configuration.md), the built-in sentence as `text`, and `ticket` (`label`,
`url`).
"""

from __future__ import annotations

from typing import Any

from bridge.templates import check_names, render_template, unfolded
from bridge.text import inert, is_blank, without_controls
from connectors.alerts.contents import Alert, Ticket
from sources.base import Event
from sources.facts import NAMES, facts_of

KNOWN = NAMES | {"text"}


def check_template(source: str | None) -> str | None:
    """The template with its line breaks. Raises TemplateMistake, so that a mistake is reported at the start."""
    if source is None:
        return None
    source = unfolded(source)
    check_names(source, KNOWN)
    return source


def from_template(source: str, event: Event, built_in: Alert, ticket: Ticket) -> Alert | None:
    """The alert with the template's text; None where that is empty. What the template puts in stands on one line, so
    that a text of a user can't pass for another line of the message. Raises TemplateMistake."""
    facts = facts_of(event)
    # Of an event of a ticket system also what filters see of its ticket.
    shown = {**(facts["ticket"] or {}), "label": ticket.label, "url": ticket.url}
    values = {**facts, "text": built_in.sentence, "ticket": shown}
    text = without_controls(render_template(source, values, _one_line)).strip()
    return None if is_blank(text) else Alert(text, status=built_in.status)


def _one_line(value: Any) -> str:
    return "" if value is None else inert(str(value))
