"""Each built-in source over real HTTP: its sender's requests are events, and what it did not sign is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.sources.vectors import BLUE, GITHUB, GITLAB, JIRA
from tests.web import Web, start_web
from tools.sandbox.processes import Processes
from tools.sandbox.senders import Attempt, BlueWebhook, GitHubHook, GitLabHook, JiraHook, NocoBaseNode

OLD = "an-old-made-up-secret-01"
TOKEN = "a-made-up-token-of-gitlab"
ORDER = {"event": "record.created", "id": "1", "title": "주문"}
VARIABLES = {
    "SOURCES": "github,gitlab,jira,blue,nocobase",
    "GITHUB_WEBHOOK_SECRET": f"{OLD},{GITHUB.key}",
    "GITLAB_WEBHOOK_TOKEN": f"{TOKEN},{GITLAB.key}",
    "JIRA_WEBHOOK_SECRET": f"{OLD},{JIRA.key}",
    "BLUE_WEBHOOK_SECRET": f"{OLD},{BLUE.key}",
    "NOCOBASE_WEBHOOK_TOKEN": f"{OLD},{TOKEN}",
}
Send = Callable[[str, str], Attempt]
"""(address, secret) -> the first attempt of the sender."""


def gitlab(url: str, *, token: str = "", signing_key: str = "") -> Attempt:
    return GitLabHook(url, token, signing_key).test("Issue Hook", GITLAB.body)


def nocobase(url: str, token: str) -> Attempt:
    return NocoBaseNode(url, {"x-bridge-token": token}).send(ORDER)


SENDERS: dict[str, tuple[str, str, Send]] = {
    "github": ("github.issues.closed", GITHUB.key, lambda url, key: GitHubHook(url, key).send("issues", GITHUB.body)),
    "gitlab": ("gitlab.issue.close", GITLAB.key, lambda url, key: gitlab(url, signing_key=key)),
    "gitlab token": ("gitlab.issue.close", TOKEN, lambda url, key: gitlab(url, token=key)),
    "jira": ("jira.issue_updated", JIRA.key, lambda url, key: JiraHook(url, key).send(JIRA.body)[0]),
    "jira data center": (
        *("jira.issue_updated", JIRA.key),
        lambda url, key: JiraHook(url, key, is_cloud=False).send(JIRA.body)[0],
    ),
    "blue": ("blue.TODO_DONE_STATUS_UPDATED", BLUE.key, lambda url, key: BlueWebhook(url, key).send_body(BLUE.body)[0]),
    "nocobase": (
        "nocobase.record.created",
        TOKEN,
        lambda url, key: NocoBaseNode(url, {"x-bridge-token": key}).send(ORDER),
    ),
}
EACH = pytest.mark.parametrize("sender", SENDERS)


@pytest.fixture(scope="module")
def web(processes: Processes, valkey_url: str) -> Web:
    return start_web(processes, valkey_url, SLACK_EVENTS="*", **VARIABLES)


def address(web: Web, sender: str) -> str:
    return f"{web.url}/webhook/{sender.partition(' ')[0]}"


def shown(web: Web, attempt: Attempt) -> dict[str, Any]:
    return dict(web.get(f"/api/events/{attempt.json['event_id']}").json)


@EACH
def test_what_it_sends_is_stored_with_its_delivery(web: Web, redis: Any, sender: str) -> None:
    name, key, send = SENDERS[sender]
    attempt = send(address(web, sender), key)
    assert attempt.status == 200
    event = shown(web, attempt)
    assert (event["event"], event["source"]) == (name, sender.partition(" ")[0])
    assert [(row["connector"], row["state"]) for row in event["deliveries"]] == [("slack", "queued")]
    again = send(address(web, sender), key)
    assert again.json == {**attempt.json, "duplicate": True}, "sent again, under another id"


@EACH
def test_a_wrong_secret_is_refused(web: Web, redis: Any, sender: str) -> None:
    _, key, send = SENDERS[sender]
    wrong = f"whsec_{'B' * 44}" if key.startswith("whsec_") else "another-made-up-secret"
    assert send(address(web, sender), wrong).status == 401
    assert redis.dbsize() == 0


@EACH
def test_a_request_without_a_proof_is_refused(web: Web, redis: Any, sender: str) -> None:
    headers = [("Content-Type", "application/json"), ("X-GitHub-Event", "issues")]
    assert web.request("POST", address(web, sender).removeprefix(web.url), headers, GITHUB.body).status == 401
    assert redis.dbsize() == 0


@pytest.mark.parametrize("sender", ["github", "gitlab", "jira", "blue"])
def test_a_changed_body_is_refused(web: Web, redis: Any, sender: str) -> None:
    _, key, send = SENDERS[sender]
    attempt = send(address(web, sender), key)
    redis.flushall()
    changed = replace(attempt, body=attempt.body.replace("로그인".encode(), "로그아웃".encode()))
    headers = [("Content-Type", "application/json"), *changed.headers.items()]
    assert web.request("POST", address(web, sender).removeprefix(web.url), headers, changed.body).status == 401
    assert redis.dbsize() == 0


def test_the_token_of_gitlab_is_no_signing_key_and_the_other_way_round(web: Web, redis: Any) -> None:
    assert gitlab(address(web, "gitlab"), token=GITLAB.key).status == 401


def test_pings_are_answered_and_reach_nobody(web: Web, redis: Any) -> None:
    for attempt in (
        GitHubHook(address(web, "github"), GITHUB.key).ping(),
        BlueWebhook(address(web, "blue"), BLUE.key).switch_on(),
    ):
        assert attempt.status == 200
        event = shown(web, attempt)
        assert (event["state"], event["deliveries"]) == ("ignored", [])
    assert redis.llen("rq:queue:feedback-bridge-default") == 0


def test_what_is_not_known_is_answered_with_success(web: Web, redis: Any) -> None:
    """GitLab and Blue switch a webhook off whose requests are refused."""
    hook = GitLabHook(address(web, "gitlab"), token=TOKEN)
    for _ in range(5):
        assert hook.send("Emoji Hook", {"object_kind": "emoji", "object_attributes": {}}) is not None
    assert not hook.is_off
    assert BlueWebhook(address(web, "blue"), BLUE.key).send("FUTURE_EVENT")[0].ok


def test_a_redelivery_is_a_repeat(web: Web, redis: Any) -> None:
    hook = GitHubHook(address(web, "github"), OLD)
    first = hook.send("workflow_dispatch", {"repository": {"full_name": "acme/app"}})
    assert hook.redeliver(first).json["duplicate"]
    other = hook.send("workflow_dispatch", json.loads(first.body))
    assert other.json["event_id"] != first.json["event_id"]
