"""`flask check` for Slack: who the bot is, whether it can post, and what is lost where a scope is missing."""

from __future__ import annotations

from connectors.base import Check
from tests.connectors.slack.world import SECRETS, bot, webhook
from tools.sandbox.app import Sandbox


def checks(sandbox: Sandbox, **variables: str) -> list[Check]:
    found = list(bot(sandbox, None, (), **variables).check())
    assert not any(secret in repr(found) for secret in SECRETS)
    assert not sandbox.slack.messages
    return found


def test_all_is_well(sandbox: Sandbox) -> None:
    assert checks(sandbox, SLACK_CHANNEL="*=#feedback,2=C0MOBILE,3=#feedback") == [
        Check(True, "the bot bridge of the workspace Demo is signed in"),
        Check(True, "the bot is in the channel #feedback (#feedback)"),
        Check(True, "the bot is in the channel C0MOBILE (#mobile)"),
    ]


def test_a_wrong_token_ends_the_check(sandbox: Sandbox) -> None:
    sandbox.slack.token = "xoxb-another"
    (check,) = checks(sandbox)
    assert not check.ok
    assert "SLACK_BOT_TOKEN" in check.what


def test_channels_that_do_not_do_are_reported(sandbox: Sandbox) -> None:
    sandbox.slack.channels["C0MOBILE"].is_archived = True
    _, outside, archived, unknown, unknown_id = checks(
        sandbox, SLACK_CHANNEL="1=C0OTHER,2=#mobile,3=#nowhere,4=C0NOWHERE"
    )
    assert [check.ok for check in (outside, archived, unknown, unknown_id)] == [False] * 4
    assert "/invite" in outside.what
    assert "archived" in archived.what
    assert "#nowhere" in unknown.what
    assert "channel_not_found" in unknown_id.what


def test_missing_scopes_are_named_with_what_is_lost(sandbox: Sandbox) -> None:
    sandbox.slack.scopes = frozenset({"groups:read"})
    _, write, public, private, channel = checks(sandbox)
    assert not write.ok
    assert "chat:write" in write.what
    assert public.ok
    assert "SLACK_WHEN_UNSURE" in public.what
    assert "groups:history" in private.what
    assert channel.ok
    assert "channels:read" in channel.what


def test_a_name_among_too_many_channels_can_not_be_checked(sandbox: Sandbox) -> None:
    page = {"ok": True, "channels": [], "response_metadata": {"next_cursor": "more"}}
    sandbox.faults.add("status", path="users.conversations", status=200, body=page, times=None)
    channel = checks(sandbox, SLACK_CHANNEL="#feedback")[-1]
    assert channel.ok
    assert "give its id" in channel.what


def test_slack_being_away_is_reported(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_before")
    (check,) = checks(sandbox)
    assert not check.ok
    sandbox.faults.add("drop_before", path="conversations.info")
    assert [check.ok for check in checks(sandbox)] == [True, False]


def test_unreported_scopes_are_no_failure(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", path="auth.test", status=200, body={"ok": True, "user": "bridge", "team": "Demo"})
    assert [check.ok for check in checks(sandbox)] == [True, True, True]


def test_a_webhook_can_not_be_tried_without_posting(sandbox: Sandbox) -> None:
    (check,) = webhook(sandbox).check()
    assert check.ok
    assert "only a message shows" in check.what


def test_names_from_slack_do_no_harm_on_a_terminal(sandbox: Sandbox) -> None:
    hostile = "evil\x1b[2J\u202e\nok: all is well" + "x" * 500
    who = {"ok": True, "user": hostile, "team": hostile}
    sandbox.faults.add("status", path="auth.test", status=200, body=who, times=None)
    sandbox.slack.channels["C0FEEDBACK"].name = hostile
    for check in checks(sandbox):
        assert check.what.isprintable()
        assert len(check.what) < 300
