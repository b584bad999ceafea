"""Advice for an issue tracker's refusals: the variable or permission that a person must correct. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from bridge.http import Answer
from connectors.answers import Messages
from connectors.tickets.rest import messages_in
from connectors.tickets.settings import IssueSettings


@dataclass(frozen=True, slots=True)
class Advice:
    """`container`: the tracker's name for a container; `broken`: what may be wrong with the token; `needed`: the
    required permission; `denied`: other reasons for a 403; `known`, `fields`: the parts of an answer that may be
    recorded."""

    container: str
    broken: str
    needed: str
    denied: str
    known: Messages
    fields: Collection[str]
    more: Mapping[int, str] = field(default_factory=dict)
    """Advice by HTTP status; `{}` is the variable of the containers."""
    named: Callable[[Answer], str] = lambda _answer: ""
    """Finds the permission that an answer names."""

    def explain(self, settings: IssueSettings, answer: Answer) -> str:
        token, variable = settings.variable("token"), settings.variable(settings.CONTAINER)
        if answer.status < 400:
            advice = f"the {self.container} was renamed or moved: correct {variable}"
        else:
            advice = {
                401: f"the token is {self.broken}: renew {token}",
                403: f"{token} lacks a permission{self.named(answer)}: {self.needed}; or {self.denied}",
                404: f"{variable} is wrong, or {token} has no access to that {self.container}: {self.needed}",
            }.get(answer.status, self.more.get(answer.status, "").format(variable))
        return "; ".join(filter(None, [advice, *messages_in(answer, self.known, self.fields)]))
