"""The requests that ABC User Feedback refuses, with its own messages. Pure: no request, no store."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.sandbox.abc_store import STATUSES, ChannelRow, FieldSpec

NAME_LIMIT = 30
DESCRIPTION_LIMIT = 50
RESERVED = ("id", "ids", "issues", "issueIds", "updatedAt")
MISSING: Any = object()


@dataclass(eq=False)
class Refusal(Exception):
    """An error answer. `message`: a text, a list of texts, or a domain error with its `code`; `response`: for errors
    that have this value instead."""

    status: int
    message: Any
    error: str = "Bad Request"
    response: str | None = field(default=None, kw_only=True)

    def as_answer(self, path: str) -> dict[str, Any]:
        if self.response is not None:
            return {"response": self.response, "path": path}
        if isinstance(self.message, dict):
            return {**self.message, "statusCode": self.status, "path": path}
        if self.status == 500:
            return {"statusCode": 500, "message": self.message}
        return {"message": self.message, "error": self.error, "statusCode": self.status, "path": path}


def server_fault() -> Refusal:
    """The answer to several mistakes of the client."""
    return Refusal(500, "Internal server error")


def number(text: str) -> int:
    if not text.isascii() or not text.removeprefix("-").isdigit():
        raise Refusal(400, "Validation failed (numeric string is expected)")
    return int(text)


def length(text: str) -> int:
    """The length as ABC's validator counts it (isLength 13.15.26, measured): in UTF-16 units, but a surrogate pair
    counts as one, and a variation selector after another unit as zero."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    units = "".join(chr(int.from_bytes(encoded[at : at + 2], "little")) for at in range(0, len(encoded), 2))
    pairs = re.findall(r"[\ud800-\udbff][\udc00-\udfff]", units)
    selectors = re.findall(r"[^\ufe0e\ufe0f][\ufe0e\ufe0f]", units)
    return len(units) - len(pairs) - len(selectors)


def issue_values(body: Any, *, creation: bool) -> dict[str, Any]:
    """The values to store, without unknown keys. Raises Refusal with all messages of the validator."""
    body = body if isinstance(body, Mapping) else {}
    name, description = body.get("name", MISSING), body.get("description", MISSING)
    status, external = body.get("status", MISSING), body.get("externalIssueId", MISSING)
    problems: list[str] = []
    if not (description is None or (creation and description is MISSING)):
        if not isinstance(description, str) or length(description) > DESCRIPTION_LIMIT:
            problems.append(f"description must be shorter than or equal to {DESCRIPTION_LIMIT} characters")
        if not isinstance(description, str):
            problems.append("description must be a string")
    if not isinstance(name, str) or length(name) > NAME_LIMIT:
        problems.append(f"name must be shorter than or equal to {NAME_LIMIT} characters")
    if not isinstance(name, str) or not name:
        problems.append("name must be longer than or equal to 1 characters")
    if not isinstance(name, str):
        problems.append("name must be a string")
    if status not in (MISSING, None, *STATUSES):
        problems.append(f"status must be one of the following values: {', '.join(STATUSES)}")
    if external not in (MISSING, None) and not isinstance(external, str):
        problems.append("externalIssueId must be a string")
    if problems:
        raise Refusal(400, problems)
    if status is None:
        raise server_fault()
    values = {
        "name": name,
        "description": None if description is MISSING else description,
        "status": "INIT" if status is MISSING else status,
    }
    return values if external is MISSING else {**values, "externalIssueId": external}


def new_feedback_problem(channel: ChannelRow, data: Mapping[str, Any]) -> str | None:
    """ABC's message if it refuses a new feedback; None if it accepts the feedback."""
    for key, value in data.items():
        if key in RESERVED:
            return f"reserved field key is unavailable: {key}"
        spec = channel.fields.get(key)
        if spec is None:
            return f"invalid field key: {key}"
        if not _fits(spec, value) or not _options_known(spec, value):
            shown = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            return f"invalid value: (value: {shown}, type: {spec.format}, fieldKey: {key})"
    return None


def set_feedback_values(channel: ChannelRow | None, values: Any) -> None:
    """Checks an update: all values, or none. An unknown option is not a mistake here: it is added to the channel.

    Raises Refusal.
    """
    if isinstance(values, list):
        values = {str(index): value for index, value in enumerate(values)}
    if not isinstance(values, Mapping):
        values = {}
    specs = channel.fields if channel is not None else {}
    for key in values:
        spec = specs.get(key)
        if spec is None:
            raise Refusal(400, "invalid field name")
        if spec.property == "READ_ONLY":
            raise Refusal(400, "this field is read-only")
        if spec.status == "INACTIVE":
            raise Refusal(400, "this field is disabled")
    for key, value in values.items():
        if specs[key].format == "multiSelect" and not isinstance(value, list):
            raise server_fault()
        if not _fits(specs[key], value):
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            raise Refusal(400, f"{key}: invalid value (value: {shown}, format: {specs[key].format})")
    for key, value in values.items():
        _learn_options(specs[key], value)


def _fits(spec: FieldSpec, value: Any) -> bool:
    match spec.format:
        case "text" | "keyword" | "aiField":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "select" | "date":
            return value is None or isinstance(value, str)
        case _:  # multiSelect, images
            return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _chosen(spec: FieldSpec, value: Any) -> list[str]:
    if spec.format == "multiSelect":
        return list(value)
    return [value] if spec.format == "select" and value is not None else []


def _options_known(spec: FieldSpec, value: Any) -> bool:
    return all(option in spec.options for option in _chosen(spec, value))


def _learn_options(spec: FieldSpec, value: Any) -> None:
    spec.options += [option for option in _chosen(spec, value) if option not in spec.options and spec.key != "issues"]
