"""Jira's answers, in the shapes that we count on. Pure.

Every reader raises ValueError, KeyError, TypeError or AttributeError for an answer of another shape; the port turns
these into NoAnswer. Texts are bounded: a status name of a megabyte would end up in records.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from connectors.tickets.base import Comment, Created, Ticket

T = TypeVar("T")

# Capital letters, digits and underscores (https://confluence.atlassian.com/adminjiraserver/changing-the-project-key-format-938847081.html)
KEY = re.compile(r"[A-Z][A-Z0-9_]{0,254}-[1-9][0-9]{0,17}")
ID = re.compile(r"[0-9]{1,20}")
LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Account:
    """Who did something. Cloud shows `id` (accountId), Data Center `key` and `name`; all are empty for nobody."""

    id: str = ""
    key: str = ""
    name: str = ""
    shown: str = ""

    def is_same(self, other: Account) -> bool:
        """Never by display name or e-mail address, which people choose for themselves."""
        for mine, theirs in ((self.id, other.id), (self.key, other.key), (self.name, other.name)):
            if mine or theirs:
                return mine == theirs
        return False

    def is_named_in(self, names: Sequence[str]) -> bool:
        return any(own in names for own in (self.id, self.key, self.name) if own)


@dataclass(frozen=True, slots=True)
class Status:
    id: str
    name: str
    category: str
    """`new`, `indeterminate` or `done`, in every language."""


@dataclass(frozen=True, slots=True)
class Transition:
    id: str
    to: Status
    required: Mapping[str, tuple[str, ...]]
    """Fields that it needs and has no default for, with the ids of the values that they allow."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An issue type or a priority. `names`: as the account sees it, and untranslated where Jira has that."""

    id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScreenField:
    """A field of the create screen."""

    id: str
    name: str
    required: bool
    choices: tuple[Choice, ...] = field(default=())


def created(raw: Any) -> Created:
    return Created(_id(raw["id"]), _key(raw["key"]))


def ticket(raw: Any, marker_field: str | None) -> Ticket:
    """Its markers are its labels and the value of the marker field; its detail is its Status."""
    fields = raw["fields"]
    labels = fields.get("labels") or []
    texts = [*labels, fields.get(marker_field) if marker_field else None]
    return Ticket(
        _id(raw["id"]),
        _key(raw["key"]),
        (at := status(fields["status"])).name,
        tuple(text for text in texts if isinstance(text, str)),
        # `creator` can't be changed by anybody, `reporter` can: only where Jira shows no creator.
        account(fields.get("creator") or fields.get("reporter")),
        moment(fields.get("created")),
        at,
        moment(fields.get("updated")),
    )


def comment(raw: Any) -> Comment:
    """Raises TypeError for a body that is no text: read as empty it would hide our marker, and we would comment
    again."""
    if not isinstance(raw["body"], str):
        raise TypeError("no text")
    return Comment(raw["body"], account(raw.get("author")), moment(raw.get("created")))


def moved_at(raw: Any) -> float:
    """When this entry of a ticket's history changed its status; 0 where it changed something else."""
    changed = any(item.get("field") == "status" for item in raw["items"])
    return moment(raw["created"]) if changed else 0.0


def status(raw: Any) -> Status:
    category = raw.get("statusCategory")
    key = category.get("key") if isinstance(category, dict) else ""
    return Status(_id(raw["id"]), _name(raw["name"]), key if isinstance(key, str) else "")


def transition(raw: Any) -> Transition:
    fields = raw.get("fields")
    required = {
        name: tuple(each(lambda value: _id(value["id"]), _list(shown.get("allowedValues"))))
        for name, shown in (fields.items() if isinstance(fields, dict) else ())
        if isinstance(shown, dict) and shown.get("required") and not shown.get("hasDefaultValue")
    }
    return Transition(_id(raw["id"]), status(raw["to"]), required)


def account(raw: Any) -> Account:
    if not isinstance(raw, dict):
        return Account()
    found = {name: value for name, value in raw.items() if isinstance(value, str)}
    shown = found.get("displayName", "")[:LONGEST_NAME]
    return Account(found.get("accountId", ""), found.get("key", ""), found.get("name", ""), shown)


def choice(raw: Any) -> Choice:
    names = [raw.get("name"), raw.get("untranslatedName")]
    return Choice(_id(raw["id"]), tuple(dict.fromkeys(_name(name) for name in names if name)))


def screen_field(raw: Any) -> ScreenField:
    required = bool(raw.get("required")) and not raw.get("hasDefaultValue")
    choices = each(choice, _list(raw.get("allowedValues")))
    name = str(raw.get("name", ""))[:LONGEST_NAME]
    return ScreenField(str(raw.get("fieldId") or raw["key"]), name, required, tuple(choices))


def items(raw: Any, *names: str) -> list[Any]:
    """The list that is under the first of `names` that the answer has: Cloud and Data Center name it differently."""
    for name in names:
        if isinstance(raw.get(name), list):
            return list(raw[name])
    raise ValueError(f"no list under {', '.join(names)}")


def each(read: Callable[[Any], T], raws: list[Any]) -> list[T]:
    """What can be read of a list: one odd item does not lose the others. Not for tickets and comments, where each one
    counts."""
    found = []
    for raw in raws:
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            found.append(read(raw))
    return found


def moment(text: Any) -> float:
    """Seconds since 1970; 0 for what is no time."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        return 0.0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _id(value: Any) -> str:
    # Cloud and Data Center write ids as texts; a number is as clear.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not ID.fullmatch(text):
        raise ValueError("no id")
    return text


def _key(value: Any) -> str:
    if not isinstance(value, str) or not KEY.fullmatch(value):
        raise ValueError("no key of a ticket")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("no name")
    return value[:LONGEST_NAME]
