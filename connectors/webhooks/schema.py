"""The JSON Schema of a webhook's body: `python -m connectors.webhooks.schema >docs/event-schema.json`."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from connectors.webhooks.body import Body
from sources.abc.models import NAME, Feedback, Issue, Named
from sources.abc.samples import DATA

PARTS: dict[str, dict[str, Any]] = {
    "feedback": {"$ref": "#/$defs/Feedback"},
    "issue": {"$ref": "#/$defs/Issue"},
    "addedIssue": {"$ref": "#/$defs/Issue"},
    "channel": {"$ref": "#/$defs/Named"},
    "project": {"$ref": "#/$defs/Named"},
    "previousStatus": {"type": "string"},
}
"""The schema of each part of ABC User Feedback's `data`."""


class _Untitled(GenerateJsonSchema):
    """Leaves out the title of each property, which only repeats its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def schema() -> dict[str, Any]:
    """The schema of every event; it describes `data` in detail for the four events of ABC User Feedback."""
    _, abc = models_json_schema(
        [(model, "validation") for model in (Issue, Feedback, Named)], schema_generator=_Untitled
    )
    data = {
        name: {"type": "object", "properties": {part: PARTS[part] for part in parts}, "required": list(parts)}
        for name, parts in DATA.items()
    }
    details = [
        {
            "if": {"properties": {"source": {"const": NAME}, "type": {"const": name}}},
            "then": {"properties": {"data": {"$ref": f"#/$defs/{name}"}}},
        }
        for name in DATA
    ]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {
        **head,
        **Body.model_json_schema(schema_generator=_Untitled),
        "allOf": details,
        "$defs": {**abc["$defs"], **data},
    }


def text() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False).replace("\\n", " ") + "\n"


if __name__ == "__main__":
    print(text(), end="")
