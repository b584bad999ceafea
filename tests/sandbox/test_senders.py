"""The senders of webhooks sign, repeat and give up as the vendors document it."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Receiver
from tests.sources.vectors import BLUE, GITHUB, GITLAB, JIRA
from tools.sandbox.senders import BlueWebhook, GitHubHook, GitLabHook, JiraHook, NocoBaseNode, standard_webhook


def test_github_signs_the_vector(receiver: Receiver) -> None:
    GitHubHook(receiver.url, GITHUB.key).send("issues", GITHUB.body)
    headers = dict(receiver.received[0].headers)
    assert (headers["x-hub-signature-256"], headers["x-github-event"]) == (GITHUB.value, "issues")


def test_github_tries_once_and_redelivers_under_the_same_id(receiver: Receiver) -> None:
    receiver.answer = lambda _: (500, {})
    hook = GitHubHook(receiver.url)
    attempt = hook.send("issues", GITHUB.body)
    assert (attempt.ok, len(receiver.received)) == (False, 1)
    hook.redeliver(attempt)
    ids = [dict(got.headers)["x-github-delivery"] for got in receiver.received]
    assert ids[0] == ids[1]
    assert "x-hub-signature-256" not in dict(receiver.received[0].headers), "without a secret nothing is signed"


def test_gitlab_signs_the_vector() -> None:
    headers = standard_webhook(GITLAB.key, GITLAB.id, GITLAB.body, GITLAB.at)
    assert headers["webhook-signature"] == GITLAB.value


def test_gitlab_is_off_after_four_failures_until_a_test_succeeds(receiver: Receiver) -> None:
    receiver.answer = lambda number: (401, {}) if number < 4 else (200, {})
    hook = GitLabHook(receiver.url, token="a-made-up-token")
    assert [hook.send("Issue Hook", GITLAB.body) is None for _ in range(5)] == [False] * 4 + [True]
    assert hook.test("Issue Hook", GITLAB.body).ok
    assert hook.send("Issue Hook", GITLAB.body) is not None


def test_blue_signs_the_vector_and_is_off_after_five_attempts(receiver: Receiver) -> None:
    receiver.answer = lambda number: (500, {}) if number < 5 else (200, {})
    webhook = BlueWebhook(receiver.url, BLUE.key)
    assert len(webhook.send_body(BLUE.body)) == 5
    assert {dict(got.headers)["x-signature"] for got in receiver.received} == {BLUE.value}
    assert webhook.send("TODO_CREATED", currentValue={"id": "t1"}) == []
    assert webhook.switch_on().ok
    assert receiver.received[-1].event["event"] == "WEBHOOK_HEALTH_CHECK"
    assert len(webhook.send("TODO_CREATED", currentValue={"id": "t1"})) == 1


@pytest.mark.parametrize(("status", "attempts"), [(503, 6), (429, 6), (408, 6), (400, 1), (401, 1), (200, 1)])
def test_jira_cloud_repeats_on_some_answers_under_one_identifier(
    receiver: Receiver, status: int, attempts: int
) -> None:
    receiver.answer = lambda _: (status, {})
    assert len(JiraHook(receiver.url, JIRA.key).send(JIRA.body)) == attempts
    headers = [dict(got.headers) for got in receiver.received]
    assert {found["x-hub-signature"] for found in headers} == {JIRA.value}
    assert len({found["x-atlassian-webhook-identifier"] for found in headers}) == 1
    assert [found.get("x-atlassian-webhook-retry") for found in headers[:2]] == [None, "1"][:attempts]


def test_jira_data_center_tries_once_and_has_no_identifier(receiver: Receiver) -> None:
    receiver.answer = lambda _: (503, {})
    assert len(JiraHook(receiver.url, is_cloud=False).send(JIRA.body)) == 1
    assert "x-atlassian-webhook-identifier" not in dict(receiver.received[0].headers)


def test_nocobase_sends_the_headers_of_the_node_once(receiver: Receiver) -> None:
    receiver.answer = lambda _: (500, {})
    node = NocoBaseNode(receiver.url, {"x-bridge-token": "a-made-up-token"})
    assert not node.send({"event": "record.created", "title": "주문"}).ok
    [got] = receiver.received
    assert (dict(got.headers)["x-bridge-token"], got.event["title"]) == ("a-made-up-token", "주문")
