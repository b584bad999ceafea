"""The description of the JSON API, made from what its endpoints declare."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bridge.version import VERSION

NEEDED_BY_ALL = (401, 404, 429, 503)
"""Answers that every request may get."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`answer`: the shape of the answer with `status`; `errors`: other answers, besides those that every request may
    get; `query` and `body`: the shapes of what it may hold. Shapes are names in console/answers.py."""

    method: str
    path: str
    summary: str
    answer: str
    status: int = 200
    errors: tuple[int, ...] = ()
    query: str = ""
    body: str = ""


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """In OpenAPI 3.1."""
    from console import answers

    listed = tuple(endpoints)
    names = {name for end in listed for name in (end.answer, end.query, end.body) if name} | {"Error"}
    models: dict[str, type[BaseModel]] = {name: getattr(answers, name) for name in sorted(names)}
    modes = [(model, "serialization" if not name.endswith("Query") else "validation") for name, model in models.items()]
    _, made = models_json_schema(modes, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas: dict[str, Any] = made["$defs"]
    paths: dict[str, Any] = {}
    for end in listed:
        paths.setdefault(f"/api{end.path}", {})[end.method.lower()] = _operation(end, schemas)
    for name in [name for name in schemas if name.endswith("Query")]:
        del schemas[name]  # listed as parameters
    return {
        "openapi": "3.1.0",
        "info": {"title": "Feedback Bridge", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"password": {"type": "http", "scheme": "bearer", "description": "CONSOLE_PASSWORD"}},
        },
        "security": [{"password": []}],
    }


def _operation(end: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", end.path)
    ]
    if end.query:
        for name, schema in schemas[end.query]["properties"].items():
            known = {key: value for key, value in schema.items() if key not in ("title", "default") or value}
            about = {"description": known.pop("description")} if "description" in known else {}
            parameters.append({"name": name, "in": "query", "required": False, **about, "schema": known})
    made: dict[str, Any] = {
        "summary": end.summary,
        "responses": {
            str(end.status): _answer(end.status, end.answer),
            **{str(status): _answer(status, "Error") for status in sorted({*NEEDED_BY_ALL, *end.errors})},
        },
    }
    if parameters:
        made["parameters"] = parameters
    if end.body:
        made["requestBody"] = {"required": True, **_content(end.body)}
    return made


def _answer(status: int, shape: str) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, **_content(shape)}


def _content(shape: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}}
