"""The texts of a message about an event: built in, or from the operator's template."""

from __future__ import annotations

from bridge.service import Language
from bridge.templates import TemplateMistake
from bridge.text import inert
from connectors.alerts.contents import Alert, Ticket, alert, line, sentence
from connectors.alerts.settings import AlertSettings
from connectors.alerts.templates import from_template
from connectors.base import Failed, Skipped
from sources.base import Event


class Writer:
    """Writes in one language, for one system."""

    def __init__(self, settings: AlertSettings, language: Language, system: str) -> None:
        self._settings = settings
        self._language = language
        self._system = system

    def alert(self, event: Event, ticket: Ticket) -> Alert | Skipped | Failed:
        """The message about this one event."""
        built_in = alert(event, self._language, ticket, self._settings.feedback_field)
        if built_in is None:
            return Skipped(f"there is no {self._system} message for {event.name}")
        if not self._settings.template:
            return built_in
        own = self._own("template", event, built_in.sentence, ticket)
        return Alert(own, status=built_in.status) if isinstance(own, str) else own

    def line(self, event: Event, ticket: Ticket) -> str | Skipped | Failed:
        """The line of the event in a digest. An event that alone causes no message has no line either."""
        content = self.alert(event, ticket)
        if not isinstance(content, Alert):
            return content
        if not self._settings.digest_template:
            return line(event, self._language)
        own = self._own("digest_template", event, sentence(event, self._language) or "", ticket)
        return f"• {inert(own)}" if isinstance(own, str) else own

    def _own(self, field: str, event: Event, built_in: str, ticket: Ticket) -> str | Skipped | Failed:
        variable = self._settings.variable(field)
        try:
            text = from_template(getattr(self._settings, field), event, built_in, ticket)
        except TemplateMistake as mistake:
            # Without the error's own text, which may quote values, and so people's texts.
            return Failed(f"{variable}, line {mistake.line}: {mistake.kind} with the values of this event", "config")
        return text or Skipped(f"{variable} is empty for this event")
