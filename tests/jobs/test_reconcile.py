"""Catch-up: what the source has and we never saw is made up for, once, and nothing else is touched."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from connectors.base import Connector
from jobs.catch_up import make_reconciler
from jobs.configuration import Configuration, build_connectors, configure
from jobs.reconcile import REPAIR_PAUSE, SETTLED_SECONDS, Report, instant
from jobs.records import Query
from sandbox.server import running
from sandbox.service import environment
from sources.abc.events import parse
from sources.event import Issue
from tests.jobs.world import INSTANCE, World


class Bench:
    """The job layer with the real connectors, against the stand-ins; webhooks reach nobody unless a test sends them."""

    def __init__(self, sandbox: Any, redis: Redis, **changes: str) -> None:
        self.sandbox = sandbox
        env = environment(sandbox.url, "redis://unused") | {"BRIDGE_INSTANCE": INSTANCE, "SLACK_RATE": "100", **changes}
        self.configuration: Configuration = configure(env)
        self.connectors: dict[str, Connector] = build_connectors(self.configuration)
        self.world = World(redis, {})
        self.world.connectors = self.connectors  # type: ignore[assignment]
        self.world.deliverer = self.world.worker()
        reconciler, self.marks = make_reconciler(self.configuration, redis, self.connectors)
        assert reconciler is not None
        self.reconciler = reconciler
        # As if it were later: what is younger than a minute is still expected from the sender.
        self.marks.now = lambda: time.time() + SETTLED_SECONDS + 5  # type: ignore[method-assign]

    def catch_up(self, **options: Any) -> Report:
        report = self.reconciler.run(**options)
        self.settle()
        return report

    def remember_an_hour(self) -> None:
        self.world.redis.set(f"fb:{INSTANCE}:born", int((time.time() - 3600) * 1000))

    def hear_of(self, created: Issue) -> None:
        """Its ISSUE_CREATION comes by webhook."""
        body = {"event": "ISSUE_CREATION", "data": {"issue": created.model_dump(), "project": {"id": 1, "name": "P"}}}
        self.reconciler._acceptor.accept("abc", parse(body, INSTANCE), json.dumps(body).encode())

    def settle(self) -> None:
        self.world.run()
        for _ in range(4):
            self.world.pass_time(130)
            for id_ in self.world.tick():
                self.world.deliverer.deliver(id_)
            self.world.run()


@pytest.fixture
def sandbox() -> Iterator[Any]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def bench(sandbox: Any, redis: Redis) -> Bench:
    redis.sadd(f"fb:{INSTANCE}:places", "1:1")
    return Bench(sandbox, redis)


def test_a_missed_feedback_is_translated_and_a_missed_issue_gets_its_ticket(bench: Bench) -> None:
    feedback = bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"}).id
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    report = bench.catch_up()
    assert sorted(found.name for found in report.findings) == ["FEEDBACK_CREATION", "ISSUE_CREATION"]
    assert bench.sandbox.abc.feedbacks[feedback].data.get("translatedMessage")
    assert bench.sandbox.abc.issues[issue].externalIssueId == "1"
    assert len(bench.sandbox.jira.tickets) == 1
    assert bench.catch_up().findings == [], "a second run finds nothing"


def test_a_dry_run_tells_and_changes_nothing(bench: Bench) -> None:
    bench.sandbox.abc.create_issue(1, {"name": "결제 오류"})
    report = bench.catch_up(dry_run=True)
    assert [(found.name, found.action) for found in report.findings] == [("ISSUE_CREATION", "missed; now for jira")]
    assert bench.sandbox.jira.tickets == {}
    assert bench.world.states() == {}
    assert len(bench.catch_up().findings) == 1


def test_a_missed_change_of_status_reaches_the_ticket_and_the_channel_once(bench: Bench) -> None:
    bench.remember_an_hour()
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    bench.catch_up()
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    report = bench.catch_up()
    assert [found.action for found in report.findings] == ["missed: INIT → RESOLVED"]
    assert len(bench.sandbox.slack.messages) == 1
    assert bench.sandbox.jira.rules.statuses[next(iter(bench.sandbox.jira.tickets.values())).status][0] == "Done"
    assert bench.catch_up().findings == []
    assert len(bench.sandbox.slack.messages) == 1


def test_a_number_that_was_overwritten_is_put_back(bench: Bench) -> None:
    """A person's save of an older copy of the issue takes the ticket's number out."""
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    bench.catch_up()
    row = bench.sandbox.abc.issues[issue]
    row.externalIssueId = ""
    assert bench.catch_up().findings == [], "not at once: the next save may be under way"
    bench.world.pass_time(REPAIR_PAUSE + 1)
    assert [found.action for found in bench.catch_up().findings] == ["jira's effect is missing again; repeated"]
    assert bench.sandbox.abc.issues[issue].externalIssueId == "1"
    assert len(bench.sandbox.jira.tickets) == 1


def test_a_wiped_redis_makes_no_second_ticket_no_second_translation_and_no_second_message(
    bench: Bench, redis: Redis, sandbox: Any
) -> None:
    sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"})
    issue = sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    bench.catch_up()
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    bench.catch_up()
    before = [len(sandbox.jira.tickets), len(sandbox.slack.messages), len(sandbox.abc.writes)]
    redis.flushall()
    redis.sadd(f"fb:{INSTANCE}:places", "1:1")
    again = Bench(sandbox, redis)
    again.catch_up()
    assert [len(sandbox.jira.tickets), len(sandbox.slack.messages), len(sandbox.abc.writes)] == before


def test_after_a_wipe_the_ticket_still_gets_the_status_that_was_missed(bench: Bench, redis: Redis) -> None:
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    bench.catch_up()
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    redis.flushall()
    again = Bench(bench.sandbox, redis, ABC_API_KEY="1=DEMOKEYDEMOKEY000001")
    again.catch_up()
    assert bench.sandbox.jira.rules.statuses[next(iter(bench.sandbox.jira.tickets.values())).status][0] == "Done"
    assert bench.sandbox.slack.messages == [], "what it was before is not known"


def test_nobody_is_alerted_of_what_is_old(sandbox: Any, redis: Redis) -> None:
    redis.sadd(f"fb:{INSTANCE}:places", "1:1")
    bench = Bench(sandbox, redis, SLACK_EVENTS="*", ALERT_MAX_AGE="0")
    sandbox.abc.create_issue(1, {"name": "결제 오류"})
    bench.catch_up()
    assert len(sandbox.jira.tickets) == 1
    assert sandbox.slack.messages == []
    skipped = [row for row in bench.world.records.deliveries(Query(state="skipped"))[0] if row["connector"] == "slack"]
    assert [row["error"] for row in skipped] == ["older than ALERT_MAX_AGE when it was found"]


def test_a_connector_that_is_switched_on_later_catches_up(sandbox: Any, redis: Redis) -> None:
    redis.sadd(f"fb:{INSTANCE}:places", "1:1")
    early = Bench(sandbox, redis, CONNECTORS="slack", SLACK_EVENTS="*")
    sandbox.abc.create_issue(1, {"name": "결제 오류"})
    early.catch_up()
    assert len(sandbox.slack.messages) == 1
    late = Bench(sandbox, redis, SLACK_EVENTS="*")
    late.catch_up(since=time.time() - 3600)
    assert len(sandbox.jira.tickets) == 1
    assert len(sandbox.slack.messages) == 1


def test_a_project_that_can_not_be_asked_does_not_keep_the_others_waiting(sandbox: Any, redis: Redis) -> None:
    bench = Bench(sandbox, redis, RECONCILE_CHANNELS="1:1,9:1", ABC_API_KEY="1=DEMOKEYDEMOKEY000001")
    sandbox.abc.create_issue(1, {"name": "결제 오류"})
    report = bench.catch_up()
    assert len(report.findings) == 1
    assert all("project 9" in trouble for trouble in report.troubles)
    assert report.troubles


def test_a_run_after_a_long_outage_is_capped_and_the_next_ones_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.reconcile.MOST_AT_ONCE", 3)
    for number in range(7):
        bench.sandbox.abc.create_issue(1, {"name": f"issue {number}"})
    found = [len(bench.reconciler.run().findings) for _ in range(4)]
    assert found == [3, 3, 1, 0]
    bench.settle()
    assert len(bench.sandbox.jira.tickets) == 7


@pytest.mark.parametrize(
    ("text", "expected"), [("36h", -36 * 3600), ("7d", -7 * 86_400), ("90m", -5400), ("1970-01-01T00:01Z", None)]
)
def test_since_takes_a_time_or_an_age(text: str, expected: int | None) -> None:
    assert instant(text, 1e9) == (60.0 if expected is None else 1e9 + expected)


def test_since_explains_what_it_takes() -> None:
    with pytest.raises(ValueError, match="neither a time"):
        instant("yesterday", 0)


def test_a_change_whose_event_may_still_come_is_left_to_it(bench: Bench) -> None:
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    bench.catch_up()
    bench.marks.now = time.time  # type: ignore[method-assign]
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    assert bench.catch_up(since=time.time() - 3600).findings == []
    bench.marks.now = lambda: time.time() + SETTLED_SECONDS + 5  # type: ignore[method-assign]
    assert [found.action for found in bench.catch_up().findings] == ["missed: INIT → RESOLVED"]


def test_a_change_that_was_heard_while_the_list_was_read_is_not_told_as_its_reverse(bench: Bench) -> None:
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    bench.catch_up()
    stale = bench.sandbox.abc.issues[issue].as_answer() | {"status": "ON_REVIEW"}
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    bench.catch_up()
    told = len(bench.sandbox.slack.messages)
    place = bench.marks.places()[0]
    window = bench.marks.window(place, None, bench.marks.now() - SETTLED_SECONDS)
    listed = Issue.model_validate(stale)
    assert list(bench.reconciler._status(place, listed, window, bench.marks.now(), dry_run=False)) == []
    bench.settle()
    assert len(bench.sandbox.slack.messages) == told


def test_an_issue_made_and_changed_while_nobody_heard_is_told_as_changed(bench: Bench) -> None:
    bench.remember_an_hour()
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    bench.catch_up()
    assert len(bench.sandbox.slack.messages) == 1
    assert "Resolved" in bench.sandbox.slack.messages[0].text
    assert bench.catch_up().findings == []


def test_a_status_that_was_carried_in_passing_is_put_right(sandbox: Any, redis: Redis) -> None:
    """The ticket was made late, when the issue was at a status of which nobody had heard, and that was taken back."""
    bench = Bench(sandbox, redis, JIRA_STATUS_MAP="INIT=To Do,RESOLVED=Done", RECONCILE_CHANNELS="1:1")
    bench.world.tick()
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    created = Issue.model_validate(bench.sandbox.abc.issue(issue).as_answer())
    bench.hear_of(created)
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    bench.settle()
    (ticket,) = bench.sandbox.jira.tickets.values()
    assert bench.sandbox.jira.rules.statuses[ticket.status][0] == "Done"
    bench.sandbox.abc.set_status(issue, "INIT")
    bench.catch_up()
    assert bench.sandbox.jira.rules.statuses[ticket.status][0] == "To Do"
    assert bench.sandbox.slack.messages == []
    assert bench.catch_up().findings == []


def test_a_change_from_before_a_wipe_is_not_told_because_an_older_event_came_again(bench: Bench, redis: Redis) -> None:
    """ISSUE_CREATION was stored, not answered, and is sent again after the wipe; the change was told before it."""
    bench.world.tick()
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    created = Issue.model_validate(bench.sandbox.abc.issue(issue).as_answer())
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    redis.flushall()
    bench.world.tick()
    bench.hear_of(created)
    bench.marks.now = lambda: time.time() + SETTLED_SECONDS + 5  # type: ignore[method-assign]
    bench.catch_up()
    assert bench.sandbox.slack.messages == []
    bench.sandbox.abc.set_status(issue, "PENDING")
    bench.remember_an_hour()
    bench.catch_up()
    assert len(bench.sandbox.slack.messages) == 1, "what happened since is told"


def test_a_change_that_was_missed_right_after_the_first_start_is_told(bench: Bench) -> None:
    bench.world.tick()
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    created = Issue.model_validate(bench.sandbox.abc.issue(issue).as_answer())
    bench.hear_of(created)
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    bench.catch_up()
    assert len(bench.sandbox.slack.messages) == 1


def test_what_was_told_before_a_wipe_is_not_told_by_the_runs_after_it(bench: Bench, redis: Redis) -> None:
    bench.world.tick()
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    redis.flushall()
    bench.world.tick()
    bench.marks.now = time.time  # type: ignore[method-assign]
    bench.catch_up()  # too young to be compared
    bench.marks.now = lambda: time.time() + SETTLED_SECONDS + 5  # type: ignore[method-assign]
    bench.catch_up()
    assert bench.sandbox.slack.messages == []


def test_a_process_that_runs_on_remembers_where_to_look_after_a_wipe(bench: Bench, redis: Redis) -> None:
    bench.catch_up()
    redis.flushall()
    bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"})
    assert [found.name for found in bench.catch_up().findings] == ["FEEDBACK_CREATION"]


def test_a_place_that_is_gone_is_told_once_and_then_left(bench: Bench, redis: Redis) -> None:
    redis.sadd(f"fb:{INSTANCE}:places", "1:77")
    first = bench.catch_up()
    assert any("channel 77" in trouble for trouble in first.troubles)
    assert bench.catch_up().troubles == []
