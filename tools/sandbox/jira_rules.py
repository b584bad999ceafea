"""The values that Jira refuses in a ticket, and the part of JQL that the bridge needs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SUMMARY_LIMIT = 255
TEXT_LIMIT = 32_767
LABEL_LIMIT = 255
SYSTEM_FIELDS = {
    "project": ("project", True),
    "issuetype": ("issuetype", True),
    "summary": ("string", True),
    "description": ("string", False),
    "labels": ("array", False),
    "priority": ("priority", False),
    "assignee": ("user", False),
    "reporter": ("user", False),
    "duedate": ("date", False),
    "components": ("array", False),
}


@dataclass
class Transition:
    """A transition from some statuses (`sources` None: from any) to `target`. `resolution`: whether its screen requires
    one."""

    id: str
    name: str
    target: str
    sources: tuple[str, ...] | None = None
    resolution: bool = False


@dataclass
class Rules:
    """The configuration of a test's Jira."""

    issue_types: dict[str, str] = field(default_factory=lambda: {"10001": "Task", "10002": "Bug", "10003": "Story"})
    shown_issue_types: dict[str, str] = field(default_factory=dict)
    """Id -> the name in the account's language, if it differs. Jira shows this name, but a create accepts only the
    untranslated name or the id."""
    priorities: dict[str, str] = field(default_factory=lambda: {"1": "Highest", "2": "High", "3": "Medium", "4": "Low"})
    statuses: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {
            "1": ("To Do", "new"),
            "3": ("In Progress", "indeterminate"),
            "4": ("In Review", "indeterminate"),
            "5": ("Done", "done"),
        }
    )
    """Id -> name and category (new, indeterminate, done). A localised status only has another name."""
    transitions: list[Transition] = field(
        default_factory=lambda: [
            Transition("11", "To Do", "1"),
            Transition("21", "In Progress", "3"),
            Transition("31", "In Review", "4", ("3",)),
            Transition("41", "Done", "5", resolution=False),
        ]
    )
    custom_fields: dict[str, str] = field(default_factory=lambda: {"customfield_10010": "Team"})
    required_fields: set[str] = field(default_factory=set)
    """Custom fields that every create must fill."""
    labels_on_screen: bool = True
    first_status: str = "1"

    def kinds(self) -> list[dict[str, str]]:
        """The issue types, as Jira shows them."""
        names = self.issue_types.items()
        return [
            {"id": key, "name": self.shown_issue_types.get(key, name), "untranslatedName": name} for key, name in names
        ]


def creation_errors(rules: Rules, projects: Mapping[str, str], fields: Mapping[str, Any]) -> dict[str, str]:
    """The errors of a create, by field; empty if it is accepted. `projects`: key -> id."""
    errors: dict[str, str] = {}
    project = fields.get("project")
    if not isinstance(project, Mapping) or not _known(project, projects, "key"):
        errors["project"] = "Specify a valid project ID or key"
    kind = fields.get("issuetype")
    if not isinstance(kind, Mapping) or not _known(
        kind, {name: key for key, name in rules.issue_types.items()}, "name"
    ):
        errors["issuetype"] = "Specify a valid issue type"
    if not str(fields.get("summary") or "").strip():
        errors["summary"] = "You must specify a summary of the issue."
    for name in sorted(rules.required_fields):
        if fields.get(name) in (None, "", []):
            errors[name] = f"{rules.custom_fields.get(name, name)} is required."
    return {**edit_errors(rules, fields), **errors}


def edit_errors(rules: Rules, fields: Mapping[str, Any]) -> dict[str, str]:
    """The errors of the values, by field."""
    errors: dict[str, str] = {}
    for name, value in fields.items():
        on_screen = name in SYSTEM_FIELDS or name in rules.custom_fields
        if not on_screen or (name == "labels" and not rules.labels_on_screen):
            errors[name] = f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
        elif name == "summary":
            errors |= _summary_errors(value)
        elif name == "description" and value is not None:
            errors |= _description_errors(value)
        elif name == "labels":
            errors |= _label_errors(value)
        elif name == "priority" and value is not None:
            known = {label: key for key, label in rules.priorities.items()}
            if not isinstance(value, Mapping) or not _known(value, known, "name"):
                errors["priority"] = (
                    "Priority name is not valid" if "name" in (value or {}) else "Specify a valid priority"
                )
    return errors


def _known(value: Mapping[str, Any], ids_by_name: Mapping[str, str], name: str) -> bool:
    if name in value:
        return value[name] in ids_by_name
    return str(value.get("id", "")) in ids_by_name.values()


def _summary_errors(value: Any) -> dict[str, str]:
    if not isinstance(value, str):
        return {"summary": "Operation value must be a string"}
    if not value.strip():
        return {"summary": "You must specify a summary of the issue."}
    if "\n" in value or "\r" in value:
        return {"summary": "The summary is invalid because it contains newline characters."}
    if _units(value) > SUMMARY_LIMIT:
        return {"summary": f"Summary can't exceed {SUMMARY_LIMIT} characters."}
    return {}


def _description_errors(value: Any) -> dict[str, str]:
    if not isinstance(value, str):
        return {"description": "Operation value must be a string"}
    return {"description": text_problem(value)} if text_problem(value) else {}


def text_problem(text: str) -> str:
    """The problem of a description or a comment; "" if there is none."""
    if _units(text) > TEXT_LIMIT:
        return f"The entered text is too long. It exceeds the allowed limit of {TEXT_LIMIT:,} characters."
    return ""


def _label_errors(value: Any) -> dict[str, str]:
    if not isinstance(value, list):
        return {"labels": "data was not an array"}
    for label in value:
        if not isinstance(label, str):
            return {"labels": "string expected at index 0"}
        if re.search(r"\s", label):
            return {"labels": f"The label '{label}' contains spaces which is invalid."}
        if _units(label) > LABEL_LIMIT:
            return {
                "labels": f"The label '{label[:20]}…' exceeds the maximum length for single labels of {LABEL_LIMIT}."
            }
    return {}


def _units(text: str) -> int:
    """Characters as Java counts them: UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class JqlError(ValueError):
    """JQL that Jira, or this stand-in, does not accept."""


CLAUSE = re.compile(
    r"""\s*(?P<field>[A-Za-z]+|"[^"]+"|cf\[\d+\])\s*(?P<op>=|~|in\b|>=|is\s+not\b)\s*
        (?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\([^)]*\)|[^\s()]+)\s*""",
    re.VERBOSE | re.IGNORECASE,
)
SUPPORTED = ("project", "labels", "key", "issuekey", "id", "issue", "status", "created", "updated")


def parse_jql(jql: str) -> list[tuple[str, list[str]]]:
    """The conditions of a query: `field = value` and `field in (…)`, joined by AND. Raises JqlError for other JQL."""
    text = re.split(r"\border\s+by\b", jql, flags=re.IGNORECASE)[0].strip()
    clauses: list[tuple[str, list[str]]] = []
    while text:
        match = CLAUSE.match(text)
        if match is None or not _supported(match["field"].strip('"').lower(), match["op"]):
            raise JqlError(f"Error in the JQL Query: the part '{text[:40]}' is not understood.")
        clauses.append((match["field"].strip('"').lower(), _values(match["value"])))
        text = text[match.end() :]
        if text:
            joined = re.match(r"AND\b", text, re.IGNORECASE)
            if joined is None:
                raise JqlError(f"Error in the JQL Query: expecting AND before '{text[:40]}'.")
            text = text[joined.end() :]
            if not text.strip():
                raise JqlError("Error in the JQL Query: it ends with AND.")
    return clauses


def _supported(name: str, operator: str) -> bool:
    """Whether the operator works for the field: text fields accept only `~`, as in Jira."""
    return operator == "~" if name.startswith("cf[") else name in SUPPORTED and operator != "~"


def _values(text: str) -> list[str]:
    if text.startswith("("):
        return [value for part in re.findall(r'"(?:[^"\\]|\\.)*"|[^,\s]+', text[1:-1]) for value in _values(part)]
    if text[0] in "\"'" and text[-1] == text[0]:
        return [re.sub(r"\\(.)", r"\1", text[1:-1])]
    return [text]
