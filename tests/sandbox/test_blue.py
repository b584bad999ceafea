"""The stand-in for Blue refuses what Blue refuses, mostly with status 200."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tools.sandbox.app import Sandbox
from tools.sandbox.blue import ORG, ORG_ID, TOKEN_ID, TOKEN_SECRET, WORKSPACE, WORKSPACE_ID
from tools.sandbox.server import running

SIGNED = {"blue-token-id": TOKEN_ID, "blue-token-secret": TOKEN_SECRET, "blue-org-id": ORG}
OLDER = {"X-Bloo-Token-ID": TOKEN_ID, "X-Bloo-Token-Secret": TOKEN_SECRET, "X-Bloo-Company-ID": ORG}
HERE = {**SIGNED, "blue-workspace-id": WORKSPACE}
CREATE = 'mutation { createTodo(input: {title: "x", tags: [{title: "abc-1"}]}) { id done todoList { title } } }'


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


def ask(sandbox: Sandbox, query: str, headers: dict[str, str] | None = None) -> Any:
    url, sent = f"{sandbox.url}/blue/graphql", HERE if headers is None else headers
    return requests.post(url, json={"query": query}, headers=sent, timeout=10, proxies={"http": ""})


def code(answer: Any) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


def filtered(sandbox: Sandbox, company: str, project: str, rest: str = 'tagTitles: ["abc-1"]') -> list[Any]:
    wanted = f'{{companyIds: ["{company}"], projectIds: ["{project}"], {rest}}}'
    answer = ask(sandbox, f"{{ todoQueries {{ todos(filter: {wanted}) {{ items {{ id }} }} }} }}")
    return list(answer.json()["data"]["todoQueries"]["todos"]["items"])


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        (SIGNED, ""),
        (OLDER, ""),
        ({}, "UNAUTHENTICATED"),
        ({**SIGNED, "blue-token-secret": "pat_another"}, "UNAUTHENTICATED"),
        ({**SIGNED, "blue-org-id": "another"}, "COMPANY_NOT_FOUND"),
    ],
)
def test_headers_of_both_generations(sandbox: Sandbox, headers: dict[str, str], refused: str) -> None:
    answer = ask(sandbox, "{ currentUser { id } }", headers)
    assert answer.status_code == 200
    assert code(answer) == refused if refused else "errors" not in answer.json()


def test_a_create_needs_the_header_of_the_workspace(sandbox: Sandbox) -> None:
    assert code(ask(sandbox, CREATE, SIGNED)) == "PROJECT_NOT_FOUND"
    made = ask(sandbox, CREATE).json()["data"]["createTodo"]
    assert (made["done"], made["todoList"]["title"]) == (False, "Inbox")
    assert sandbox.blue.created_count == 1


def test_what_the_schema_does_not_have_is_no_operation(sandbox: Sandbox) -> None:
    newer = CREATE.replace("createTodo", "createRecord")
    answer = ask(sandbox, newer)
    assert (answer.status_code, code(answer)) == (400, "GRAPHQL_VALIDATION_FAILED")
    sandbox.blue.newer = True
    assert "errors" not in ask(sandbox, newer).json()
    assert code(ask(sandbox, CREATE)) == "GRAPHQL_VALIDATION_FAILED"
    fields = ask(sandbox, "{ __schema { mutationType { fields { name } } } }").json()
    assert "createRecord" in [one["name"] for one in fields["data"]["__schema"]["mutationType"]["fields"]]


def test_a_filter_with_a_slug_shows_nothing_and_is_no_error(sandbox: Sandbox) -> None:
    ask(sandbox, CREATE)
    assert len(filtered(sandbox, ORG_ID, WORKSPACE_ID)) == 1
    assert filtered(sandbox, ORG, WORKSPACE_ID) == []
    assert filtered(sandbox, ORG_ID, WORKSPACE) == []


def test_a_done_record_is_shown_where_asked_for(sandbox: Sandbox) -> None:
    ask(sandbox, CREATE)
    (record,) = sandbox.blue.records.values()
    record.done = True
    assert filtered(sandbox, ORG_ID, WORKSPACE_ID) == []
    assert len(filtered(sandbox, ORG_ID, WORKSPACE_ID, 'tagTitles: ["abc-1"], showCompleted: true')) == 1


def test_the_change_for_one_record_toggles_and_that_for_many_sets(sandbox: Sandbox) -> None:
    id = ask(sandbox, CREATE).json()["data"]["createTodo"]["id"]
    toggle = f'mutation {{ updateTodoDoneStatus(todoId: "{id}") {{ done }} }}'
    shown = [ask(sandbox, toggle).json()["data"]["updateTodoDoneStatus"]["done"] for _ in range(3)]
    assert shown == [True, False, True]
    where = f'{{companyIds: ["{ORG_ID}"], todoIds: ["{id}"]}}'
    for _ in range(2):
        ask(sandbox, f"mutation {{ updateTodos(input: {{done: false, filter: {where}}}) }}")
        assert not sandbox.blue.records[id].done
    sandbox.blue.bulk.most = 0
    answer = ask(sandbox, f"mutation {{ updateTodos(input: {{done: true, filter: {where}}}) }}")
    assert (answer.status_code, "rate limit" in answer.json()["errors"][0]["message"]) == (200, True)


@pytest.mark.parametrize(
    ("level", "create", "comment"),
    [("MEMBER", "", ""), ("COMMENT_ONLY", "FORBIDDEN", ""), ("VIEW_ONLY", "FORBIDDEN", "FORBIDDEN")],
)
def test_access_levels(sandbox: Sandbox, level: str, create: str, comment: str) -> None:
    id = ask(sandbox, CREATE).json()["data"]["createTodo"]["id"]
    sandbox.blue.workspaces[0].level = level
    about = f'{{html: "<p>x</p>", text: "x", category: TODO, categoryId: "{id}"}}'
    asked = (CREATE, create), (f"mutation {{ createComment(input: {about}) {{ id }} }}", comment)
    for query, refused in asked:
        answer = ask(sandbox, query)
        assert code(answer) == refused if refused else "errors" not in answer.json()


def test_a_record_that_may_not_be_seen_is_not_found(sandbox: Sandbox) -> None:
    id = ask(sandbox, CREATE).json()["data"]["createTodo"]["id"]
    sandbox.blue.workspaces[0].level = None
    assert code(ask(sandbox, f'{{ todo(id: "{id}") {{ id }} }}')) == "TODO_NOT_FOUND"
    assert filtered(sandbox, ORG_ID, WORKSPACE_ID) == []


def test_too_many_requests_are_refused_without_graphql(sandbox: Sandbox) -> None:
    sandbox.blue.requests_left = 0
    answer = ask(sandbox, "{ currentUser { id } }")
    assert (answer.status_code, answer.json()["error"], answer.headers["Retry-After"]) == (429, "RATE_LIMITED", "12")


def test_a_fault_can_be_ordered_for_one_operation(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="blue", path="/createTodo$", status=503)
    assert ask(sandbox, "{ currentUser { id } }").status_code == 200
    assert ask(sandbox, CREATE).status_code == 503
    assert ask(sandbox, CREATE).status_code == 200
