"""The common parts of the stand-ins' routes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request


def add(routes: Blueprint, rule: str, **views: Callable[..., Any]) -> None:
    """Adds an address with a view for each method: `add(routes, "/issues", GET=issues, POST=create)`."""
    for method, view in views.items():
        routes.add_url_rule(rule, f"{method} {rule}".replace(".", ""), view, methods=[method])


def json_object(otherwise: Exception) -> dict[str, Any]:
    """The JSON object of a request. Raises `otherwise` if there is none."""
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise otherwise
    return given


class Refusal(Exception):
    """The answer of a stand-in to a request that it refuses."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.body, self.headers = status, body, headers
        super().__init__(f"{status} {body}")


def blueprint_of(system: str) -> Blueprint:
    """A blueprint for the routes of a stand-in. If a view raises a Refusal, this is the answer."""
    routes = Blueprint(system, __name__)
    routes.register_error_handler(Refusal, lambda it: json_answer(it.status, it.body, it.headers))
    return routes


def parsed(raw: bytes, otherwise: Exception) -> Any:
    """The JSON value of a body. Raises `otherwise` if the body is not JSON."""
    try:
        return json.loads(raw)
    except ValueError:
        raise otherwise from None


def json_answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, headers, content_type="application/json")
