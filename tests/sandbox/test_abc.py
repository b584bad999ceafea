"""What the recordings don't show of ABC User Feedback: what is seen when, searching, pages, counting."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Receiver
from tools.sandbox.abc_rules import Refusal
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.app import Sandbox

HEADERS = {"x-api-key": DEMO_KEY}


def call(sandbox: Sandbox, method: str, path: str, body: Any = None) -> requests.Response:
    url = f"{sandbox.url}/abc/api/projects/1{path}"
    return requests.request(method, url, json=body, headers=HEADERS, timeout=5)


def test_an_issue_made_by_name_is_announced_before_it_can_be_read(sandbox: Sandbox, receiver: Receiver) -> None:
    """And shows no feedback yet; it does when the creation has answered."""
    seen: list[int] = []

    def read_back(_: int) -> tuple[int, dict[str, str]]:
        event = receiver.received[-1].event
        if event["event"] == "ISSUE_CREATION":
            assert event["data"]["issue"]["feedbackCount"] == 0
            seen.append(call(sandbox, "GET", f"/issues/{event['data']['issue']['id']}").status_code)
        return 200, {}

    receiver.answer = read_back
    sandbox.abc.commit_seconds = 0.3
    sandbox.sender.subscribe(receiver.url)
    assert call(sandbox, "POST", "/channels/1/feedbacks", {"issueNames": ["new"]}).status_code == 201
    assert sandbox.sender.wait_idle(5)
    assert seen == [400]
    assert call(sandbox, "GET", "/issues/1").json()["feedbackCount"] == 1


def test_two_creations_of_one_new_name_at_once(sandbox: Sandbox) -> None:
    """One succeeds, the other is a 500 and stores nothing."""
    sandbox.abc.commit_seconds = 0.3
    statuses: list[int] = []

    def create() -> None:
        statuses.append(call(sandbox, "POST", "/channels/1/feedbacks", {"issueNames": ["new"]}).status_code)

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 500]
    assert (len(sandbox.abc.feedbacks), len(sandbox.abc.issues)) == (1, 1)


def test_names_are_looked_up_in_all_projects(sandbox: Sandbox) -> None:
    """A feedback of project 2 can carry an issue of project 1, and no ISSUE_CREATION announces it."""
    project = sandbox.abc.create_project("Second", "SECONDKEYSECONDKEY01")
    channel = sandbox.abc.create_channel(project.id, "Its channel")
    issue = sandbox.abc.create_issue(1, {"name": "shared"})
    before = sandbox.sender.counts.events
    feedback = sandbox.abc.create_feedback(channel.id, {"issueNames": ["shared"]})
    assert feedback.issues == [issue.id]
    assert sandbox.sender.counts.events == before + 1


def test_ids_are_not_scoped(sandbox: Sandbox) -> None:
    """Another project's key reads and changes an issue through its own path, but doesn't find it by searching."""
    sandbox.abc.create_project("Second", "SECONDKEYSECONDKEY01")
    sandbox.abc.create_issue(1, {"name": "mine"})
    base, headers = f"{sandbox.url}/abc/api/projects/2", {"x-api-key": "SECONDKEYSECONDKEY01"}
    assert requests.get(f"{base}/issues/1", headers=headers, timeout=5).status_code == 200
    body = {"name": "taken", "description": None}
    assert requests.put(f"{base}/issues/1", headers=headers, json=body, timeout=5).status_code == 200
    assert requests.post(f"{base}/issues/search", headers=headers, timeout=5).json()["items"] == []
    assert sandbox.abc.writes[-1].by == "SECONDKEYSECONDKEY01"


def test_pages(sandbox: Sandbox) -> None:
    for number in range(25):
        sandbox.abc.create_issue(1, {"name": f"issue {number}"})
    found = call(sandbox, "POST", "/issues/search", {"sort": {"id": "DESC"}, "page": 3, "limit": 10}).json()
    expected = {"itemCount": 5, "totalItems": 25, "itemsPerPage": 10, "totalPages": 3, "currentPage": 3}
    assert found["meta"] == expected
    assert [item["id"] for item in found["items"]] == [5, 4, 3, 2, 1]
    assert call(sandbox, "POST", "/issues/search", {"page": 9}).json()["items"] == []
    for limit, size in ((0, 10), ("abc", 10), (-5, 1), (5000, 25)):
        assert len(call(sandbox, "POST", "/issues/search", {"limit": limit}).json()["items"]) == size


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"externalIssueId": "12"}, [1, 2]),
        ({"externalIssueId": ""}, [1, 2, 3]),
        ({"externalIssueId": None}, []),
        ({"id": 2}, [2]),
        ({"statuses": ["RESOLVED", "PENDING"]}, [2]),
        ({"name": "log"}, [1]),
        ({"searchText": "112"}, [2]),
        ({"createdAt": {"gte": "2020-01-01T00:00:00Z", "lt": "2120-01-01T00:00:00Z"}}, [1, 2, 3, 4]),
        ({"createdAt": {"gte": "2020-01-01T00:00:00+09:00", "lt": "2120-01-01T00:00:00+09:00"}}, []),
        ({"updatedAt": {"gte": "2020-01-01", "lt": "2020-01-02"}}, []),
    ],
)
def test_issues_are_found_as_measured(sandbox: Sandbox, query: dict[str, Any], ids: list[int]) -> None:
    """Most keys are LIKE, so 12 finds 112; "" is every one that is not null."""
    sandbox.abc.create_issue(1, {"name": "log in", "externalIssueId": "12"})
    sandbox.abc.create_issue(1, {"name": "pay", "externalIssueId": "112", "status": "RESOLVED"})
    sandbox.abc.create_issue(1, {"name": "sound", "externalIssueId": ""})
    sandbox.abc.create_issue(1, {"name": "none"})
    found = call(sandbox, "POST", "/issues/search", {"query": query, "sort": {"id": "ASC"}})
    assert [item["id"] for item in found.json()["items"]] == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"ids": [1, 2]}, [2, 1]),
        ({"id": 1}, []),
        ({"issueIds": [1]}, [1]),
        ({"issueName": "crash"}, [1]),
        ({"message": "pay"}, [1]),
        ({"searchText": "pay", "fieldKey": "message"}, [1]),
        ({"searchText": "pay", "fieldKey": "note"}, [2]),
        ({"rating": 2}, [2]),
        ({"tags": ["bug"]}, [1]),
        ({"device": "io"}, []),
    ],
)
def test_feedbacks_are_found_as_measured(sandbox: Sandbox, query: dict[str, Any], ids: list[int]) -> None:
    """Newest first unless asked otherwise; text is LIKE, the rest is equal, multiSelect contains."""
    sandbox.abc.create_feedback(1, {"message": "payment", "tags": ["bug", "ui"], "issueNames": ["crash"]})
    sandbox.abc.create_feedback(1, {"message": "x", "note": "pay", "rating": 2, "device": "ios"})
    found = call(sandbox, "POST", "/channels/1/feedbacks/search", {"query": query})
    assert [item["id"] for item in found.json()["items"]] == ids


def test_every_write_is_on_record(sandbox: Sandbox) -> None:
    sandbox.abc.create_feedback(1, {"message": "x"})
    call(sandbox, "PUT", "/channels/1/feedbacks/1", {"translatedMessage": "y"})
    call(sandbox, "PUT", "/channels/1/feedbacks/99", {"translatedMessage": "y"})
    assert [(write.by, write.what, dict(write.values)) for write in sandbox.abc.writes] == [
        ("python", "feedback.create", {"message": "x"}),
        (DEMO_KEY, "feedback.update", {"translatedMessage": "y"}),
    ]


def test_python_is_refused_as_http_is(sandbox: Sandbox) -> None:
    with pytest.raises(Refusal):
        sandbox.abc.create_issue(1, {"name": "x" * 31})
    issue = sandbox.abc.create_issue(1, {"name": "🚀" * 30})
    assert issue.name == "🚀" * 30
    with pytest.raises(Refusal):
        sandbox.abc.update_issue(issue.id, {"name": "🚀" * 31, "description": None})


def test_a_deleted_channel_and_a_deleted_project(sandbox: Sandbox) -> None:
    """As measured: the search answers 400 without a code, and the project's key is worth nothing."""
    sandbox.abc.create_feedback(1, {"message": "x"})
    sandbox.abc.delete_channel(1)
    answer = call(sandbox, "POST", "/channels/1/feedbacks/search", {})
    assert (answer.status_code, answer.json()["message"]) == (400, "invalid channel")
    assert "code" not in answer.json()
    assert sandbox.abc.feedbacks == {}
    sandbox.abc.delete_project(1)
    answer = call(sandbox, "POST", "/issues/search", {})
    assert (answer.status_code, answer.json()["message"]) == (403, "Forbidden resource")
