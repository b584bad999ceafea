"""Delivering to Slack over real HTTP: one message for each event, whatever goes wrong on the way."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.settings import load
from connectors import slack
from connectors.base import Connector, Destination, Done, Failed, LeaseLost, Reason, Retry, Skipped
from connectors.patience import LOOK_EVERY, SETTLE_SECONDS
from jobs.configuration import configure
from jobs.runtime import Runtime
from tests.connectors.alerts.world import other, status_change, why
from tests.connectors.context import MemoryContext
from tests.connectors.slack.world import bot, deliver, marker, tools, webhook
from tools.sandbox.app import Sandbox
from tools.sandbox.service import environment
from tools.sandbox.slack import Message

SENTENCE = 'The status of issue "Cannot log in" changed from New to In Progress.'


def context(**values: object) -> MemoryContext:
    return MemoryContext(delivery_id="e1.slack", **values)  # type: ignore[arg-type]


def wiped(seconds: float = SETTLE_SECONDS + 1) -> MemoryContext:
    """Of a ledger that was wiped so many seconds ago; the event is older."""
    return context(born=time.time() - seconds)


def test_a_status_change_is_one_message(sandbox: Sandbox) -> None:
    outcome = deliver(bot(sandbox), context(), status_change(ticket="12"))
    (message,) = sandbox.slack.messages
    assert outcome == Done({"channel": "C0FEEDBACK", "ts": message.ts})
    assert message.channel == "C0FEEDBACK"
    assert message.text == SENTENCE
    assert [block["type"] for block in message.blocks] == ["section", "context"]
    assert message.metadata == marker("test", "e1.slack")
    assert message.thread_ts is None


def test_a_webhook_posts_the_same_words(sandbox: Sandbox) -> None:
    assert deliver(webhook(sandbox), context()) == Done({})
    (message,) = sandbox.slack.messages
    assert (message.by, message.text, len(message.blocks)) == ("webhook", SENTENCE, 2)


def test_each_project_has_its_channel(sandbox: Sandbox) -> None:
    connector = bot(sandbox, SLACK_CHANNEL="1=#feedback,2=C0MOBILE")
    assert isinstance(deliver(connector, context(), status_change(project=2)), Done)
    assert isinstance(deliver(connector, context(), status_change(project=1)), Done)
    assert [message.channel for message in sandbox.slack.messages] == ["C0MOBILE", "C0FEEDBACK"]


def test_a_project_without_a_channel_is_skipped_and_reported(sandbox: Sandbox) -> None:
    outcome = deliver(bot(sandbox, SLACK_CHANNEL="1=#feedback"), context(), status_change(project=9))
    assert outcome == Skipped("SLACK_CHANNEL names no channel for project 9, and no default (*)")
    assert not sandbox.slack.messages


def test_each_channel_is_a_destination_with_slacks_own_limit(sandbox: Sandbox) -> None:
    connector = bot(sandbox, SLACK_CHANNEL="1=#feedback,2=C0MOBILE")
    assert connector.destination(status_change(project=1)) == Destination("slack #feedback", 1, 3)
    assert connector.destination(status_change(project=2)).name == "slack C0MOBILE"
    assert webhook(sandbox, SLACK_RATE="0.5").destination(status_change()) == Destination("slack webhook", 0.5, 3)


def test_slacks_pace_is_kept_unless_set() -> None:
    """About one message a second and channel, 3 at once (https://docs.slack.dev/apis/web-api/rate-limits); ten that
    wait become one; what may still be posted is looked for during 30 s, every 10 s."""
    settings = load(slack.SPEC.settings, {"SLACK_BOT_TOKEN": "xoxb-test", "SLACK_CHANNEL": "#feedback"})
    connector = slack.SPEC.build(settings, tools())
    assert connector.destination(status_change()) == Destination("slack #feedback", 1, 3)
    assert connector.crowd == 10  # type: ignore[attr-defined]
    assert (SETTLE_SECONDS, LOOK_EVERY) == (30, 10)


def test_no_credential_of_any_system_is_in_a_message(sandbox: Sandbox) -> None:
    """Everything that is configured is at hand where a message is made: addresses, tokens, keys."""
    environ = environment(sandbox.url, "redis://:redis-secret@127.0.0.1:9/0")
    connector = Runtime(configure(environ)).connectors["slack"]
    assert isinstance(connector.deliver(status_change(ticket="12"), context()), Done)
    posted = repr(sandbox.slack.messages[-1])
    assert "/browse/PROJ-12" in posted
    names = ["SLACK_BOT_TOKEN", "JIRA_API_TOKEN", "JIRA_EMAIL", "ABC_API_KEY", "WEBHOOK_TOKEN", "CONSOLE_PASSWORD"]
    assert not [secret for secret in [*(environ[name] for name in names), "redis-secret"] if secret in posted]


def test_an_event_without_a_project_goes_to_the_default_channel(sandbox: Sandbox) -> None:
    event = other("ISSUE_CREATION", project=None)
    assert isinstance(deliver(bot(sandbox, SLACK_CHANNEL="*=C0MOBILE"), context(), event), Done)
    assert sandbox.slack.messages[-1].channel == "C0MOBILE"


def test_an_event_without_a_message_is_skipped(sandbox: Sandbox) -> None:
    assert isinstance(deliver(bot(sandbox), context(), other("NEWER_EVENT")), Skipped)


def test_the_note_is_there_before_the_message(sandbox: Sandbox) -> None:
    """A worker may be killed at any moment after it."""
    seen: list[int] = []
    deliver(bot(sandbox), context(on_keep=lambda _: seen.append(len(sandbox.slack.messages))))
    assert seen == [0]


def test_who_lost_the_lease_posts_nothing(sandbox: Sandbox) -> None:
    connector = bot(sandbox)
    with pytest.raises(LeaseLost):
        connector.deliver(status_change(), context(lease_lost=True))
    assert not sandbox.slack.messages


# Answers with a certain result, and what is done then.


@pytest.mark.parametrize(
    ("status", "error", "headers", "reason", "after"),
    [
        (429, "ratelimited", {"Retry-After": "30"}, "rate_limited", 30.0),
        (200, "ratelimited", {}, "rate_limited", None),
        (200, "service_unavailable", {}, "server_error", None),
        (503, "service_unavailable", {"Retry-After": "5"}, "server_error", 5.0),
    ],
)
def test_a_refusal_that_passes_is_retried_without_a_look_up(
    sandbox: Sandbox, status: int, error: str, headers: dict[str, str], reason: Reason, after: float | None
) -> None:
    """Slack reported that it did not post: the next attempt posts at once."""
    body = {"ok": False, "error": error}
    sandbox.faults.add("status", path="chat.postMessage", status=status, body=body, headers=headers)
    connector, first = bot(sandbox), context()
    outcome = deliver(connector, first)
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == (reason, after)
    sandbox.faults.add("status", path="conversations", times=None)
    assert isinstance(deliver(connector, first.next_attempt()), Done)
    assert len(sandbox.slack.messages) == 1


def test_slacks_rate_limit_is_reported_with_its_wait(sandbox: Sandbox) -> None:
    sandbox.slack.seconds_between = 60
    connector = bot(sandbox)
    assert isinstance(deliver(connector, context()), Done)
    outcome = deliver(connector, context())
    assert isinstance(outcome, Retry)
    assert outcome.reason == "rate_limited"
    assert outcome.after is not None
    assert 50 < outcome.after <= 60


@pytest.mark.parametrize(
    ("channel", "reason", "advice"),
    [("#nowhere", "config", "SLACK_CHANNEL"), ("C0OTHER", "config", "/invite"), ("#mobile", "config", "unarchive")],
)
def test_a_channel_that_does_not_do_is_reported(sandbox: Sandbox, channel: str, reason: Reason, advice: str) -> None:
    sandbox.slack.channels["C0MOBILE"].is_archived = True
    outcome = deliver(bot(sandbox, SLACK_CHANNEL=channel), context())
    assert isinstance(outcome, Failed)
    assert outcome.reason == reason
    assert advice in outcome.why
    assert channel in outcome.why


def test_a_wrong_token_is_reported(sandbox: Sandbox) -> None:
    sandbox.slack.token = "xoxb-another"
    outcome = deliver(bot(sandbox), context())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "auth"
    assert "SLACK_BOT_TOKEN" in outcome.why


def test_a_missing_scope_is_reported(sandbox: Sandbox) -> None:
    sandbox.slack.scopes = frozenset({"channels:read"})
    assert "chat:write" in why(deliver(bot(sandbox), context()))


@pytest.mark.parametrize(("path", "announced"), [("T000/B000/wrong", "invalid_token"), ("T000", "no_team")])
def test_a_wrong_webhook_is_reported(sandbox: Sandbox, path: str, announced: str) -> None:
    connector = webhook(sandbox, SLACK_WEBHOOK_URL=f"{sandbox.url}/slack/services/{path}")
    outcome = deliver(connector, context())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "auth"
    assert announced in outcome.why


def test_nobody_listening_is_no_doubt(sandbox: Sandbox) -> None:
    """A refused connection carried nothing: no look-up, no doubt in the record."""
    attempt = context()
    outcome = deliver(bot(sandbox, SLACK_API_URL="http://127.0.0.1:9/api"), attempt)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "network"
    assert not attempt.notes.get("posting")


# No answer, or one that leaves the result open.


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_lost_answer_makes_one_message(sandbox: Sandbox, kind: str) -> None:
    """Whether the request or the answer was lost: the next attempt looks, and posts only where it has to."""
    sandbox.faults.add(kind, path="chat.postMessage")  # type: ignore[arg-type]
    connector, first = bot(sandbox), context()
    outcome = deliver(connector, first)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "ambiguous"
    second = deliver(connector, first.next_attempt(later=SETTLE_SECONDS))
    (message,) = sandbox.slack.messages
    assert isinstance(second, Done)
    assert second.result["ts"] == message.ts
    assert ("found" in second.result) == (kind == "drop_after")


def test_what_slack_may_still_be_posting_is_only_looked_for(sandbox: Sandbox) -> None:
    """A request that hangs in Slack can become a message after we gave up on it."""
    sandbox.faults.add("drop_before", path="chat.postMessage")
    connector, attempt = bot(sandbox), context()
    deliver(connector, attempt)
    for _ in range(2):
        attempt = attempt.next_attempt(later=10)
        outcome = deliver(connector, attempt)
        assert isinstance(outcome, Retry)
        assert outcome.reason == "not_yet", "looking costs no attempt, and says nothing bad of Slack"
        assert outcome.after is not None
        assert 0 < outcome.after <= 10
    assert not sandbox.slack.messages
    sandbox.slack.post(sandbox.slack.channels["C0FEEDBACK"], {"text": SENTENCE, "metadata": marker("test", "e1.slack")})
    assert isinstance(deliver(connector, attempt.next_attempt(later=10)), Done)
    assert len(sandbox.slack.messages) == 1


def test_a_replay_looks_where_the_message_was_posted(sandbox: Sandbox) -> None:
    """An event that was old already when its message was posted is accepted again by the replay: the look-up goes by
    when the message was posted, and by the clock that all workers share."""
    sandbox.faults.add("drop_after", path="chat.postMessage")
    connector, first = bot(sandbox), context(age=800.0)
    assert isinstance(deliver(connector, first), Retry)
    outcome = deliver(connector, first.next_attempt(age=0.5))
    assert isinstance(outcome, Done)
    assert outcome.result["found"]
    assert len(sandbox.slack.messages) == 1


@pytest.mark.parametrize("way", [bot, webhook])
def test_a_replay_of_what_is_done_posts_nothing(sandbox: Sandbox, way: Callable[[Sandbox], Connector]) -> None:
    """Also where the record of the first time holds nothing more, as with an incoming webhook."""
    connector, first = way(sandbox), context()
    done = deliver(connector, first)
    assert isinstance(done, Done)
    replayed = first.next_attempt()
    replayed.notes = {"done": dict(done.result)}
    assert deliver(connector, replayed) == done
    assert len(sandbox.slack.messages) == 1


def test_killed_after_the_message_and_before_the_record(sandbox: Sandbox) -> None:
    connector, first = bot(sandbox), context()
    deliver(connector, first)  # its outcome is never recorded
    later = deliver(bot(sandbox), first.next_attempt(age=30.0))
    assert isinstance(later, Done)
    assert later.result["found"]
    assert len(sandbox.slack.messages) == 1


def test_what_may_have_been_reported_before_the_ledger_was_wiped_is_looked_for(sandbox: Sandbox) -> None:
    """A webhook that was stored, but not answered, is sent again, and then nothing here knows of the first time."""
    connector = bot(sandbox)
    announced = deliver(connector, context())
    assert isinstance(announced, Done)
    again = deliver(connector, wiped())
    assert isinstance(again, Done)
    assert again.result["ts"] == announced.result["ts"]
    assert again.result["found"]
    assert len(sandbox.slack.messages) == 1


def test_a_message_that_was_sent_before_the_ledger_was_wiped_is_given_time_to_arrive(sandbox: Sandbox) -> None:
    """The note of it was deleted: a request that hangs in Slack becomes a message within 30 s, or never."""
    connector, first = bot(sandbox), wiped(seconds=0)
    outcome = deliver(connector, first)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "not_yet"
    assert outcome.after == pytest.approx(30, abs=5), "one look at the end is enough"
    assert not sandbox.slack.messages
    deliver(connector, context())  # the request of before the wipe arrives
    late = deliver(connector, first.next_attempt(later=20))
    assert isinstance(late, Done)
    assert late.result["found"]
    assert len(sandbox.slack.messages) == 1


def test_what_happened_after_the_ledger_was_wiped_waits_for_nothing(sandbox: Sandbox) -> None:
    event = dataclasses.replace(status_change(), occurred=time.time())
    assert isinstance(deliver(bot(sandbox), wiped(seconds=1), event), Done)


def test_what_was_not_reported_before_the_ledger_was_wiped_is_reported(sandbox: Sandbox) -> None:
    outcome = deliver(bot(sandbox), wiped())
    assert isinstance(outcome, Done)
    assert outcome.result.keys() == {"channel", "ts"}
    assert len(sandbox.slack.messages) == 1


@pytest.mark.parametrize(("status", "error"), [(200, "internal_error"), (200, "fatal_error"), (502, "bad_gateway")])
def test_an_error_of_slacks_own_is_looked_into(sandbox: Sandbox, status: int, error: str) -> None:
    """Part of it may have happened all the same."""
    sandbox.faults.add("status", path="chat.postMessage", status=status, body={"ok": False, "error": error})
    connector, first = bot(sandbox), context()
    outcome = deliver(connector, first)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "server_error"
    sandbox.faults.add("drop_before", path="history")
    assert isinstance(deliver(connector, first.next_attempt(later=SETTLE_SECONDS)), Retry)
    assert not sandbox.slack.messages
    assert isinstance(deliver(connector, first.next_attempt(later=SETTLE_SECONDS)), Done)
    assert len(sandbox.slack.messages) == 1


def test_a_replaced_token_lets_the_look_up_finish(sandbox: Sandbox) -> None:
    """Signed out in between: the delivery is dead, and when it is replayed it still looks first."""
    sandbox.faults.add("drop_after", path="chat.postMessage")
    connector, first = bot(sandbox, SLACK_WHEN_UNSURE="never"), context()
    deliver(connector, first)
    sandbox.slack.token, token = "xoxb-another", sandbox.slack.token
    second = first.next_attempt()
    outcome = deliver(connector, second)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "auth"
    sandbox.slack.token = token
    assert isinstance(deliver(connector, second.next_attempt()), Done)
    assert len(sandbox.slack.messages) == 1


def test_a_message_to_a_named_channel_is_found_too(sandbox: Sandbox) -> None:
    """Slack's methods that read take ids only; another worker process does not know the id yet."""
    sandbox.faults.add("drop_after", path="chat.postMessage")
    first = context()
    deliver(bot(sandbox, SLACK_CHANNEL="#feedback"), first)
    assert isinstance(deliver(bot(sandbox, SLACK_CHANNEL="#feedback"), first.next_attempt()), Done)
    assert len(sandbox.slack.messages) == 1


def test_the_message_of_another_delivery_is_not_taken_for_ours(sandbox: Sandbox) -> None:
    connector = bot(sandbox)
    deliver(connector, MemoryContext(delivery_id="e0.slack"))
    sandbox.faults.add("drop_before", path="chat.postMessage")
    first = context()
    deliver(connector, first)
    deliver(connector, first.next_attempt(later=SETTLE_SECONDS))
    assert [m.metadata for m in sandbox.slack.messages] == [marker("test", "e0.slack"), marker("test", "e1.slack")]


def test_our_metadata_on_another_apps_message_does_not_silence_us(sandbox: Sandbox) -> None:
    """The ids of deliveries are no secret: anybody's app could keep an alert from being posted."""
    decoy = {"text": "decoy", "metadata": marker("test", "e1.slack")}
    sandbox.slack.post(sandbox.slack.channels["C0FEEDBACK"], decoy, by="another app")
    outcome = deliver(bot(sandbox), wiped())
    assert isinstance(outcome, Done)
    assert [message.text for message in sandbox.slack.messages] == ["decoy", SENTENCE]
    assert "found" in deliver(bot(sandbox), wiped()).result  # type: ignore[union-attr]


@pytest.mark.parametrize("cursor", [5, True, ["more"], {"next": 1}])
def test_a_cursor_of_another_shape_is_the_last_page(sandbox: Sandbox, cursor: object) -> None:
    body = {"ok": True, "messages": [], "response_metadata": {"next_cursor": cursor}}
    sandbox.faults.add("status", path="conversations.history", status=200, body=body, times=None)
    assert isinstance(deliver(bot(sandbox), wiped()), Done)
    assert len(sandbox.faults.fired) == 1


ODD: list[object] = [None, 5, "free text", [], [5], {}, {"free": "text"}]
ODD += [[None, {"metadata": [1]}, {"metadata": {"event_payload": 1}}]]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("path", ["conversations.history", "users.conversations", "chat.postMessage", "auth.test"])
def test_answers_of_another_shape_do_no_harm(sandbox: Sandbox, path: str, odd: object) -> None:
    """Each is an outcome, and nothing of it gets into the record."""
    body = {"ok": True, "messages": odd, "channels": odd, "message": odd, "ts": odd, "channel": odd, "user": odd}
    body |= {"response_metadata": odd, "bot_id": odd, "user_id": odd, "team": odd}
    sandbox.faults.add("status", path=path, status=200, body=body, times=None)
    connector = bot(sandbox, SLACK_CHANNEL="#feedback", SLACK_THREADS="true")
    outcome = deliver(connector, wiped())
    assert isinstance(outcome, Done | Retry)
    assert "free" not in repr(getattr(outcome, "result", {}))
    assert all(check.what for check in connector.check())


def test_an_old_message_in_a_busy_channel_is_found(sandbox: Sandbox) -> None:
    """Only the minutes around the post are read, however much was posted since."""
    sandbox.faults.add("drop_after", path="chat.postMessage")
    connector, first = bot(sandbox), context(clock=time.time() - 7200)
    deliver(connector, first)
    (message,) = sandbox.slack.messages
    earlier = float(message.ts) - 7200
    moved = Message(message.channel, f"{earlier:.6f}", message.text, [], [], metadata=message.metadata)
    chatter = [Message("C0FEEDBACK", f"{earlier + 900 + n}", "hello", [], []) for n in range(1500)]
    sandbox.slack.messages[:] = [moved, *chatter]
    outcome = deliver(connector, first.next_attempt(later=7200))
    assert isinstance(outcome, Done)
    assert outcome.result["ts"] == moved.ts


def test_a_look_up_that_fails_for_now_comes_again(sandbox: Sandbox) -> None:
    """Posting waits until it is known."""
    sandbox.faults.add("drop_after", path="chat.postMessage")
    connector, first = bot(sandbox), context()
    deliver(connector, first)
    limited = {"ok": False, "error": "ratelimited"}
    sandbox.faults.add("status", path="history", status=429, body=limited, headers={"Retry-After": "60"})
    second = first.next_attempt()
    outcome = deliver(connector, second)
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("rate_limited", 60.0)
    sandbox.faults.add("drop_before", path="history")
    third = second.next_attempt()
    outcome = deliver(connector, third)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "network"
    assert isinstance(deliver(connector, third.next_attempt()), Done)
    assert len(sandbox.slack.messages) == 1


# Where it can't be found out.


@pytest.mark.parametrize(
    ("scopes", "channel", "announced"),
    [
        ({"chat:write"}, "C0FEEDBACK", "channels:history"),
        ({"chat:write", "channels:history"}, "#feedback", "channels:read"),
    ],
)
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_unsure_posts_again_and_records_it(
    sandbox: Sandbox, kind: str, scopes: set[str], channel: str, announced: str
) -> None:
    """SLACK_WHEN_UNSURE=twice, the default: no message is missing, one may be there twice."""
    sandbox.slack.scopes = frozenset(scopes)
    sandbox.faults.add(kind, path="chat.postMessage")  # type: ignore[arg-type]
    first = context()
    deliver(bot(sandbox, SLACK_CHANNEL=channel), first)
    outcome = deliver(bot(sandbox, SLACK_CHANNEL=channel), first.next_attempt())
    assert isinstance(outcome, Done)
    assert str(outcome.result["unsure"]).startswith("posted again: ")
    assert announced in str(outcome.result["unsure"])
    assert len(sandbox.slack.messages) == (2 if kind == "drop_after" else 1)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_unsure_never_posts_again_and_records_it(sandbox: Sandbox, kind: str) -> None:
    """SLACK_WHEN_UNSURE=never: no message is there twice, one may be missing."""
    sandbox.slack.scopes = frozenset({"chat:write"})
    sandbox.faults.add(kind, path="chat.postMessage")  # type: ignore[arg-type]
    connector, first = bot(sandbox, SLACK_WHEN_UNSURE="never"), context()
    deliver(connector, first)
    outcome = deliver(connector, first.next_attempt())
    assert isinstance(outcome, Skipped)
    assert "may never have been posted" in str(outcome.result["unsure"])
    assert len(sandbox.slack.messages) == (1 if kind == "drop_after" else 0)


@pytest.mark.parametrize(("choice", "messages"), [("twice", 2), ("never", 1)])
def test_a_webhook_can_never_look(sandbox: Sandbox, choice: str, messages: int) -> None:
    sandbox.faults.add("drop_after", path="services")
    connector, first = webhook(sandbox, SLACK_WHEN_UNSURE=choice), context()
    outcome = deliver(connector, first)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "ambiguous"
    outcome = deliver(connector, first.next_attempt())
    assert isinstance(outcome, Done if choice == "twice" else Skipped)
    assert "Slack can't look up messages here" in str(outcome.result["unsure"])
    assert len(sandbox.slack.messages) == messages


@pytest.mark.parametrize("way", [bot, webhook])
def test_unsure_whether_it_was_reported_before_the_ledger_was_wiped(
    sandbox: Sandbox, way: Callable[..., Connector]
) -> None:
    sandbox.slack.scopes = frozenset({"chat:write"})
    outcome = deliver(way(sandbox, SLACK_WHEN_UNSURE="never"), wiped())
    assert isinstance(outcome, Skipped)
    assert outcome.why == "it may have been posted before Redis was wiped, and SLACK_WHEN_UNSURE=never"
    assert not sandbox.slack.messages
    outcome = deliver(way(sandbox), wiped())
    assert isinstance(outcome, Done)
    assert str(outcome.result["unsure"]).startswith("may have been posted before: ")
    assert len(sandbox.slack.messages) == 1


def test_too_much_to_look_through_is_unsure(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_before", path="chat.postMessage")
    connector, first = bot(sandbox, SLACK_WHEN_UNSURE="never"), context()
    deliver(connector, first)
    for _ in range(1001):
        sandbox.slack.post(sandbox.slack.channels["C0FEEDBACK"], {"text": "hello"})
    outcome = deliver(connector, first.next_attempt())
    assert isinstance(outcome, Skipped)
    assert "more than 1000" in str(outcome.result["unsure"])


def test_the_record_shows_unsure_even_when_the_second_post_takes_three_attempts(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_after", path="services")
    sandbox.faults.add("status", path="services", status=429, body="rate_limited")
    connector, attempt = webhook(sandbox), context()
    assert isinstance(deliver(connector, attempt), Retry)
    attempt = attempt.next_attempt()
    assert isinstance(deliver(connector, attempt), Retry)
    outcome = deliver(connector, attempt.next_attempt())
    assert isinstance(outcome, Done)
    assert "posted again" in str(outcome.result["unsure"])


def test_many_threads_share_one_connector(sandbox: Sandbox) -> None:
    connector = bot(sandbox)
    with ThreadPoolExecutor(8) as pool:
        contexts = [MemoryContext(delivery_id=f"e{number}.slack") for number in range(24)]
        outcomes = list(pool.map(lambda each: deliver(connector, each), contexts))
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    posted = sorted(str(m.metadata["event_payload"]["delivery"]) for m in sandbox.slack.messages if m.metadata)
    assert posted == sorted(each.delivery_id for each in contexts)
