"""`flask check` on the sender's side: the webhook is on, points here, and announces what the connectors act on."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from connectors.base import Check
from console.webhook_checks import needed_events, webhook_checks
from jobs.configuration import configure
from sources.abc.admin import AdminClient, Webhook
from sources.abc.registration import OF_CHANNELS
from tests.test_settings import ALL, SLACK, TOKEN
from tools.sandbox import abc_admin
from tools.sandbox.app import Sandbox

EVERY = {name: frozenset({1}) if name in OF_CHANNELS else frozenset[int]() for name in abc_admin.OF_CHANNELS} | {
    name: frozenset[int]() for name in abc_admin.OF_PROJECT
}
URL = "https://bridge.example.com/webhook"


def register(sandbox: Sandbox, *webhooks: Webhook) -> None:
    client = AdminClient(f"{sandbox.url}/abc", abc_admin.EMAIL, SecretStr(abc_admin.PASSWORD))
    for webhook in webhooks:
        client.save(1, webhook)


def webhook(
    name: str = "Ours",
    url: str = URL,
    active: bool = True,
    token: str = TOKEN,
    events: dict[str, frozenset[int]] = EVERY,
) -> Webhook:
    return Webhook(name, url, active, SecretStr(token), events)


def check(sandbox: Sandbox, **changes: str) -> list[Check]:
    admin = {"ABC_ADMIN_EMAIL": abc_admin.EMAIL, "ABC_ADMIN_PASSWORD": abc_admin.PASSWORD}
    lines = list(webhook_checks(configure({**ALL, "ABC_API_URL": f"{sandbox.url}/abc", **admin, **changes}), [1]))
    assert not any(TOKEN in line.what or abc_admin.PASSWORD in line.what for line in lines)
    return lines


def test_all_is_well(sandbox: Sandbox) -> None:
    register(sandbox, webhook())
    [line] = check(sandbox)
    assert (line.ok, line.is_note) == (True, False)
    assert line.what == (
        "abc: webhook of project 1: 'Ours' is active, and announces "
        "FEEDBACK_CREATION, ISSUE_CREATION, ISSUE_ADDITION, ISSUE_STATUS_CHANGE"
    )


@pytest.mark.parametrize("unset", ["ABC_ADMIN_EMAIL", "ABC_ADMIN_PASSWORD"])
def test_without_a_user_it_is_a_note(sandbox: Sandbox, unset: str) -> None:
    [line] = check(sandbox, **{unset: ""})
    assert (line.ok, line.is_note) == (True, True)
    assert "set ABC_ADMIN_EMAIL and ABC_ADMIN_PASSWORD" in line.what


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "none of its 0 webhooks leads to …/webhook"),
        ([webhook(url="https://bridge.example.com/other")], "none of its 1 webhooks leads to …/webhook"),
        ([webhook(active=False)], "'Ours' is INACTIVE, and announces nothing"),
        ([webhook(token="token-of-somebody-else")], "'Ours' has a token that is not in WEBHOOK_TOKEN"),
        (
            [webhook(events={name: ids for name, ids in EVERY.items() if name != "ISSUE_CREATION"})],
            "does not announce ISSUE_CREATION, and a connector acts on it",
        ),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(sandbox: Sandbox, found: list[Webhook], words: str) -> None:
    register(sandbox, *found)
    [line] = check(sandbox)
    assert not line.ok
    assert words in line.what
    assert "flask register --project 1" in line.what


def test_a_channel_that_is_left_out_is_a_note(sandbox: Sandbox) -> None:
    """It may be on purpose, or was added later: ABC adds no channel to a webhook."""
    sandbox.abc.create_channel(1, "Web")
    register(sandbox, webhook())
    lines = check(sandbox)
    assert all(line.is_note for line in lines)
    assert [line.what.split("does not announce ")[1].split(";")[0] for line in lines] == [
        "FEEDBACK_CREATION of the channels 2 (Web)",
        "ISSUE_ADDITION of the channels 2 (Web)",
    ]


def test_only_what_a_connector_acts_on_is_asked_for(sandbox: Sandbox) -> None:
    register(sandbox, webhook(events={"ISSUE_STATUS_CHANGE": frozenset()}))
    [line] = check(sandbox, CONNECTORS="slack")
    assert line.what.endswith("announces ISSUE_STATUS_CHANGE")


def test_ticket_systems_need_new_feedback_too() -> None:
    """It implies additions, which ABC announces no other way."""
    configuration = configure({**ALL, "CONNECTORS": "jira", "JIRA_EVENTS": "ISSUE_ADDITION"})
    assert needed_events(configuration.routes) == ["FEEDBACK_CREATION", "ISSUE_ADDITION"]
    assert needed_events(configure({"WEBHOOK_TOKEN": TOKEN, **SLACK, "CONNECTORS": "slack"}).routes) == [
        "ISSUE_STATUS_CHANGE"
    ]


def test_the_webhook_that_points_here_is_the_one_looked_at(sandbox: Sandbox) -> None:
    """That of CONSOLE_URL's host; else one with our token; else an active one."""
    other = webhook("Other", "https://other.example.com/webhook", token="token-of-somebody-else")
    register(sandbox, other, webhook(active=False))
    assert "'Ours' is INACTIVE" in check(sandbox)[0].what
    assert "'Ours' is INACTIVE" in check(sandbox, CONSOLE_URL="https://bridge.example.com")[0].what
    assert "'Other' has a token" in check(sandbox, CONSOLE_URL="https://other.example.com")[0].what


def test_a_refused_user_fails(sandbox: Sandbox) -> None:
    sandbox.abc_admin.users[abc_admin.EMAIL].permissions = frozenset()
    [line] = check(sandbox)
    assert (line.ok, "needs the permission project_webhook_read" in line.what) == (False, True)


@pytest.mark.parametrize("body", ["", "[]", '{"items": 5}', '{"items": [{"id": 1}]}', "[" * 100_000])
def test_an_odd_answer_fails_in_a_sentence(sandbox: Sandbox, body: str) -> None:
    sandbox.faults.add("status", system="abc", path="webhooks", status=200, body=body)
    [line] = check(sandbox)
    assert not line.ok
    assert "ABC User Feedback answered 200, but not with webhooks" in line.what


def test_an_address_that_is_none_is_no_receiver(sandbox: Sandbox) -> None:
    """ABC takes nearly any text for an address."""
    register(sandbox, webhook())
    sandbox.abc_admin.webhooks[1].url = "https://[bridge/webhook"
    assert "leads to …/webhook" in check(sandbox)[0].what
