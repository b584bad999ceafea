"""A burst in one channel is one message, and still every event is reported once."""

from __future__ import annotations

import dataclasses
import time

import pytest

from connectors.alerts import flow
from connectors.alerts.flow import AlertConnector
from connectors.base import Done, Retry, Skipped
from connectors.patience import SETTLE_SECONDS
from connectors.slack.render import SECTION_TEXT_MAX, TEXT_MAX
from sources.base import Event
from tests.connectors.alerts.world import status_change
from tests.connectors.context import MemoryContext
from tests.connectors.slack.world import bot, render_digest, webhook
from tools.sandbox.app import Sandbox


def crowd(count: int) -> list[tuple[Event, MemoryContext]]:
    return [(status_change(), MemoryContext(delivery_id=f"e{number}.slack")) for number in range(count)]


def forgotten(count: int) -> list[tuple[Event, MemoryContext]]:
    """Redis was wiped since, and what was sent before that has arrived."""
    return [
        (event, dataclasses.replace(context, born=time.time() - SETTLE_SECONDS - 1)) for event, context in crowd(count)
    ]


def as_alerts(connector: object) -> AlertConnector:
    assert isinstance(connector, AlertConnector)
    return connector


def test_a_crowd_is_reported_in_one_message(sandbox: Sandbox) -> None:
    outcomes = as_alerts(bot(sandbox)).gather(crowd(12))
    (message,) = sandbox.slack.messages
    assert outcomes == [Done({"channel": "C0FEEDBACK", "ts": message.ts})] * 12
    assert message.text.startswith("12 events in one message, because there are so many:\n• The status of issue")
    assert message.text.count("•") == 12


def test_a_digest_without_an_answer_is_found_by_each_and_not_posted_again(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_after", system="slack", path="chat.postMessage")
    connector, announced = as_alerts(bot(sandbox)), crowd(12)
    assert {type(outcome) for outcome in connector.gather(announced)} == {Retry}
    assert len(sandbox.slack.messages) == 1
    for event, context in announced:
        outcome = connector.deliver(event, context.next_attempt())
        assert isinstance(outcome, Done)
        assert outcome.result["found"] == "posted by an earlier attempt"
    assert len(sandbox.slack.messages) == 1


def test_a_digest_that_never_arrived_is_posted_as_single_messages(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_before", system="slack", path="chat.postMessage")
    connector, announced = as_alerts(bot(sandbox)), crowd(3)
    connector.gather(announced)
    assert sandbox.slack.messages == []
    assert all(
        isinstance(connector.deliver(event, context.next_attempt(later=SETTLE_SECONDS)), Done)
        for event, context in announced
    )
    assert len(sandbox.slack.messages) == 3


def test_what_may_have_been_posted_before_is_looked_up_and_not_put_into_a_digest(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_after", system="slack", path="chat.postMessage")
    connector, announced = as_alerts(bot(sandbox)), crowd(4)
    assert isinstance(connector.deliver(*announced[0]), Retry)
    outcomes = connector.gather([(announced[0][0], announced[0][1].next_attempt()), *announced[1:]])
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert [message.text.count("•") for message in sandbox.slack.messages] == [0, 3]


def test_a_crowd_that_nobody_remembers_is_one_message_too(sandbox: Sandbox) -> None:
    """After an outage is when it must not storm: one turn of the channel's rate, one message."""
    connector, announced = as_alerts(bot(sandbox)), forgotten(30)
    assert isinstance(connector.deliver(*announced[0]), Done)
    outcomes = connector.gather(announced)
    first, digest = sandbox.slack.messages
    assert outcomes[0] == Done({"channel": "C0FEEDBACK", "ts": first.ts, "found": "posted by an earlier attempt"})
    assert outcomes[1:] == [Done({"channel": "C0FEEDBACK", "ts": digest.ts})] * 29


def test_each_of_a_digest_is_found_when_nobody_remembers_it(sandbox: Sandbox) -> None:
    """After Redis was wiped the same events may come again; `e1` is no part of the name `e11`."""
    connector = as_alerts(bot(sandbox))
    connector.gather(crowd(12)[2:])
    (digest,) = sandbox.slack.messages
    outcomes = [connector.deliver(*one) for one in forgotten(12)]
    found = Done({"channel": "C0FEEDBACK", "ts": digest.ts, "found": "posted by an earlier attempt"})
    assert outcomes[2:] == [found] * 10
    assert [message.text.count("•") for message in sandbox.slack.messages] == [10, 0, 0]


def test_those_that_were_not_posted_before_join_one_digest(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_before", system="slack", path="chat.postMessage", times=3)
    connector, announced = as_alerts(bot(sandbox)), crowd(6)
    assert {type(connector.deliver(*one)) for one in announced[:3]} == {Retry}
    again = [(event, context.next_attempt(later=SETTLE_SECONDS)) for event, context in announced[:3]]
    assert {type(outcome) for outcome in connector.gather(again + announced[3:])} == {Done}
    (message,) = sandbox.slack.messages
    assert message.text.count("•") == 6


def test_what_slack_may_still_be_posting_waits_and_the_others_do_not(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_before", system="slack", path="chat.postMessage")
    connector, announced = as_alerts(bot(sandbox)), crowd(4)
    connector.deliver(*announced[0])
    waiting, *others = connector.gather([(announced[0][0], announced[0][1].next_attempt(later=5)), *announced[1:]])
    assert isinstance(waiting, Retry)
    assert waiting.reason == "not_yet"
    assert {type(outcome) for outcome in others} == {Done}
    (message,) = sandbox.slack.messages
    assert message.text.count("•") == 3


@pytest.mark.parametrize(("choice", "outcome"), [("twice", Done), ("never", Skipped)])
def test_what_can_not_be_looked_up_joins_only_where_the_operator_sets_twice(
    sandbox: Sandbox, choice: str, outcome: type
) -> None:
    sandbox.faults.add("drop_before", system="slack", path="services", times=2)
    connector, announced = as_alerts(webhook(sandbox, SLACK_WHEN_UNSURE=choice)), crowd(5)
    for one in announced[:2]:
        connector.deliver(*one)
    outcomes = connector.gather(
        [*((event, context.next_attempt()) for event, context in announced[:2]), *announced[2:]]
    )
    assert [type(one) for one in outcomes] == [outcome] * 2 + [Done] * 3
    assert all("unsure" in one.result for one in outcomes[:2] if isinstance(one, Done | Skipped))
    (message,) = sandbox.slack.messages
    assert message.text.count("•") == (5 if choice == "twice" else 3)


def test_one_that_another_worker_has_is_left_out_and_the_others_are_reported(sandbox: Sandbox) -> None:
    connector, announced = as_alerts(webhook(sandbox)), crowd(5)
    announced[2][1].lease_lost = True
    assert connector.gather(announced) == [Done({}), Done({}), None, Done({}), Done({})]
    (message,) = sandbox.slack.messages
    assert message.text.count("•") == 4


def test_one_that_is_lost_after_the_digest_was_refused_does_not_keep_the_others_from_knowing(sandbox: Sandbox) -> None:
    """Else they would take the message for one that may have been posted."""
    body = {"ok": False, "error": "service_unavailable"}
    sandbox.faults.add("status", system="slack", path="chat.postMessage", status=503, body=body)
    connector, announced = as_alerts(bot(sandbox)), crowd(5)
    lost = announced[1][1]
    lost.on_keep = lambda _: setattr(lost, "lease_lost", True)
    assert {type(outcome) for outcome in connector.gather(announced)} == {Retry}
    assert [bool(context.notes.get("posting")) for _, context in announced] == [False, True, False, False, False]


def test_where_only_one_is_left_it_is_reported_as_ever(sandbox: Sandbox) -> None:
    connector, announced = as_alerts(bot(sandbox)), crowd(3)
    for _, context in announced[1:]:
        context.lease_lost = True
    outcomes = connector.gather(announced)
    (message,) = sandbox.slack.messages
    assert outcomes == [Done({"channel": "C0FEEDBACK", "ts": message.ts}), None, None]
    assert "•" not in message.text


def test_what_keeps_one_from_being_looked_up_is_not_asked_again_for_each(sandbox: Sandbox) -> None:
    limited = {"ok": False, "error": "ratelimited"}
    sandbox.faults.add("status", path="history", status=429, body=limited, headers={"Retry-After": "60"}, times=None)
    outcomes = as_alerts(bot(sandbox)).gather([*forgotten(12)[10:], *crowd(3)])
    assert [type(outcome) for outcome in outcomes] == [Retry, Retry, Done, Done, Done]
    assert outcomes[0] == outcomes[1]
    assert len(sandbox.faults.fired) == 1


def test_look_ups_that_take_long_end_and_the_rest_comes_later(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "LOOKING_SECONDS", 0.0)
    outcomes = as_alerts(bot(sandbox)).gather([*forgotten(5)[3:], *crowd(3)])
    assert [outcome.reason for outcome in outcomes if isinstance(outcome, Retry)] == ["not_yet", "not_yet"]
    assert {type(outcome) for outcome in outcomes[2:]} == {Done}
    assert len(sandbox.slack.messages) == 1


def test_in_threads_each_message_keeps_its_place(sandbox: Sandbox) -> None:
    assert as_alerts(bot(sandbox, SLACK_THREADS="true")).crowd > 1_000_000


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_a_digest_of_long_names_keeps_slacks_limits(language: str) -> None:
    events = [status_change(name="가😭<&>" * 60) for _ in range(30)]
    message = render_digest(events, language)  # type: ignore[arg-type]
    assert len(message.text) <= TEXT_MAX
    assert len(message.blocks) <= 50
    assert all(0 < len(block["text"]["text"]) <= SECTION_TEXT_MAX for block in message.blocks)
    assert sum(len(block["text"]["text"]) for block in message.blocks) <= 13_000
