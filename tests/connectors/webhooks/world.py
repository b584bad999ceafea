"""What the tests of connectors that send webhooks share."""

from __future__ import annotations

from collections.abc import Callable

from connectors.webhooks.body import as_form, as_json, body_of
from connectors.webhooks.template import render
from sources.abc.events import parse
from sources.base import Event


def about(text: str) -> Event:
    """An event in which a person has typed `text`."""
    issue = {"id": 3, "name": text, "description": text, "status": "INIT", "createdAt": "2026-01-02T03:04:05.678Z"}
    return parse({"event": "ISSUE_CREATION", "data": {"issue": issue, "project": {"id": 1, "name": "앱"}}}, "default")


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "json": lambda text: as_json(body_of(about(text))),
    "form": lambda text: as_form(body_of(about(text))),
    "template": lambda text: render('{"name": "{{ issue.name }}", "all": {{ issue | tojson }}}', about(text), "json"),
    "form template": lambda text: render("name={{ issue.name }}", about(text), "form"),
}
