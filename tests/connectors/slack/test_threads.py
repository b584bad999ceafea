"""SLACK_THREADS=true: the messages about one issue are one thread, shown in the channel too."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from werkzeug.wrappers import Request, Response

from connectors.base import Connector, Done, Links, Skipped, TicketSystem
from connectors.patience import SETTLE_SECONDS
from sources.base import Subject
from sources.tickets import Actor, Ticket, TicketEvent, summary
from tests.connectors.alerts.world import other, status_change
from tests.connectors.context import MemoryContext, MemoryLinks
from tests.connectors.slack.world import bot, deliver
from tests.web import serving
from tools.sandbox.app import Sandbox


def context(number: int, links: Links) -> MemoryContext:
    return MemoryContext(delivery_id=f"e{number}.slack", links=links)


@pytest.fixture
def links() -> MemoryLinks:
    return MemoryLinks()


def test_later_messages_reply_to_the_first_and_show_in_the_channel(sandbox: Sandbox, links: MemoryLinks) -> None:
    connector = bot(sandbox, SLACK_THREADS="true", SLACK_CHANNEL="#feedback")
    deliver(connector, context(1, links))
    deliver(connector, context(2, links), status_change(previous="IN_PROGRESS", status="RESOLVED"))
    outcome = deliver(connector, context(3, links), other("ISSUE_ADDITION"))
    first, second, third = sandbox.slack.messages
    assert first.thread_ts is None
    assert (second.thread_ts, third.thread_ts) == (first.ts, first.ts)
    assert second.broadcast
    assert third.broadcast
    assert outcome == Done({"channel": "C0FEEDBACK", "ts": third.ts, "thread": first.ts})


def test_every_issue_has_its_own_thread(sandbox: Sandbox, links: MemoryLinks) -> None:
    connector = bot(sandbox, SLACK_THREADS="true")
    for number, issue in enumerate((3, 4, 3)):
        deliver(connector, context(number, links), status_change(issue=issue))
    first, other_issue, again = sandbox.slack.messages
    assert other_issue.thread_ts is None
    assert again.thread_ts == first.ts


def test_without_the_setting_there_are_no_threads(sandbox: Sandbox, links: MemoryLinks) -> None:
    connector = bot(sandbox)
    deliver(connector, context(1, links))
    deliver(connector, context(2, links))
    assert [message.thread_ts for message in sandbox.slack.messages] == [None, None]
    assert not links.values


def test_feedback_without_an_issue_has_no_thread(sandbox: Sandbox, links: MemoryLinks) -> None:
    deliver(bot(sandbox, SLACK_THREADS="true"), context(1, links), other("FEEDBACK_CREATION", issue=None))
    assert not links.values


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_lost_answer_in_a_thread_makes_one_reply(sandbox: Sandbox, links: MemoryLinks, kind: str) -> None:
    connector = bot(sandbox, SLACK_THREADS="true")
    deliver(connector, context(1, links))
    sandbox.faults.add(kind, path="chat.postMessage")  # type: ignore[arg-type]
    second = context(2, links)
    deliver(connector, second)
    outcome = deliver(connector, second.next_attempt(later=SETTLE_SECONDS))
    first, reply = sandbox.slack.messages
    assert outcome == Done(
        {"channel": "C0FEEDBACK", "ts": reply.ts, "thread": first.ts}
        | ({"found": "posted by an earlier attempt"} if kind == "drop_after" else {})
    )


def test_a_reply_is_found_in_its_thread(sandbox: Sandbox, links: MemoryLinks) -> None:
    """Even where the channel's history does not show it."""
    connector = bot(sandbox, SLACK_THREADS="true")
    deliver(connector, context(1, links))
    second = context(2, links)
    deliver(connector, second)
    sandbox.slack.messages[1] = dataclasses.replace(sandbox.slack.messages[1], broadcast=False)
    outcome = deliver(connector, second.next_attempt())
    assert isinstance(outcome, Done)
    assert outcome.result["found"]
    assert len(sandbox.slack.messages) == 2


def test_killed_before_the_thread_was_noted(sandbox: Sandbox, links: MemoryLinks) -> None:
    """The first message is found again, and becomes the thread."""
    connector, first = bot(sandbox, SLACK_THREADS="true"), context(1, links)
    deliver(connector, first)
    links.values.clear()
    deliver(connector, first.next_attempt())
    deliver(connector, context(2, links))
    assert [message.thread_ts for message in sandbox.slack.messages] == [None, sandbox.slack.messages[0].ts]


def test_a_deleted_thread_is_begun_again(sandbox: Sandbox, links: MemoryLinks) -> None:
    connector = bot(sandbox, SLACK_THREADS="true")
    deliver(connector, context(1, links))
    sandbox.slack.messages.clear()
    for number in (2, 3):
        assert isinstance(deliver(connector, context(number, links)), Done)
    second, third = sandbox.slack.messages
    assert second.thread_ts is None
    assert third.thread_ts == second.ts


def test_a_lost_answer_in_a_deleted_thread_is_looked_up_in_the_channel(sandbox: Sandbox, links: MemoryLinks) -> None:
    connector = bot(sandbox, SLACK_THREADS="true")
    deliver(connector, context(1, links))
    sandbox.slack.messages.clear()
    second = context(2, links)
    deliver(connector, second)
    lost = second.next_attempt()
    lost.notes = {"posting": {**lost.notes["posting"], "thread": "1700000000.000001"}}
    outcome = deliver(connector, lost)
    assert isinstance(outcome, Done)
    assert outcome.result["found"]
    assert len(sandbox.slack.messages) == 1


def test_another_channel_set_since_has_a_thread_of_its_own(sandbox: Sandbox, links: MemoryLinks) -> None:
    deliver(bot(sandbox, SLACK_THREADS="true"), context(1, links))
    moved = bot(sandbox, SLACK_THREADS="true", SLACK_CHANNEL="C0MOBILE")
    sandbox.faults.add("delay", path="chat.postMessage", times=None)
    deliver(moved, context(2, links))
    assert len(sandbox.faults.fired) == 1, "Slack was not asked to reply to a message of the other channel"
    deliver(moved, context(3, links))
    _, second, third = sandbox.slack.messages
    assert (second.channel, second.thread_ts) == ("C0MOBILE", None)
    assert (third.channel, third.thread_ts) == ("C0MOBILE", second.ts)


@contextmanager
def unthreading_slack() -> Iterator[str]:
    """Slack as it was seen to be where the first message had just been deleted: it posts the reply into the channel,
    and the only sign is that `message` has no `thread_ts` (https://github.com/slack-go/slack/issues/1571)."""

    @Request.application
    def app(request: Request) -> Response:
        assert json.loads(request.get_data())["channel"]
        body = {"ok": True, "channel": "C0FEEDBACK", "ts": "1800000000.000100", "message": {"text": "…"}}
        return Response(json.dumps(body), content_type="application/json")

    with serving(app) as url:
        yield f"{url}/api"


def test_a_reply_that_slack_put_into_the_channel_begins_the_new_thread(sandbox: Sandbox, links: MemoryLinks) -> None:
    links.set("abc:issue:1:3", channel="C0FEEDBACK", thread="1700000000.000001")
    with unthreading_slack() as url:
        outcome = deliver(bot(sandbox, SLACK_THREADS="true", SLACK_API_URL=url), context(1, links))
    assert outcome == Done({"channel": "C0FEEDBACK", "ts": "1800000000.000100"})
    assert links.get("abc:issue:1:3")["thread"] == "1800000000.000100"


def comment(text: str = "Fixed in 2.1", key: str = "acme/app#7") -> TicketEvent:
    """A comment that somebody wrote on a ticket."""
    subject = Subject("github", "issue", "acme/app", "7")
    shown = summary(Ticket("1", key, "Payment fails"), Actor("42", "mina"), "commented")
    event = TicketEvent("github", "c1", "github.issue_comment.created", subject, 0.0, {}, Ticket("1", key))
    return dataclasses.replace(event, comment=text, summary=shown)


def github(sandbox: Sandbox, channel: str = "C0FEEDBACK") -> Connector:
    """Slack beside a ticket system."""
    tickets = (TicketSystem("github", lambda *_: ""),)
    return bot(sandbox, tickets=tickets, SLACK_THREADS="true", SLACK_CHANNEL=channel)


def test_a_comment_on_a_ticket_is_shown_in_the_thread_of_its_issue(sandbox: Sandbox, links: MemoryLinks) -> None:
    links.of("github").set("ticket:acme/app#7", "", project="1", issue="3")
    connector = github(sandbox)
    deliver(connector, context(1, links))
    deliver(connector, context(2, links), comment())
    first, reply = sandbox.slack.messages
    assert reply.thread_ts == first.ts
    assert "Fixed in 2.1" in json.dumps(reply.blocks)
    assert "mina" in json.dumps(reply.blocks)


@pytest.mark.parametrize("case", ["unknown ticket", "another channel"])
def test_without_a_thread_to_know_a_comment_goes_to_the_channel(
    sandbox: Sandbox, links: MemoryLinks, case: str
) -> None:
    links.of("github").set("ticket:acme/app#7", "", project="1", issue="3")
    channels = "*=C0FEEDBACK,1=C0MOBILE" if case == "another channel" else "*=C0FEEDBACK"
    connector = github(sandbox, channels)
    deliver(connector, context(1, links))
    deliver(connector, context(2, links), comment(key="acme/app#8" if case == "unknown ticket" else "acme/app#7"))
    assert sandbox.slack.messages[-1].thread_ts is None


def test_a_comment_of_the_bridge_itself_is_no_message(sandbox: Sandbox, links: MemoryLinks) -> None:
    outcome = deliver(github(sandbox), context(1, links), comment("text\n\n<!-- abc-feedback-test-1-3-t5 -->"))
    assert isinstance(outcome, Skipped)
    assert sandbox.slack.messages == []
