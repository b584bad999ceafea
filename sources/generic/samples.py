"""A sample of a generic source: its events are named by the operator's paths."""

from __future__ import annotations

import json
from typing import Any

from sources.base import Sample
from sources.generic.settings import GenericSettings


def sample(source: str, settings: GenericSettings, name: str) -> Sample:
    """A request in which the paths lead to the name and to an id."""
    body: dict[str, Any] = {"sample": True}
    headers: dict[str, str] = {}
    for path, value in ((settings.event, name.removeprefix(f"{source}.")), (settings.id, "sample-1")):
        start, _, rest = (path or "").partition(".")
        if start == "header":
            headers[rest] = value
        elif start == "body":
            _put(body, rest.split("."), value)
    return Sample(json.dumps(body).encode(), headers)


def _put(body: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        body = body.setdefault(key, {})
    body[keys[-1]] = value
