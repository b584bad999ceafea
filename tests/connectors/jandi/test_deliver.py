"""Delivering to JANDI over real HTTP: what each answer means, and what is done where none came."""

from __future__ import annotations

import dataclasses
import re

import pytest

from connectors.alerts.flow import AlertConnector
from connectors.base import Destination, Done, Failed, Reason, Retry, TicketSystem
from tests.connectors.alerts.world import status_change, why
from tests.connectors.context import MemoryContext
from tests.connectors.jandi.world import SECRETS, address, build, deliver
from tools.sandbox.app import Sandbox

SENTENCE = 'The status of issue "Cannot log in" changed from New to In Progress.'


def context(**values: object) -> MemoryContext:
    return MemoryContext(delivery_id="e1.jandi", **values)  # type: ignore[arg-type]


def test_a_status_change_is_one_message(sandbox: Sandbox) -> None:
    assert deliver(build(sandbox), context(), status_change(ticket="12")) == Done({})
    (message,) = sandbox.jandi.messages
    assert (message.body, message.colour) == (SENTENCE, "#FAC11B")
    assert [line["title"] for line in message.info] == ["Project", "Issue", "Ticket"]


def test_the_ticket_is_linked_without_a_variable(sandbox: Sandbox) -> None:
    tracker = TicketSystem("board", lambda project, id_: f"https://tracker.example/{project}/{id_}")
    deliver(build(sandbox, tickets=(tracker,)), context(), status_change(ticket="12"))
    assert sandbox.jandi.messages[-1].body == f"{SENTENCE}\n[[Ticket 12]](https://tracker.example/1/12)"
    variable = build(sandbox, tickets=(tracker,), JANDI_TICKET_URL="https://ours.example/{id}")
    deliver(variable, context(), status_change(ticket="12"))
    assert sandbox.jandi.messages[-1].body == f"{SENTENCE}\n[[Ticket 12]](https://ours.example/12)"


# Limits: 60 messages a minute, 500 in ten minutes


def test_the_pace_keeps_both_of_jandis_limits(sandbox: Sandbox) -> None:
    """At most `burst`, and one for each interval; a turn may be used up to 5 s late (admit.lua). 24 go in 30 s."""
    where = build(sandbox).destination(status_change())
    assert where == Destination("jandi webhook", 0.8, 5)
    for most, seconds in ((60, 60), (500, 600)):
        assert where.burst + (seconds + 5) * where.per_second <= most
    assert where.burst + 30 * where.per_second >= 24


def test_many_that_wait_are_one_message(sandbox: Sandbox) -> None:
    connector = build(sandbox)
    assert isinstance(connector, AlertConnector)
    assert connector.crowd == 10
    waiting = [(status_change(), MemoryContext(delivery_id=f"e{number}.jandi")) for number in range(12)]
    assert connector.gather(waiting) == [Done({})] * 12
    (message,) = sandbox.jandi.messages
    assert message.body.count("•") == 12


@pytest.mark.parametrize("status", [429, 200])
def test_too_many_wait_for_a_minute(sandbox: Sandbox, status: int) -> None:
    body = {"code": 42900, "message": "Too Many Requests"}
    sandbox.faults.add("status", system="jandi", status=status, body=body)
    connector, first = build(sandbox), context()
    assert deliver(connector, first) == Retry("JANDI refused: too many messages", "rate_limited", 60.0)
    assert deliver(connector, first.next_attempt()) == Done({}), "it was not posted: nothing is unsure"
    assert len(sandbox.jandi.messages) == 1


def test_a_time_that_jandi_names_is_kept(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="jandi", status=429, headers={"Retry-After": "7"})
    assert deliver(build(sandbox), context()) == Retry("JANDI refused: too many messages", "rate_limited", 7.0)


def test_the_61st_message_of_a_minute_is_refused_by_the_stand_in(sandbox: Sandbox) -> None:
    connector = build(sandbox)
    outcomes = [deliver(connector, MemoryContext(delivery_id=f"e{number}.jandi")) for number in range(61)]
    assert outcomes[:60] == [Done({})] * 60
    assert isinstance(outcomes[60], Retry)
    assert len(sandbox.jandi.messages) == 60


# Refusals


@pytest.mark.parametrize("status", [400, 200])
@pytest.mark.parametrize(
    ("message", "reason", "advice"),
    [
        ("잘못된 webhook Token 형식", "auth", "the address is not that of a webhook"),
        ("유효하지 않은 webhook ( 비활성화 되거나 삭제된 webhook )", "auth", "switched off or deleted: switch it on"),
        ("요청 데이터의 형식이 잘못된 경우", "client_error", "this is a defect of Feedback Bridge"),
        ("Invalid webhook token", "auth", "the address is not that of a webhook"),
        ("free text", "auth", "switched off or deleted, or its address is wrong"),
        ("", "auth", "switched off or deleted, or its address is wrong"),
    ],
)
def test_what_the_code_40000_means(sandbox: Sandbox, status: int, message: str, reason: Reason, advice: str) -> None:
    """Three refusals share it; also with a status that means success."""
    sandbox.faults.add("status", system="jandi", status=status, body={"code": 40000, "message": message})
    first = context()
    outcome = deliver(build(sandbox), first)
    assert isinstance(outcome, Failed)
    assert outcome.reason == reason
    assert outcome.why.startswith("JANDI refused (40000): ")
    assert advice in outcome.why
    assert ("JANDI_WEBHOOK_URL" in outcome.why) == (reason == "auth")
    assert "free text" not in outcome.why
    assert not first.notes.get("posting")


def test_a_wrong_address_and_a_webhook_that_is_off_are_reported(sandbox: Sandbox) -> None:
    wrong = build(sandbox, JANDI_WEBHOOK_URL=f"{sandbox.url}/jandi/connect-api/webhook/12/short")
    assert "the address is not that of a webhook" in why(deliver(wrong, context()))
    sandbox.jandi.active = False
    assert "switched off or deleted" in why(deliver(build(sandbox), context()))


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        (500, Retry, "server_error"),
        (502, Retry, "server_error"),
        (503, Retry, "server_error"),
        (302, Failed, "client_error"),
    ],
)
def test_other_answers_go_by_the_common_table(sandbox: Sandbox, status: int, outcome: type, reason: Reason) -> None:
    sandbox.faults.add("status", system="jandi", status=status, body="what stands in between")
    found = deliver(build(sandbox), context())
    assert isinstance(found, outcome)
    assert why(found) == f"JANDI answered {status}"
    assert getattr(found, "reason", None) == reason


ODD: list[object] = [None, 5, "free text", [], [5], {}, {"code": None}, {"code": [40000]}, {"code": {"a": 1}}]


@pytest.mark.parametrize("odd", ODD)
def test_a_success_needs_no_body(sandbox: Sandbox, odd: object) -> None:
    """What a success looks like is on no page: only a code of an error makes a 200 a failure."""
    sandbox.faults.add("status", system="jandi", status=200, body=odd)
    assert deliver(build(sandbox), context()) == Done({})


# No answer, or one that leaves the result open


def test_hostile_text_is_taken(sandbox: Sandbox) -> None:
    name = "[[a]](https://evil.example) \ud83d 👩\u200d👩\u200d👧 \x00 " + "한" * 5000
    event = dataclasses.replace(status_change(name=name))
    assert deliver(build(sandbox), context(), event) == Done({})
    assert not re.search(r"\[\[|\]\(", sandbox.jandi.messages[-1].body)


# flask check


def test_check_reaches_each_address_and_posts_nothing(sandbox: Sandbox) -> None:
    url = address(sandbox)
    checks = list(build(sandbox, JANDI_WEBHOOK_URL=f"*={url},2={url[:-1]}0").check())
    assert [check.what for check in checks[:2]] == [
        "JANDI is reached (webhook)",
        "JANDI is reached (webhook of project 2)",
    ]
    assert checks[2].is_note
    assert "JANDI_WEBHOOK_URL" in checks[2].what
    assert not sandbox.jandi.messages
    assert not any(secret in repr(checks) for secret in SECRETS)
