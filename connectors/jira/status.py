"""Which way leads a ticket to the status that ABC's status stands for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.jira.shapes import Status, Transition

# Jira's three categories by their English names; the keys are the same in every language.
CATEGORIES = {"to do": "new", "in progress": "indeterminate", "done": "done"}


def is_at(status: Status, target: str) -> bool:
    """Whether the status is the one that JIRA_STATUS_MAP names, by id or by name."""
    return status.id == target or status.name.casefold() == target.casefold()


def is_in_category(status: Status, target: str) -> bool:
    """Whether the status is of the category `target`; so that `Done` works where Jira uses another language."""
    name = target.casefold()
    return status.category != "" and status.category == CATEGORIES.get(name, name)


def way_to(target: str, transitions: Sequence[Transition]) -> Transition | None:
    """The transition into `target`: by the status's id or name, not by the transition's own (localised) name."""
    return next((transition for transition in transitions if is_at(transition.to, target)), None)


def way_into_category(target: str, transitions: Sequence[Transition]) -> Transition | None:
    return next((transition for transition in transitions if is_in_category(transition.to, target)), None)


def fields_for(transition: Transition, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Values for the fields that the transition needs, and the names of those that have none.

    `given` (JIRA_FIELDS) comes first. A resolution that is needed and not given is the first that Jira allows.
    """
    values: dict[str, Any] = {}
    missing: list[str] = []
    for name, allowed in transition.required.items():
        if name in given:
            values[name] = given[name]
        elif name == "resolution" and allowed:
            values[name] = {"id": allowed[0]}
        else:
            missing.append(name)
    return values, missing
