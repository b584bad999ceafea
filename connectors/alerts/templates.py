"""The operator's templates for alerts, instead of the built-in texts (`<ALERT>_TEMPLATE`, `<ALERT>_DIGEST_TEMPLATE`).
Pure.

A template can use the same values as a filter (docs/configuration.md), the built-in sentence as `text`, and `ticket`
(`label`, `url`). A value that an event does not have is null, and inserts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from bridge.templates import checked_for_any, render_template
from bridge.text import inert, is_blank, without_controls
from connectors.alerts.contents import Ticket
from sources.base import Event
from sources.facts import OPEN, facts_of, sample_facts


def _checked(source: str) -> str:
    samples = (_values(facts, "text", Ticket("1")) for facts in sample_facts())
    return checked_for_any(source, samples, OPEN)


Template = Annotated[str, AfterValidator(_checked)]


def from_template(source: str, event: Event, sentence: str, ticket: Ticket) -> str:
    """The text; "" if it has no visible characters. Inserted values are on one line, so that a user's text can't
    imitate another line of the message. Raises TemplateMistake."""
    values = _values(facts_of(event), sentence, ticket)
    text = without_controls(render_template(source, values, _one_line, missing_is_null=True)).strip()
    return "" if is_blank(text) else text


def _values(facts: Mapping[str, Any], sentence: str, ticket: Ticket) -> dict[str, Any]:
    # For an event of a ticket system, `ticket` also has the values that filters can use.
    shown = {**(facts["ticket"] or {}), "label": ticket.label, "url": ticket.url}
    return {**facts, "text": sentence, "ticket": shown}


def _one_line(value: Any) -> str:
    return "" if value is None else inert(str(value))
