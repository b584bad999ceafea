"""The description of the JSON API fits the API: requests that are made from it get the answers that it lists."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from redis import Redis
from schemathesis import GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import create_app
from connectors.base import Done, Failed
from console.answers import DeliveriesQuery, ReplayBody
from jobs.ledger.query import FILTERS, Query
from tests.jobs.world import Recorder, World, feedback_event, status_event
from tests.web import PASSWORD, Web
from tools.sandbox.processes import ROOT

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 6
"""Of each operation, in each of two modes."""


@pytest.fixture
def world(redis: Redis) -> World:
    """A dead letter, one that is done, and one that waits."""
    world = World(redis, {"slack": Recorder(answer=lambda _event, _context: Failed("refused", "config"))})
    world.accept(feedback_event(7))
    world.run()
    world.connectors["slack"].answer = lambda _event, _context: Done({"ts": "1"})
    world.accept(status_event(3, 1))
    world.run()
    world.accept(feedback_event(8))
    return world


def described(web: Web) -> dict[str, Any]:
    found: dict[str, Any] = web.get("/api/openapi.json").json
    return found


def test_requests_that_are_made_from_it_get_the_answers_that_it_lists(web: Web, world: World) -> None:
    schema = openapi.from_dict(described(web))
    schema.config.update(base_url=web.url)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 10
    session = requests.Session()
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(mode))
            def answers_fit(case: Any) -> None:
                case.call_and_validate(session=session, headers={"Authorization": f"Bearer {PASSWORD}"}, checks=CHECKS)

            answers_fit()


def test_every_filter_of_a_search_is_offered_everywhere() -> None:
    filters = set(FILTERS)
    assert filters == {field.name for field in fields(Query)} - {"limit", "cursor"}
    assert set(DeliveriesQuery.model_fields) == filters | {"limit", "cursor"}
    assert set(ReplayBody.model_fields) == filters | {"cursor", "rate", "id"}
    about = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").partition("## Finding deliveries")[2]
    assert filters <= set(re.findall(r"`(\w+)`", about.partition("With `state`")[0]))
    form = (ROOT / "console" / "templates" / "deliveries.html").read_text(encoding="utf-8")
    assert set(re.findall(r"{{ (?:text|choice)\('(\w+)'", form)) == filters
    commands = create_app({"WEBHOOK_TOKEN": "a-token-for-this-test", "REDIS_URL": "redis://127.0.0.1:9"}).cli.commands
    for name in ("events", "replay"):
        assert filters <= {option.name for option in commands[name].params}


def test_every_operation_is_on_the_page_and_nothing_else(web: Web) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    listed = re.findall(r"(?m)^\| `(GET|POST) (/api/[^`]*)` \|", page)
    paths = described(web)["paths"].items()
    known = {(method.upper(), re.sub(r"{\w+}", "<>", path)) for path, found in paths for method in found}
    assert {(method, re.sub(r"<\w+>", "<>", path)) for method, path in listed} == known


def test_it_lists_itself(web: Web) -> None:
    assert "/api/openapi.json" in described(web)["paths"]


def test_it_needs_the_password(web: Web) -> None:
    assert web.get("/api/openapi.json", ()).status == 401
