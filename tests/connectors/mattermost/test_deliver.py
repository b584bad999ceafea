"""Delivering to Mattermost over real HTTP: what each of its answers means. What holds for every webhook is in
tests/connectors/alerts/test_webhooks.py."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.environment import ConfigError
from connectors.base import Done, Failed, Reason, Retry, TicketSystem
from tests.connectors.alerts.world import status_change, why
from tests.connectors.context import MemoryContext
from tests.connectors.mattermost.world import build, deliver
from tools.sandbox.app import Sandbox
from tools.sandbox.mattermost import WEBHOOK_PATH

SENTENCE = 'The status of issue "Cannot log in" changed from New to In Progress.'


def test_a_status_change_is_one_post(sandbox: Sandbox) -> None:
    tracker = TicketSystem("board", lambda project, id_: f"https://tracker.example/{project}/{id_}")
    outcome = deliver(build(sandbox, (tracker,)), MemoryContext(), status_change(ticket="12"))
    assert outcome == Done({}), "its answer names no post"
    (post,) = sandbox.mattermost.messages
    (attachment,) = post.attachments
    assert (post.text, attachment["color"]) == (SENTENCE, "#FAC11B")
    assert [(field["title"], field["value"]) for field in attachment["fields"]] == [
        ("Project", "My Project"),
        ("Issue", "\\#3"),
        ("Ticket", "[12](https://tracker.example/1/12)"),
    ]


@pytest.mark.parametrize("name", ["@channel @all @here @kim", "<!channel> <!here>", "<@kim>", "a@kim.example @kim"])
def test_a_name_notifies_nobody(sandbox: Sandbox, name: str) -> None:
    deliver(build(sandbox), MemoryContext(), status_change(name=name, status=name))
    (post,) = sandbox.mattermost.messages
    assert not post.mentions


def test_a_long_message_is_one_post(sandbox: Sandbox) -> None:
    event = status_change(name="<" * 5000, status="&" * 5000)
    assert deliver(build(sandbox), MemoryContext(), event) == Done({})
    assert deliver(build(sandbox, MATTERMOST_TEMPLATE="x" * 20_000), MemoryContext(), event) == Done({})
    assert [len(post.text) <= 4000 for post in sandbox.mattermost.messages] == [True, True]


@pytest.mark.parametrize(
    ("changes", "reason", "advice"),
    [
        ({"hook": "x" * 26}, "auth", "(invalid): there is no such webhook: make a new one"),
        (
            {"may_post": False},
            "auth",
            "(permissions): the person who made the webhook may no longer post in its channel",
        ),
        ({"channel_exists": False}, "config", "(existing): the webhook's channel was deleted: make a new one"),
        ({"is_enabled": False}, "config", "(disabled): the server accepts no webhooks: System Console"),
    ],
)
def test_what_the_server_refuses(sandbox: Sandbox, changes: dict[str, Any], reason: Reason, advice: str) -> None:
    for name, value in changes.items():
        setattr(sandbox.mattermost, name, value)
    outcome = deliver(build(sandbox), MemoryContext())
    assert isinstance(outcome, Failed)
    assert outcome.reason == reason
    assert outcome.why.startswith(f"Mattermost refused {advice}")
    assert reason != "auth" or outcome.why.endswith("set MATTERMOST_WEBHOOK_URL")


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "web.incoming_webhook.parse", "client_error"),
        (400, "web.incoming_webhook.decode", "client_error"),
        (400, "web.incoming_webhook.text", "client_error"),
        (400, "web.incoming_webhook.split_props_length", "client_error"),
        (403, "web.incoming_webhook.user", "auth"),
    ],
)
def test_each_id_names_what_to_do(sandbox: Sandbox, status: int, code: str, reason: Reason) -> None:
    body = {"id": f"{code}.app_error", "message": "free text", "status_code": status}
    sandbox.faults.add("status", system="mattermost", status=status, body=body)
    outcome = deliver(build(sandbox), MemoryContext())
    assert isinstance(outcome, Failed)
    assert outcome.reason == reason
    assert outcome.why.startswith(f"Mattermost refused ({code.rpartition('.')[2]}): ")
    assert "free text" not in outcome.why
    assert reason != "client_error" or outcome.why.endswith("this is a defect of Feedback Bridge: please report it")


@pytest.mark.parametrize("code", ["api.context.invalid", "web.incoming_webhook.", "", "invalid"])
def test_an_id_of_something_else_goes_by_the_status(sandbox: Sandbox, code: str) -> None:
    body = {"id": f"{code}.app_error"}
    sandbox.faults.add("status", system="mattermost", status=400, body=body)
    assert why(deliver(build(sandbox), MemoryContext())) == "Mattermost answered 400"


def test_a_post_that_was_not_stored_whole_may_exist(sandbox: Sandbox) -> None:
    sandbox.mattermost.fails_to_store = True
    connector, first = build(sandbox, MATTERMOST_WHEN_UNSURE="never"), MemoryContext()
    assert deliver(connector, first) == Retry("Mattermost answered 500", "server_error")
    assert "did not confirm" in why(deliver(connector, first.next_attempt()))


@pytest.mark.parametrize("status", [404, 500])
def test_a_channel_that_could_not_be_looked_up_is_tried_again(sandbox: Sandbox, status: int) -> None:
    body = {"id": "app.channel.get.existing.app_error", "status_code": status}
    sandbox.faults.add("status", system="mattermost", status=status, body=body)
    assert isinstance(deliver(build(sandbox), MemoryContext()), Failed if status == 404 else Retry)


@pytest.mark.parametrize("odd", ["", "okay", "<html>Sign in</html>", {"ok": True}, []])
def test_a_success_without_ok_is_none(sandbox: Sandbox, odd: Any) -> None:
    sandbox.faults.add("status", system="mattermost", status=200, body=odd)
    outcome = deliver(build(sandbox), MemoryContext())
    assert isinstance(outcome, Retry)
    assert outcome.reason == "ambiguous"


def test_the_limit_of_a_server_is_kept(sandbox: Sandbox) -> None:
    """The last message that it takes makes the channel rest for the 3 s that the server names."""
    sandbox.mattermost.left = 2
    connector, contexts = build(sandbox), [MemoryContext(), MemoryContext(), MemoryContext()]
    outcomes = [deliver(connector, context) for context in contexts]
    assert outcomes == [Done({}), Done({}), Retry("Mattermost answered 429", "rate_limited", 3.0)]
    assert [context.charged for context in contexts] == [[], [3], []]


# Variables and `flask check`


UNUSUAL = [
    "http://127.0.0.1:9/x",
    "http://localhost:9/hooks/abc",
    "http://[::1]:9/a/b?c=d",
    "https://chat.example.com/x",
]


@pytest.mark.parametrize("address", UNUSUAL)
def test_an_address_with_any_path_is_taken(sandbox: Sandbox, address: str) -> None:
    build(sandbox, MATTERMOST_WEBHOOK_URL=address)
    build(sandbox, MATTERMOST_WEBHOOK_URL=f"*={address},2={address}2")


@pytest.mark.parametrize("path", ["", "/", "//", "?a=b", "/?a=b"])
def test_an_address_without_a_path_is_refused(sandbox: Sandbox, path: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^MATTERMOST_WEBHOOK_URL: should be the address that is shown for a webhook"
    ):
        build(sandbox, MATTERMOST_WEBHOOK_URL=f"https://chat.example.com{path}")


def test_check_notes_an_address_that_mattermost_does_not_show(sandbox: Sandbox) -> None:
    usual = f"{sandbox.url}/mattermost/{WEBHOOK_PATH}"
    (_, _, note, _) = build(sandbox, MATTERMOST_WEBHOOK_URL=f"*={usual},2={sandbox.url}/mattermost/hooks/abc").check()
    assert note.is_note
    assert note.what == (
        "MATTERMOST_WEBHOOK_URL, webhook of project 2: "
        "Mattermost shows an address that ends in /hooks/ and 26 letters and digits"
    )
