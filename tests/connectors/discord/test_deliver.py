"""Delivering to Discord over real HTTP: what each of its answers means. What holds for every webhook is in
tests/connectors/alerts/test_webhooks.py."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Destination, Done, Failed, Reason, Retry, TicketSystem
from tests.connectors.alerts.world import status_change, why
from tests.connectors.context import MemoryContext
from tests.connectors.discord.world import SECRETS, address, build, deliver
from tools.sandbox.app import Sandbox

SENTENCE = 'The status of issue "Cannot log in" changed from New to In Progress.'


def context(number: int = 1) -> MemoryContext:
    return MemoryContext(delivery_id=f"e{number}.discord")


def test_a_status_change_is_one_message_with_its_id(sandbox: Sandbox) -> None:
    tracker = TicketSystem("board", lambda project, id_: f"https://tracker.example/{project}/{id_}")
    outcome = deliver(build(sandbox, (tracker,)), context(), status_change(ticket="12"))
    (message,) = sandbox.discord.messages
    assert outcome == Done({"message": message.id})
    assert message.content == SENTENCE
    (embed,) = message.embeds
    assert embed["color"] == 0xFAC11B
    assert [(field["name"], field["value"]) for field in embed["fields"]] == [
        ("Project", "My Project"),
        ("Issue", "\\#3"),
        ("Ticket", "[12](https://tracker.example/1/12)"),
    ]


def test_a_name_notifies_nobody(sandbox: Sandbox) -> None:
    deliver(build(sandbox), context(), status_change(name="@everyone <@123> <@&4>"))
    (message,) = sandbox.discord.messages
    assert not message.pings
    assert "@everyone" not in message.content


def test_a_message_that_is_not_kept_is_no_success(sandbox: Sandbox) -> None:
    """Without `wait=true` Discord answers 204, and nobody learns of it."""
    sandbox.discord.is_forum = True
    outcome = deliver(build(sandbox), context())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert "(220001)" in outcome.why
    assert "add ?thread_id=… to the address in DISCORD_WEBHOOK_URL" in outcome.why
    thread = build(sandbox, DISCORD_WEBHOOK_URL=f"{address(sandbox)}?thread_id=5")
    assert isinstance(deliver(thread, context()), Done)


@pytest.mark.parametrize(
    ("status", "code", "reason", "advice"),
    [
        (404, 10015, "auth", "the webhook was deleted: make a new one"),
        (401, 50027, "auth", "the token in the address is wrong: make a new one"),
        (400, 50035, "client_error", "it can't read the message: this is a defect"),
        (400, 50006, "client_error", "the message is empty: this is a defect"),
    ],
)
def test_each_code_names_what_to_do(sandbox: Sandbox, status: int, code: int, reason: Reason, advice: str) -> None:
    sandbox.faults.add("status", system="discord", status=status, body={"message": "free text", "code": code})
    outcome = deliver(build(sandbox), context())
    assert isinstance(outcome, Failed)
    assert outcome.reason == reason
    assert outcome.why.startswith(f"Discord refused ({code}): {advice}")
    assert reason != "auth" or outcome.why.endswith("set DISCORD_WEBHOOK_URL")
    assert "free text" not in outcome.why


def test_another_code_is_shown(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="discord", status=400, body={"message": "free text", "code": 50013})
    assert deliver(build(sandbox), context()) == Failed("Discord answered 400: 50013", "client_error")


def test_a_deleted_webhook_and_a_wrong_token_are_reported_by_the_stand_in(sandbox: Sandbox) -> None:
    wrong = build(sandbox, DISCORD_WEBHOOK_URL=f"{address(sandbox)}x")
    assert "(50027)" in why(deliver(wrong, context()))
    sandbox.discord.exists = False
    assert "(10015)" in why(deliver(build(sandbox), context()))


# Limits


def test_the_pace_keeps_5_messages_in_2_seconds(sandbox: Sandbox) -> None:
    where = build(sandbox).destination(status_change())
    assert where == Destination("discord webhook", 0.5, 4)
    assert where.burst + 2 * where.per_second <= 5


def test_too_many_wait_as_long_as_discord_asks(sandbox: Sandbox) -> None:
    """Its JSON is more exact than the header."""
    body = {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}
    sandbox.faults.add("status", system="discord", status=429, body=body, headers={"Retry-After": "65"})
    connector, first = build(sandbox), context()
    assert deliver(connector, first) == Retry("Discord refused: too many messages", "rate_limited", 64.57)
    outcome = deliver(connector, first.next_attempt())
    assert isinstance(outcome, Done)
    assert "unsure" not in outcome.result, "it was not posted: nothing is unsure"


@pytest.mark.parametrize("odd", [None, "soon", -1, 1e400, [], True])
def test_an_odd_time_is_none(sandbox: Sandbox, odd: Any) -> None:
    sandbox.faults.add("status", system="discord", status=429, body={"retry_after": odd}, headers={"Retry-After": "7"})
    assert deliver(build(sandbox), context()) in (
        Retry("Discord refused: too many messages", "rate_limited", 7.0),
        Retry("Discord refused: too many messages", "rate_limited", 1.0),  # true is a number, too
    )


@pytest.mark.parametrize(("headers", "after"), [({}, 3600.0), ({"Retry-After": "90"}, 90.0)])
def test_a_block_of_our_address_is_waited_out(sandbox: Sandbox, headers: dict[str, str], after: float) -> None:
    """10,000 refusals in ten minutes; each further request would make it longer."""
    sandbox.faults.add("status", system="discord", status=429, body="<html>blocked</html>", headers=headers)
    why = "Discord blocks this server for a while, after too many refusals"
    assert deliver(build(sandbox), context()) == Retry(why, "rate_limited", after)


def test_the_sixth_message_in_2_seconds_is_refused_by_the_stand_in(sandbox: Sandbox) -> None:
    connector = build(sandbox)
    outcomes = [deliver(connector, context(number)) for number in range(6)]
    assert [type(outcome) for outcome in outcomes] == [Done] * 5 + [Retry]
    assert isinstance(outcomes[5], Retry)
    assert outcomes[5].after is not None
    assert 0 < outcomes[5].after <= 2


def test_a_webhook_that_takes_no_more_rests(sandbox: Sandbox) -> None:
    """The headers report it before a message is refused; a turn is 2 seconds."""
    connector, contexts = build(sandbox), [context(number) for number in range(5)]
    for each in contexts:
        deliver(connector, each)
    assert [each.charged for each in contexts] == [[], [], [], [], [1]]


@pytest.mark.parametrize("headers", [{}, {"X-RateLimit-Remaining": "0"}, {"X-RateLimit-Reset-After": "5"}])
@pytest.mark.parametrize("odd", ["", "soon", "nan", "-5", "1795367330"])
def test_odd_headers_are_no_rest(sandbox: Sandbox, headers: dict[str, str], odd: str) -> None:
    headers = {"X-RateLimit-Remaining": odd, "X-RateLimit-Reset-After": odd, **headers}
    sandbox.faults.add("status", system="discord", status=200, body={"id": "1"}, headers=headers)
    attempt = context()
    assert deliver(build(sandbox), attempt) == Done({"message": "1"})
    assert not attempt.charged


# Answers that are none


@pytest.mark.parametrize("odd", ["", "<html>Sign in</html>", [], {}, {"id": None}, {"id": "a b"}, {"id": ["1"]}])
def test_a_success_without_a_message_is_none(sandbox: Sandbox, odd: Any) -> None:
    sandbox.faults.add("status", system="discord", status=200, body=odd)
    connector, first = build(sandbox, DISCORD_WHEN_UNSURE="never"), context()
    outcome = deliver(connector, first)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "ambiguous"
    assert "did not confirm" in why(deliver(connector, first.next_attempt()))


def test_a_success_without_a_body_is_a_message_without_an_id(sandbox: Sandbox) -> None:
    """Discord's own answer without `wait`, which a proxy may leave out of the query."""
    sandbox.faults.add("status", system="discord", status=204, body="")
    assert deliver(build(sandbox), context()) == Done({})


# flask check


def test_check_shows_the_webhook_without_its_token(sandbox: Sandbox) -> None:
    checks = list(build(sandbox).check())
    assert [check.what for check in checks] == ["Discord has the webhook"]
    assert not any(secret in repr(checks) for secret in SECRETS)


def test_check_reports_a_webhook_that_was_deleted(sandbox: Sandbox) -> None:
    sandbox.discord.exists = False
    (check,) = build(sandbox).check()
    assert not check.ok
    assert check.what.startswith("webhook: Discord refused (10015): the webhook was deleted")
    assert "DISCORD_WEBHOOK_URL" in check.what


def test_check_reports_what_is_not_discord(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="discord", status=200, body="<html>Sign in</html>")
    (check,) = build(sandbox).check()
    assert (check.ok, check.what) == (False, "webhook: the answer is not from Discord; look at DISCORD_WEBHOOK_URL")
