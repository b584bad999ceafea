"""What a Jira project calls its issue types and priorities: one resolver, for `flask check` and for new tickets alike.

Jira shows names in the account's language, and takes them in another one; an id is understood always.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.base import Failed
from connectors.jira.errors import JiraRefusal
from connectors.jira.port import JiraPort
from connectors.jira.settings import Settings
from connectors.jira.shapes import Choice
from connectors.tickets.base import Halt


def find(choices: Sequence[Choice], wanted: str) -> Choice | None:
    """By id, then by a name as it is written, then by a name in any spelling of capitals."""
    folded = wanted.casefold()
    by_id = [choice for choice in choices if choice.id == wanted]
    by_name = [choice for choice in choices if wanted in choice.names]
    by_any = [choice for choice in choices if folded in [name.casefold() for name in choice.names]]
    return next(iter(by_id or by_name or by_any), None)


def names_of(choices: Sequence[Choice]) -> str:
    return ", ".join(choice.names[0] for choice in choices if choice.names) or "none"


def unknown_type(settings: Settings, project: str, choices: Sequence[Choice]) -> str:
    """What is wrong where the issue type is not found."""
    if not choices:
        return f"project {project}: the account may create no ticket there: it lacks the permission CREATE_ISSUES"
    variable, wanted = settings.variable("issue_type"), settings.issue_type
    return f"{variable}: {project} has no '{wanted}' that the account may create; it has {names_of(choices)}"


class Catalog:
    """Asks Jira once for each project and process, and again after `forget`."""

    def __init__(self, settings: Settings, port: JiraPort) -> None:
        self._settings = settings
        self._port = port
        self._known: dict[str, tuple[dict[str, str], dict[str, str]]] = {}

    def kind(self, project: str) -> tuple[dict[str, str], dict[str, str]]:
        """The issue type and the priority of a new ticket, as its fields take them; no priority is {}.

        Raises Halt where the project has no such type.
        """
        known = self._known.get(project)
        if known is None:
            kind = self._type(project)
            known = self._known[project] = (kind, self._priority(project, kind))
        return known

    def forget(self, project: str) -> None:
        """After a refusal: what was known may be out of date."""
        self._known.pop(project, None)

    def _type(self, project: str) -> dict[str, str]:
        wanted = self._settings.issue_type
        try:
            choices = self._port.issue_types(project)
        except JiraRefusal as refusal:
            if refusal.status not in (400, 404):
                raise
            return _as_given(wanted)  # no such request (Jira before 8.4); a wrong value fails at the create
        found = find(choices, wanted)
        if found is None:
            raise Halt(Failed(unknown_type(self._settings, project, choices), "config" if choices else "auth"))
        return {"id": found.id}

    def _priority(self, project: str, kind: dict[str, str]) -> dict[str, str]:
        wanted = self._settings.priority
        if not wanted:
            return {}
        if "id" not in kind:
            return _as_given(wanted)
        fields = self._port.create_fields(project, kind["id"])
        choices = next((field.choices for field in fields if field.id == "priority"), ())
        found = find(choices, wanted)
        return {"id": found.id} if found else _as_given(wanted)


def _as_given(value: str) -> dict[str, str]:
    return {"id": value} if value.isdecimal() else {"name": value}
