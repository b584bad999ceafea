"""A burst in one channel is one message, and still every event is told once."""

from __future__ import annotations

import pytest

from connectors.base import Done, Retry
from connectors.slack.connector import SlackConnector
from connectors.slack.render import SECTION_TEXT_MAX, TEXT_MAX, render_digest
from sandbox.app import Sandbox
from sources.event import Event
from tests.connectors.context import MemoryContext
from tests.connectors.slack.world import bot, status_change


def crowd(count: int) -> list[tuple[Event, MemoryContext]]:
    return [(status_change(), MemoryContext(delivery_id=f"e{number}.slack")) for number in range(count)]


def as_slack(connector: object) -> SlackConnector:
    assert isinstance(connector, SlackConnector)
    return connector


def test_a_crowd_is_told_in_one_message(sandbox: Sandbox) -> None:
    outcomes = as_slack(bot(sandbox)).gather(crowd(12))
    (message,) = sandbox.slack.messages
    assert outcomes == [Done({"channel": "C0FEEDBACK", "ts": message.ts})] * 12
    assert message.text.startswith("12 events, told together because there are so many:\n• The status of issue")
    assert message.text.count("•") == 12


def test_a_digest_without_an_answer_is_found_by_each_and_not_posted_again(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_after", system="slack", path="chat.postMessage")
    connector, told = as_slack(bot(sandbox)), crowd(12)
    assert {type(outcome) for outcome in connector.gather(told)} == {Retry}
    assert len(sandbox.slack.messages) == 1
    for event, context in told:
        outcome = connector.deliver(event, context.next_attempt())
        assert isinstance(outcome, Done)
        assert outcome.result["found"] == "posted by an earlier attempt"
    assert len(sandbox.slack.messages) == 1


def test_a_digest_that_never_arrived_is_made_up_for_one_by_one(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_before", system="slack", path="chat.postMessage")
    connector, told = as_slack(bot(sandbox)), crowd(3)
    connector.gather(told)
    assert sandbox.slack.messages == []
    assert all(isinstance(connector.deliver(event, context.next_attempt()), Done) for event, context in told)
    assert len(sandbox.slack.messages) == 3


def test_what_may_have_been_posted_before_is_looked_up_and_not_put_into_a_digest(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_after", system="slack", path="chat.postMessage")
    connector, told = as_slack(bot(sandbox)), crowd(4)
    assert isinstance(connector.deliver(*told[0]), Retry)
    outcomes = connector.gather([(told[0][0], told[0][1].next_attempt()), *told[1:]])
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert [message.text.count("•") for message in sandbox.slack.messages] == [0, 3]


def test_in_threads_each_message_keeps_its_place(sandbox: Sandbox) -> None:
    assert as_slack(bot(sandbox, SLACK_THREADS="true")).crowd > 1_000_000


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_a_digest_of_long_names_keeps_slacks_limits(language: str) -> None:
    events = [status_change(name="가😭<&>" * 60) for _ in range(30)]
    message = render_digest(events, language, {})  # type: ignore[arg-type]
    assert len(message.text) <= TEXT_MAX
    assert len(message.blocks) <= 50
    assert all(0 < len(block["text"]["text"]) <= SECTION_TEXT_MAX for block in message.blocks)
    assert sum(len(block["text"]["text"]) for block in message.blocks) <= 13_000
