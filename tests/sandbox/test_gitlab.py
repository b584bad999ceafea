"""The stand-in for GitLab refuses what GitLab refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tools.sandbox.app import Sandbox
from tools.sandbox.gitlab import GUEST, OTHER, PROJECT, TOKEN
from tools.sandbox.server import running

ISSUES = "/v4/projects/acme%2Fapp/issues"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


def ask(sandbox: Sandbox, method: str, path: str, headers: dict[str, Any] | None = None, **more: Any) -> Any:
    sent = {"PRIVATE-TOKEN": TOKEN} if headers is None else headers
    url = f"{sandbox.url}/gitlab/api{path}"
    return requests.request(method, url, headers=sent, timeout=10, allow_redirects=False, proxies={"http": ""}, **more)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"PRIVATE-TOKEN": "another"}, 401),
        ({"PRIVATE-TOKEN": TOKEN}, 200),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
    ],
)
def test_either_header_holds_the_token(sandbox: Sandbox, headers: dict[str, str], status: int) -> None:
    assert ask(sandbox, "GET", "/v4/user", headers).status_code == status


def test_an_expired_token_and_a_missing_scope(sandbox: Sandbox) -> None:
    sandbox.gitlab.scopes = ("read_api",)
    assert ask(sandbox, "GET", "/v4/user").status_code == 200
    refused = ask(sandbox, "POST", ISSUES, json={"title": "x"})
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    sandbox.gitlab.expired = True
    refused = ask(sandbox, "GET", "/v4/user")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        ({}, 400, {"error": "title is missing"}),
        ({"title": " "}, 400, {"message": {"title": ["can't be blank"]}}),
        ({"title": "x" * 255, "description": "y" * 1_048_576}, 201, None),
        ({"title": "x" * 256}, 400, {"message": {"title": ["is too long (maximum is 255 characters)"]}}),
        ({"title": "x", "description": "y" * 1_048_577}, 400, None),
    ],
)
def test_a_new_issue(sandbox: Sandbox, body: Any, status: int, answer: Any) -> None:
    made = ask(sandbox, "POST", ISSUES, json=body)
    assert made.status_code == status
    assert answer in (None, made.json())
    assert sandbox.gitlab.created_count == (status == 201)


def test_roles(sandbox: Sandbox) -> None:
    project = sandbox.gitlab.at(PROJECT)
    project.level = GUEST
    made = ask(sandbox, "POST", ISSUES, json={"title": "x", "labels": "a,b"})
    assert (made.status_code, made.json()["labels"]) == (201, [])
    project.level = 0
    long = {"title": "x" * 256}
    assert ask(sandbox, "POST", ISSUES, json=long).status_code == 403, "the permission comes before the title"
    project.level = None
    assert ask(sandbox, "GET", f"{ISSUES}/1").status_code == 404


def test_a_path_must_be_encoded_and_an_id_is_one_too(sandbox: Sandbox) -> None:
    assert ask(sandbox, "GET", "/v4/projects/acme/app").status_code == 404
    assert ask(sandbox, "GET", "/v4/projects/acme%2Fapp").json()["id"] == 5
    assert ask(sandbox, "GET", "/v4/projects/5").json()["path_with_namespace"] == PROJECT


def test_quick_actions_are_executed_and_not_shown(sandbox: Sandbox) -> None:
    made = ask(sandbox, "POST", ISSUES, json={"title": "x", "description": "a\n/close\nb"}).json()
    assert (made["state"], made["description"]) == ("closed", "a\nb")
    notes = f"{ISSUES}/1/notes"
    assert ask(sandbox, "POST", notes, json={"body": "a\n/reopen"}).json()["body"] == "a"
    assert ask(sandbox, "GET", f"{ISSUES}/1").json()["state"] == "opened"
    assert ask(sandbox, "POST", notes, json={"body": " /close\n> /close"}).status_code == 201
    assert ask(sandbox, "GET", f"{ISSUES}/1").json()["state"] == "opened"


def test_states(sandbox: Sandbox) -> None:
    ask(sandbox, "POST", ISSUES, json={"title": "x"})
    assert ask(sandbox, "PUT", f"{ISSUES}/1", json={"state_event": "close"}).json()["state"] == "closed"
    assert ask(sandbox, "PUT", f"{ISSUES}/1", json={"state_event": "closed"}).status_code == 400
    assert ask(sandbox, "PUT", f"{ISSUES}/1", json={"state": "opened"}).status_code == 400


def test_lists_have_filters_and_pages(sandbox: Sandbox) -> None:
    for number in range(3):
        ask(sandbox, "POST", ISSUES, json={"title": f"t{number}", "description": f"marker-{number}"})
    page = ask(sandbox, "GET", ISSUES, params={"per_page": "2"})
    assert [issue["title"] for issue in page.json()] == ["t2", "t1"]
    assert page.headers["X-Next-Page"] == "2"
    for query, titles in (
        ({"search": "marker-1", "in": "description"}, ["t1"]),
        ({"search": "marker-1", "in": "title"}, []),
        ({"author_username": "mina"}, []),
        ({"created_after": "2100-01-01T00:00:00Z"}, []),
        ({"state": "closed"}, []),
    ):
        assert [issue["title"] for issue in ask(sandbox, "GET", ISSUES, params=query).json()] == titles


def test_a_moved_issue_names_its_copy(sandbox: Sandbox) -> None:
    ask(sandbox, "POST", ISSUES, json={"title": "x"})
    copy = sandbox.gitlab.move(PROJECT, 1, OTHER)
    original = ask(sandbox, "GET", f"{ISSUES}/1").json()
    assert (original["state"], original["moved_to_id"]) == ("closed", copy.id)
    query = {
        "query": "query($id: IssueID!) { issue(id: $id) { reference(full: true) } }",
        "variables": {"id": f"gid://gitlab/Issue/{copy.id}"},
    }
    assert ask(sandbox, "POST", "/graphql", json=query).json() == {"data": {"issue": {"reference": f"{OTHER}#1"}}}
    sandbox.gitlab.at(OTHER).level = None
    assert ask(sandbox, "POST", "/graphql", json=query).json() == {"data": {"issue": None}}
    wrong = ask(sandbox, "POST", "/graphql", json={"query": "{ nothing }"})
    assert (wrong.status_code, "errors" in wrong.json()) == (200, True)


def test_a_renamed_project_is_redirected(sandbox: Sandbox) -> None:
    sandbox.gitlab.rename(PROJECT, "acme/application")
    moved = ask(sandbox, "GET", ISSUES, params={"state": "all"})
    assert (moved.status_code, moved.headers["Location"].split("/api")[1]) == (301, "/v4/projects/5/issues?state=all")
    assert ask(sandbox, "POST", ISSUES, json={"title": "x"}).status_code == 301


def test_too_many_requests_are_refused_in_plain_text(sandbox: Sandbox) -> None:
    ask(sandbox, "POST", ISSUES, json={"title": "x"})
    sandbox.gitlab.new_notes.most = 1
    codes = [ask(sandbox, "POST", f"{ISSUES}/1/notes", json={"body": "x"}) for _ in range(2)]
    assert [answer.status_code for answer in codes] == [201, 429]
    assert "Retry-After" not in codes[1].headers
    sandbox.gitlab.remaining = 0
    refused = ask(sandbox, "GET", "/v4/user")
    assert (refused.status_code, refused.text, refused.headers["Retry-After"]) == (429, "Retry later\n", "23")
