"""What the routes of the stand-ins have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request


def add(routes: Blueprint, rule: str, **views: Callable[..., Any]) -> None:
    """An address, with the view of each method: `add(routes, "/issues", GET=issues, POST=create)`."""
    for method, view in views.items():
        routes.add_url_rule(rule, f"{method} {rule}".replace(".", ""), view, methods=[method])


def json_object(otherwise: Exception) -> dict[str, Any]:
    """The JSON object of a request. Raises `otherwise` where there is none."""
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise otherwise
    return given


class Refusal(Exception):
    """What a stand-in answers instead of a success."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.body, self.headers = status, body, headers
        super().__init__(f"{status} {body}")


def blueprint_of(system: str) -> Blueprint:
    """For the routes of a stand-in: a Refusal in a view is its answer."""
    routes = Blueprint(system, __name__)
    routes.register_error_handler(Refusal, lambda it: json_answer(it.status, it.body, it.headers))
    return routes


def parsed(raw: bytes, otherwise: Exception) -> Any:
    """The JSON value of a body. Raises `otherwise` where it is none."""
    try:
        return json.loads(raw)
    except ValueError:
        raise otherwise from None


def json_answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, headers, content_type="application/json")
