"""The stand-in for GitHub refuses what GitHub refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tools.sandbox.app import Sandbox
from tools.sandbox.github import REPO, TOKEN
from tools.sandbox.server import running

ISSUES = f"/repos/{REPO}/issues"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


def ask(sandbox: Sandbox, method: str, path: str, headers: dict[str, Any] | None = None, **more: Any) -> Any:
    sent = {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
    return requests.request(
        method,
        f"{sandbox.url}/github{path}",
        headers=sent,
        timeout=10,
        allow_redirects=False,
        proxies={"http": ""},
        **more,
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"User-Agent": ""}, 403),
        ({"Authorization": "Bearer another"}, 401),
        ({"X-GitHub-Api-Version": "2020-01-01"}, 400),
        ({"X-GitHub-Api-Version": "2022-11-28"}, 200),
    ],
)
def test_headers(sandbox: Sandbox, headers: dict[str, str], status: int) -> None:
    assert ask(sandbox, "GET", "/user", headers).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"title": " "}, 422),
        ({"title": "x" * 256, "body": "y" * 65_536}, 201),
        ({"title": "x" * 257}, 422),
        ({"title": "x", "body": "y" * 65_537}, 422),
        ({"title": "x", "labels": ["l" * 51]}, 422),
        ([], 400),
    ],
)
def test_a_new_issue(sandbox: Sandbox, body: Any, status: int) -> None:
    assert ask(sandbox, "POST", ISSUES, json=body).status_code == status
    assert sandbox.github.created_count == (status == 201)


def test_labels_are_dropped_without_a_word(sandbox: Sandbox) -> None:
    sandbox.github.repositories[REPO].push = False
    answer = ask(sandbox, "POST", ISSUES, json={"title": "x", "labels": ["voc"]})
    assert (answer.status_code, answer.json()["labels"]) == (201, [])


def test_the_reason_counts_together_with_the_state_only(sandbox: Sandbox) -> None:
    ask(sandbox, "POST", ISSUES, json={"title": "x"})
    assert ask(sandbox, "PATCH", f"{ISSUES}/1", json={"state": "closed"}).json()["state_reason"] == "completed"
    changed = ask(sandbox, "PATCH", f"{ISSUES}/1", json={"state": "closed", "state_reason": "not_planned"})
    assert changed.json()["state_reason"] == "completed"
    assert ask(sandbox, "PATCH", f"{ISSUES}/1", json={"state": "shut"}).status_code == 422


def test_lists_have_pages_and_the_search_lags(sandbox: Sandbox) -> None:
    for number in range(3):
        ask(sandbox, "POST", ISSUES, json={"title": f"t{number}", "body": "marker-1"})
    page = ask(sandbox, "GET", ISSUES, params={"per_page": "2", "state": "all"})
    assert [issue["title"] for issue in page.json()] == ["t2", "t1"]
    assert 'page=2>; rel="last"' in page.headers["Link"]
    words = {"q": f'"marker-1" repo:{REPO} is:issue author:feedback-bridge in:body'}
    assert ask(sandbox, "GET", "/search/issues", params=words).json()["items"] == []
    for issue in sandbox.github.repositories[REPO].issues.values():
        issue.visible_at = 0
    assert len(ask(sandbox, "GET", "/search/issues", params=words).json()["items"]) == 3


def test_what_is_gone_or_moved(sandbox: Sandbox) -> None:
    for _ in range(2):
        ask(sandbox, "POST", ISSUES, json={"title": "x"})
    sandbox.github.delete(REPO, 1)
    sandbox.github.transfer(REPO, 2, "acme/web")
    assert [ask(sandbox, "GET", f"{ISSUES}/{number}").status_code for number in (1, 2, 3)] == [410, 301, 404]
    assert ask(sandbox, "PATCH", f"{ISSUES}/2", json={"state": "closed"}).status_code == 307
    sandbox.github.repositories[REPO].access = "none"
    assert ask(sandbox, "GET", f"/repos/{REPO}").status_code == 404


def test_too_many_requests(sandbox: Sandbox) -> None:
    sandbox.github.writes.most = 1
    codes = [ask(sandbox, "POST", ISSUES, json={"title": "x"}).status_code for _ in range(2)]
    assert codes == [201, 403]
    sandbox.github.remaining = 0
    refused = ask(sandbox, "GET", "/user")
    assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (403, "0")
