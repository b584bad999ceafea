"""What Slack's refusals come to: one table for the Web API's errors, one for those of incoming webhooks."""

from __future__ import annotations

import json

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from bridge.http import Answer
from connectors.base import Failed, Reason, Retry
from connectors.slack.errors import FINAL, PASSING, Refused, refusal, webhook_refusal


def answer(status: int, body: object, **headers: str) -> Answer:
    raw = body if isinstance(body, str) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, requests.structures.CaseInsensitiveDict(named), raw.encode())


def refusal_for(error: str, status: int = 200, **more: str) -> Refused:
    return refusal(answer(status, {"ok": False, "error": error, **more}), "#feedback")


@pytest.mark.parametrize(
    ("error", "reason", "advice"),
    [
        ("channel_not_found", "config", "(channel #feedback): it does not exist"),
        ("not_in_channel", "config", "/invite"),
        ("is_archived", "config", "SLACK_CHANNEL"),
        ("restricted_action_non_threadable_channel", "config", "SLACK_THREADS=false"),
        ("invalid_auth", "auth", "SLACK_BOT_TOKEN"),
        ("not_authed", "auth", "SLACK_BOT_TOKEN"),
        ("account_inactive", "auth", "removed from the workspace"),
        ("token_revoked", "auth", "SLACK_BOT_TOKEN"),
        ("token_expired", "auth", "token rotation"),
        ("no_permission", "auth", "chat:write"),
        ("restricted_action", "auth", "administrator"),
        ("msg_too_long", "client_error", "report"),
        ("invalid_blocks", "client_error", "report"),
        ("no_text", "client_error", "report"),
        ("metadata_too_large", "client_error", "report"),
        ("something_quite_new", "client_error", "something_quite_new"),
    ],
)
def test_what_a_person_has_to_change_is_final_and_named(error: str, reason: Reason, advice: str) -> None:
    refused = refusal_for(error)
    assert isinstance(refused.outcome, Failed)
    assert refused.outcome.reason == reason
    assert error in refused.outcome.why
    assert advice in refused.outcome.why
    assert not refused.maybe_done


@pytest.mark.parametrize(
    ("error", "reason", "maybe_done"),
    [
        ("ratelimited", "rate_limited", False),
        ("message_limit_exceeded", "rate_limited", False),
        ("request_timeout", "timeout", False),
        ("service_unavailable", "server_error", False),
        ("internal_error", "server_error", True),
        ("fatal_error", "server_error", True),
    ],
)
def test_what_passes_is_tried_again(error: str, reason: Reason, maybe_done: bool) -> None:
    refused = refusal_for(error)
    assert refused.outcome == Retry(f"Slack refused: {error} (channel #feedback)", reason)
    assert refused.maybe_done is maybe_done


def test_a_missing_scope_is_named() -> None:
    assert "add the scope chat:write to" in refusal_for("missing_scope", needed="chat:write").outcome.why
    assert "add the scope it needs to" in refusal_for("missing_scope").outcome.why


def test_slack_names_how_long_to_wait() -> None:
    refused = refusal(answer(429, {"ok": False, "error": "ratelimited"}, Retry_After="30"), "#a")
    assert refused.outcome == Retry("Slack refused: ratelimited (channel #a)", "rate_limited", 30.0)
    refused = refusal(answer(429, "slow down", Retry_After="7"))
    assert isinstance(refused.outcome, Retry)
    assert refused.outcome.after == 7.0


@pytest.mark.parametrize(
    ("status", "again", "maybe_done"),
    [
        (200, True, True),  # a page of somebody in between: the message may have gone through
        (302, False, False),
        (400, False, False),
        (403, False, False),
        (404, False, False),
        (407, True, False),  # a proxy asks who we are
        (408, True, False),
        (429, True, False),
        (500, True, True),
        (502, True, True),
        (503, True, False),  # "not now": the request was not taken
        (504, True, True),
    ],
)
def test_a_page_instead_of_json_is_reported_by_its_status(status: int, again: bool, maybe_done: bool) -> None:
    for refused in (refusal(answer(status, "<html>")), webhook_refusal(answer(status, "<html>"))):
        assert isinstance(refused.outcome, Retry if again else Failed)
        assert refused.maybe_done is maybe_done
        assert "<html>" not in refused.outcome.why


@pytest.mark.parametrize(
    ("status", "text", "reason", "advice"),
    [
        (400, "invalid_payload", "client_error", "report"),
        (400, "no_text", "client_error", "report"),
        (403, "action_prohibited", "auth", "administrator"),
        (403, "invalid_token", "auth", "SLACK_WEBHOOK_URL"),
        (403, "posting_to_general_channel_denied", "auth", "administrator"),
        (404, "no_service", "auth", "SLACK_WEBHOOK_URL"),
        (404, "no_team", "auth", "SLACK_WEBHOOK_URL"),
        (404, "channel_not_found", "config", "does not exist"),
        (410, "channel_is_archived", "config", "unarchive"),
        (404, "something_new", "not_found", "something_new"),
        (410, "something_new", "not_found", "something_new"),
    ],
)
def test_a_webhooks_words_are_understood(status: int, text: str, reason: Reason, advice: str) -> None:
    refused = webhook_refusal(answer(status, text))
    assert isinstance(refused.outcome, Failed)
    assert refused.outcome.reason == reason
    assert advice in refused.outcome.why


def test_a_webhooks_own_fault_may_have_posted() -> None:
    refused = webhook_refusal(answer(500, "rollup_error"))
    assert isinstance(refused.outcome, Retry)
    assert refused.maybe_done


def test_a_webhook_that_does_not_answer_ok_has_not_confirmed() -> None:
    refused = webhook_refusal(answer(200, "welcome"))
    assert isinstance(refused.outcome, Retry)
    assert refused.outcome.reason == "ambiguous"
    assert refused.maybe_done


def test_the_success_of_a_workflow_is_none() -> None:
    """Sent again, it would start the workflow again."""
    refused = webhook_refusal(answer(200, {"ok": True}))
    assert isinstance(refused.outcome, Failed)
    assert refused.outcome.reason == "config"
    assert "workflow" in refused.outcome.why
    assert "SLACK_WEBHOOK_URL" in refused.outcome.why


@pytest.mark.parametrize("text", ["crash", "결제가 안 돼요", "hello world", "xoxb-1-secret"])
def test_a_webhooks_free_text_is_not_repeated(text: str) -> None:
    assert webhook_refusal(answer(404, text)).outcome == Failed("Slack answered 404", "not_found")


def test_a_word_of_what_was_sent_is_not_repeated() -> None:
    """A gateway may echo it. The names of Slack's own errors stay what they are."""
    for refused in (
        refusal(answer(200, {"ok": False, "error": "zebra_yak"}), sent="seen a zebra_yak today"),
        refusal(answer(400, {"ok": False, "error": "zebra_yak"}), sent="seen a zebra_yak today"),
        webhook_refusal(answer(400, "zebra_yak"), sent="seen a zebra_yak today"),
    ):
        assert "zebra" not in refused.outcome.why
    assert (
        "SLACK_BOT_TOKEN"
        in refusal(answer(200, {"ok": False, "error": "invalid_auth"}), sent="invalid_auth").outcome.why
    )


def test_no_error_is_both_final_and_passing() -> None:
    assert not set(FINAL) & set(PASSING)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ok", "error", "needed", "x"]), inner),
    max_leaves=8,
)


@given(status=st.integers(100, 599), body=st.text() | JSON)
def test_any_answer_is_understood_and_nothing_free_is_quoted(status: int, body: object) -> None:
    """Whatever stands in the answer, only words of Slack's kind get into the record."""
    secret = "xoxb-Secret/1"
    given_answer = answer(status, body if isinstance(body, str) else {"ok": False, "error": [secret, body], "x": body})
    for refused in (refusal(given_answer, "#a"), webhook_refusal(given_answer)):
        assert isinstance(refused.outcome, Retry | Failed)
        assert secret not in refused.outcome.why
        assert len(refused.outcome.why) < 500


@pytest.mark.parametrize(
    "error", ["xoxb-Secret", "https://hooks.slack.com/services/T/B/x", "two words", "a" * 200, "", None]
)
def test_what_is_no_name_of_an_error_is_not_repeated(error: str | None) -> None:
    refused = refusal(answer(200, {"ok": False, "error": error}))
    assert refused.outcome == Failed("Slack refused: without a reason", "client_error")
