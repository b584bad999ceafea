"""`flask register`: the webhook in ABC User Feedback becomes what it should be, and stays it."""

from __future__ import annotations

from typing import Any

import pytest

from app import create_app
from console.audit import Audit
from tests.sandbox.conftest import Receiver, receiver  # noqa: F401  a fixture
from tools.sandbox import abc_admin
from tools.sandbox.app import Sandbox
from tools.sandbox.processes import free_port

TOKEN, NEXT_TOKEN = "token-of-the-tests-0001", "token-of-the-tests-0002"
URL = "https://bridge.example.com/webhook"
REDIS = {"REDIS_URL": ""}
"""Of the test that runs."""
ALL = {"FEEDBACK_CREATION", "ISSUE_CREATION", "ISSUE_ADDITION", "ISSUE_STATUS_CHANGE"}


@pytest.fixture
def sandbox(sandbox: Sandbox, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.setitem(REDIS, "REDIS_URL", redis_url)
    sandbox.abc.create_channel(1, "Web")
    return sandbox


def environ(sandbox: Sandbox, **changes: str) -> dict[str, str]:
    return {
        "WEBHOOK_TOKEN": f"{TOKEN},{NEXT_TOKEN}",
        "ABC_API_URL": f"{sandbox.url}/abc",
        "ABC_ADMIN_EMAIL": abc_admin.EMAIL,
        "ABC_ADMIN_PASSWORD": abc_admin.PASSWORD,
        **REDIS,
        **changes,
    }


def run(sandbox: Sandbox, *arguments: str, **changes: str) -> tuple[int, str]:
    options = arguments if "--url" in arguments else ("--url", URL, *arguments)
    options = options if "--project" in arguments else (*options, "--project", "1")
    app = create_app(environ(sandbox, **changes))
    result = app.test_cli_runner().invoke(args=["register", *options])
    for secret in (TOKEN, NEXT_TOKEN, abc_admin.PASSWORD, "another-token-0000001"):
        assert secret not in result.output
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def stored(sandbox: Sandbox) -> dict[str, Any]:
    [row] = sandbox.abc_admin.webhooks.values()
    events = {event.type: event.channels for event in row.events if event.status == "ACTIVE"}
    return {"name": row.name, "url": row.url, "token": row.token, "status": row.status, "events": events}


def test_a_webhook_is_created_with_all_events_and_channels_and_the_first_token(sandbox: Sandbox) -> None:
    code, output = run(sandbox)
    assert code == 0
    assert output.splitlines()[0] == "created: webhook 1 'Feedback Bridge' of project 1"
    assert "  channels: 1 (App reviews), 2 (Web)" in output
    assert stored(sandbox) == {
        "name": "Feedback Bridge",
        "url": URL,
        "token": TOKEN,
        "status": "ACTIVE",
        "events": {name: [1, 2] if name in abc_admin.OF_CHANNELS else [] for name in ALL},
    }


def test_a_second_run_changes_nothing(sandbox: Sandbox) -> None:
    run(sandbox)
    before = sandbox.abc_admin.webhooks[1]
    assert run(sandbox) == (
        0,
        "unchanged: webhook 1 'Feedback Bridge' of project 1\n  channels: 1 (App reviews), 2 (Web)\n",
    )
    assert sandbox.abc_admin.webhooks == {1: before}


def test_what_differs_is_set_and_what_people_named_stays(sandbox: Sandbox) -> None:
    """It is the same webhook with a slash at the end; a channel was added since."""
    run(sandbox)
    row = sandbox.abc_admin.webhooks[1]
    row.name, row.url, row.token, row.status = "Ours", f"{URL}/", "another-token-0000001", "INACTIVE"
    row.events = [event for event in row.events if event.type != "ISSUE_CREATION"]
    sandbox.abc.create_channel(1, "Shop")
    code, output = run(sandbox)
    assert code == 0
    assert output.splitlines()[:7] == [
        "updated: webhook 1 'Ours' of project 1",
        f"  url: {URL}/ → {URL}",
        "  status: INACTIVE → ACTIVE",
        "  token: another one → the first one of WEBHOOK_TOKEN",
        "  FEEDBACK_CREATION: on, channels 1, 2 → on, channels 1, 2, 3",
        "  ISSUE_CREATION: off → on",
        "  ISSUE_ADDITION: on, channels 1, 2 → on, channels 1, 2, 3",
    ]
    assert stored(sandbox)["name"] == "Ours"
    assert run(sandbox)[1].startswith("unchanged: ")


def test_a_change_is_recorded_before_it_is_made_and_without_the_token(sandbox: Sandbox, redis: Any) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    code, output = run(sandbox, REDIS_URL=nowhere)
    assert (code, sandbox.abc_admin.webhooks) == (1, {}), "what nobody can record does not happen"
    assert "look at REDIS_URL" in output
    run(sandbox)
    assert run(sandbox, REDIS_URL=nowhere)[0] == 0, "there is nothing to record"
    assert run(sandbox, "--dry-run", "--channel", "2", REDIS_URL=nowhere)[0] == 0
    run(sandbox, "--channel", "2", WEBHOOK_TOKEN=NEXT_TOKEN)
    second, first = Audit(redis, "default").entries()
    assert (first.who, first.what) == ("command", "register")
    assert first.about.startswith(f"project 1, {URL}: created; url: none → {URL}; status: INACTIVE → ACTIVE; token: ")
    changed = "updated; token: another one → the first one of WEBHOOK_TOKEN; FEEDBACK_CREATION: on, channels 1, 2 → on"
    assert second.about.startswith(f"project 1, {URL}: {changed}")
    assert TOKEN not in first.about
    assert NEXT_TOKEN not in second.about


def test_a_dry_run_prints_the_same_and_changes_nothing(sandbox: Sandbox) -> None:
    code, output = run(sandbox, "--dry-run")
    assert (code, sandbox.abc_admin.webhooks) == (0, {})
    assert output.startswith("dry run: would be created: webhook 'Feedback Bridge' of project 1\n")
    assert f"  url: none → {URL}" in output
    run(sandbox)
    assert run(sandbox, "--dry-run")[1].startswith("unchanged: ")
    assert run(sandbox, "--dry-run", "--channel", "2")[1].startswith("dry run: would be updated: webhook 1 ")
    assert stored(sandbox)["events"]["FEEDBACK_CREATION"] == [1, 2]


def test_only_the_chosen_events_and_channels(sandbox: Sandbox) -> None:
    run(sandbox)
    assert run(sandbox, "--event", "FEEDBACK_CREATION", "--event", "ISSUE_CREATION", "--channel", "2")[0] == 0
    assert stored(sandbox)["events"] == {"FEEDBACK_CREATION": [2], "ISSUE_CREATION": []}


def test_another_webhook_keeps_its_name(sandbox: Sandbox) -> None:
    """A name is free once in a project; another address is another webhook."""
    run(sandbox, "--url", "https://old.example.com/webhook")
    assert run(sandbox)[1].startswith("created: webhook 2 'Feedback Bridge 2' ")


def test_a_second_webhook_with_the_same_address_is_named(sandbox: Sandbox) -> None:
    run(sandbox)
    row = sandbox.abc_admin.webhooks[1]
    sandbox.abc_admin.webhooks[7] = abc_admin.WebhookRow(7, 1, "Copy", URL, None, "ACTIVE", row.events)
    assert "note: webhook 7 'Copy' has the same address, so events arrive twice" in run(sandbox)[1]


def test_what_was_registered_arrives(sandbox: Sandbox, receiver: Receiver) -> None:  # noqa: F811
    """Of the chosen channel only, with the token."""
    assert run(sandbox, "--url", receiver.url, "--channel", "2")[0] == 0
    for channel in (1, 2):
        sandbox.abc.create_feedback(channel, {"message": "안녕"})
    sandbox.abc.create_issue(1, {"name": "crash"})
    assert sandbox.sender.wait_idle(5)
    found = {request.event["event"]: request for request in receiver.received}
    assert len(receiver.received) == 2
    assert found["FEEDBACK_CREATION"].event["data"]["channel"]["id"] == 2
    assert dict(found["ISSUE_CREATION"].headers)["x-webhook-token"] == TOKEN


# What goes wrong, in plain words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ABC_ADMIN_PASSWORD": "wrong-password-1"}, "ABC_ADMIN_PASSWORD is not the password of ABC_ADMIN_EMAIL"),
        ({"ABC_ADMIN_EMAIL": "nobody@example.com"}, "ABC knows no user of ABC_ADMIN_EMAIL"),
        ({"ABC_ADMIN_PASSWORD": ""}, "set ABC_ADMIN_EMAIL and ABC_ADMIN_PASSWORD"),
        ({"ABC_API_URL": ""}, "ABC_API_URL: required by `flask register`, but not set"),
        ({"ABC_API_URL": "http://127.0.0.1:1"}, "ABC User Feedback: "),
        ({"SOURCES": "crm", "SOURCE_CRM_SECRET": "a-secret-of-the-tests"}, "SOURCES does not name abc"),
    ],
)
def test_a_setting_is_wrong(sandbox: Sandbox, changes: dict[str, str], words: str) -> None:
    code, output = run(sandbox, **changes)
    assert (code, words in output) == (1, True), output
    assert sandbox.abc_admin.webhooks == {}


@pytest.mark.parametrize("permission", ["project_webhook_read", "project_webhook_create", "project_webhook_update"])
def test_the_missing_permission_is_named(sandbox: Sandbox, permission: str) -> None:
    if permission == "project_webhook_update":
        run(sandbox, "--channel", "1")
    sandbox.abc_admin.users[abc_admin.EMAIL].permissions = abc_admin.PERMISSIONS - {permission}
    code, output = run(sandbox)
    assert code == 1
    assert f"project 1 of ABC User Feedback needs the permission {permission}" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--url", "http://localhost:8000/webhook"), "refuses 'localhost': it wants a host name with a dot"),
        (("--url", "https://bridge/webhook"), "refuses 'bridge'"),
        (("--url", "ftp://files.example.com/webhook"), "should be an address such as https://example.com"),
        (("--url", "bridge.example.com/webhook"), "should be an address such as https://example.com"),
        (("--url", "https://a:b@bridge.example.com/webhook"), "holds a user name or password"),
        (("--channel", "1", "--channel", "9"), "project 1 has no channel 9; it has 1 (App reviews), 2 (Web)"),
        (("--project", "8"), "project 8 has no channel, or does not exist"),
        (("--project", "8", "--event", "ISSUE_CREATION"), "ABC User Feedback answered 500"),
    ],
)
def test_an_option_is_wrong(sandbox: Sandbox, arguments: tuple[str, ...], words: str) -> None:
    code, output = run(sandbox, *arguments)
    assert (code != 0, words in " ".join(output.split())) == (True, True), output
    assert sandbox.abc_admin.webhooks == {}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://bridge.example.com", "does not end in /webhook"),
        ("http://bridge.example.com/webhook", "travel unencrypted"),
    ],
)
def test_a_doubtful_address_is_noted_and_taken(sandbox: Sandbox, url: str, words: str) -> None:
    code, output = run(sandbox, "--url", url)
    assert (code, stored(sandbox)["url"]) == (0, url)
    assert words in output


def test_a_save_that_does_not_hold_is_an_error(sandbox: Sandbox) -> None:
    """ABC answers with success, and with something else than what it was asked for."""
    sandbox.faults.add("status", system="abc", path="webhooks", method="POST", status=201, body={"id": "x"})
    code, output = run(sandbox)
    assert code == 1
    assert "but not with the id of a webhook" in output


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"status": "INACTIVE"}, "shows it differently: status: INACTIVE → ACTIVE"), (None, "but does not show it")],
)
def test_what_is_shown_after_a_save_counts(sandbox: Sandbox, changed: dict[str, str] | None, words: str) -> None:
    """ABC answers with success to some writes that do nothing."""
    run(sandbox)
    shown = sandbox.abc_admin.as_answer(sandbox.abc_admin.webhooks.pop(1))
    body = [] if changed is None else [shown | changed | {"id": 2}]
    sandbox.faults.add("status", system="abc", path="webhooks/2", method="GET", status=200, body=body)
    code, output = run(sandbox)
    assert (code, words in output) == (1, True), output
