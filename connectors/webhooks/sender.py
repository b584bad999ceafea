"""The shared flow of connectors that send one request for each event."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

from bridge.http import Answer, NoAnswer
from bridge.templates import TemplateMistake
from connectors.answers import no_answer
from connectors.base import Context, Destination, Done, Failed, Outcome, Tools
from connectors.webhooks.answers import Advice, outcome_of
from sources.base import Event


class SenderSettings(Protocol):
    @property
    def rate(self) -> float: ...

    def variable(self, field: str) -> str:
        """The name of a field's variable, as the operator wrote it."""


S = TypeVar("S", bound=SenderSettings)
C = TypeVar("C")
"""The content of a request: bytes, or the columns of a record."""


class Sender(ABC, Generic[S, C]):
    """If the answer to a request was lost, it is sent again: the other side recognises the id of the delivery.

    A subclass builds the content and sends it. `advice`: the meaning of HTTP statuses, see `outcome_of`.
    """

    def __init__(self, settings: S, tools: Tools, advice: Advice) -> None:
        self._settings = settings
        self._tools = tools
        self._name = tools.name
        self._advice = advice

    def destination(self, event: Event) -> Destination:  # noqa: ARG002  there is one
        return Destination(self._name, self._settings.rate)

    def deliver(self, event: Event, context: Context) -> Outcome:
        if "done" in context.notes:
            return Done(context.notes["done"])  # a replay: the webhook was already sent
        content = self._content(event, context.delivery_id)
        if isinstance(content, Failed):
            return content
        context.keep()
        try:
            return self._sent(event, context.delivery_id, content)
        except NoAnswer as error:
            return no_answer(self._name, error)

    @abstractmethod
    def _content(self, event: Event, id_: str) -> C | Failed: ...

    @abstractmethod
    def _sent(self, event: Event, id_: str, content: C) -> Outcome:
        """Sends the content. `id_`: the id of the delivery. Raises NoAnswer."""

    def _outcome(self, answer: Answer) -> Outcome:
        return outcome_of(self._name, answer, self._advice, self._settings.variable("url"))

    def _wrong(self, field: str, mistake: TemplateMistake) -> Failed:
        """The outcome of a template that fails with this event. It does not quote the error's text, which may contain
        people's texts."""
        variable = self._settings.variable(field)
        return Failed(f"{variable}: {mistake.kind} in line {mistake.line} with this event", "config")
