"""Catch-up: what the source has and we never saw is recovered, once, and nothing else is touched."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from redis import Redis

from bridge.times import instant
from connectors.base import Connector
from jobs.accept import Acceptor
from jobs.configuration import Configuration, configure
from jobs.ledger.query import Query
from jobs.reconcile.catch_up import CatchUp
from jobs.reconcile.checkpoints import Checkpoints
from jobs.reconcile.comparison import REPAIR_PAUSE, SETTLED_SECONDS
from jobs.reconcile.reconciler import StillConfigured
from jobs.reconcile.report import Report
from jobs.runtime import Runtime
from sources.abc.client import AbcClient
from sources.abc.events import parse
from sources.abc.models import Issue, subject_of
from sources.abc.sweep import AbcSweep
from sources.base import Level
from sources.sweep import Position
from tests.jobs.test_clock import Beats
from tests.jobs.world import INSTANCE, Recorder, World, status_event
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.processes import free_port, wait_for
from tools.sandbox.server import running
from tools.sandbox.service import environment
from tools.sandbox.times import stamp

OTHER_KEY = "OTHERKEYOTHERKEY0001"


class Bench:
    """The job layer with the real connectors, against the stand-ins; webhooks reach nobody unless a test sends them."""

    def __init__(self, sandbox: Any, redis: Redis, **changes: str) -> None:
        self.sandbox = sandbox
        self.watched = False
        env = environment(sandbox.url, "redis://unused") | {"BRIDGE_INSTANCE": INSTANCE, "SLACK_RATE": "100", **changes}
        self.configuration: Configuration = configure(env)
        self.connectors: dict[str, Connector] = Runtime(self.configuration).build_connectors()
        self.world = World(redis, {})
        self.world.connectors = self.connectors  # type: ignore[assignment]
        self.world.deliverer = self.world.worker()
        runtime = Runtime(self.configuration, redis=redis, connectors=self.connectors)
        runtime.ledger, runtime.records = self.world.ledger, self.world.records
        self.checkpoints = runtime.checkpoints
        assert runtime.reconciler is not None
        self.reconciler = runtime.reconciler
        assert isinstance(runtime.sweep, AbcSweep)
        self.sweep = runtime.sweep
        self.acceptor = Acceptor(self.world.ledger, self.configuration.routes)
        # As if it were later: what is younger than a minute is still expected from the sender.
        self.checkpoints.now = lambda: time.time() + SETTLED_SECONDS + 5  # type: ignore[method-assign]

    def configure(self, **changes: str) -> None:
        """The service is started again with other variables."""
        self.__init__(self.sandbox, self.world.redis, **changes)  # type: ignore[misc]

    def later(self, seconds: float) -> None:
        """It is that much later, for reconcile."""
        self.checkpoints.now = lambda: time.time() + seconds  # type: ignore[method-assign]

    def requests(self) -> list[str]:
        """What ABC was asked, from the first call of this on: every request meets a fault that delays it by nothing."""
        if not self.watched:
            self.sandbox.faults.add("delay", system="abc", times=None)
            self.watched = True
        return [fired["path"] for fired in self.sandbox.faults.fired]

    def catch_up(self, **options: Any) -> Report:
        report = self.reconciler.run(**options)
        self.settle()
        return report

    def remember_an_hour(self) -> None:
        self.world.redis.set(f"fb:{INSTANCE}:born", int((time.time() - 3600) * 1000))

    def receive(self, created: Issue) -> None:
        """Its ISSUE_CREATION comes by webhook."""
        body = {"event": "ISSUE_CREATION", "data": {"issue": created.model_dump(), "project": {"id": 1, "name": "P"}}}
        self.acceptor.accept("abc", parse(body, INSTANCE), json.dumps(body).encode())

    def issue(self, name: str = "결제 오류", **values: str) -> int:
        """An issue that was created five seconds ago, so that a change now is later."""
        row = self.sandbox.abc.create_issue(1, {"name": name, **values})
        row.createdAt = row.updatedAt = stamp(datetime.now(UTC) - timedelta(seconds=5))
        return int(row.id)

    def lines(self) -> list[str]:
        """The first line of each message in Slack."""
        return [message.text.splitlines()[0] for message in self.sandbox.slack.messages]

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
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1")
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


def test_a_filter_that_cannot_judge_one_feedback_ends_no_run(bench: Bench) -> None:
    """What the filter raises (here decimal.Overflow) is the reason why that one is skipped; the next is translated."""
    bench.configure(TRANSLATE_FILTER="feedback.rating + feedback.rating > 1")
    odd = bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요", "rating": 9 * 10**400}).id
    good = bench.sandbox.abc.create_feedback(1, {"message": "로그인이 안 돼요", "rating": 2}).id
    assert not bench.catch_up().errors
    assert bench.sandbox.abc.feedbacks[good].data.get("translatedMessage")
    assert not bench.sandbox.abc.feedbacks[odd].data.get("translatedMessage")
    assert bench.catch_up().findings == []


def test_a_dry_run_reports_and_changes_nothing(bench: Bench) -> None:
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


def test_a_translation_that_a_person_emptied_is_not_repeated(bench: Bench) -> None:
    """Who emptied it wants it empty, and a translation is paid for."""
    feedback = bench.sandbox.abc.create_feedback(1, {"message": "로그인이 자꾸 풀려요"}).id
    bench.catch_up()
    row = bench.sandbox.abc.feedbacks[feedback]
    assert row.data["translatedMessage"] == "I keep getting logged out"
    row.data["translatedMessage"] = ""
    bench.world.pass_time(REPAIR_PAUSE + 1)
    assert bench.catch_up().findings == []
    assert row.data["translatedMessage"] == ""
    assert bench.sandbox.translate.calls == 1


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
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1")
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
    assert bench.sandbox.slack.messages == [], "the previous status is not known"


def test_nobody_is_alerted_of_what_is_old(sandbox: Any, redis: Redis) -> None:
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1")
    bench = Bench(sandbox, redis, SLACK_EVENTS="*", ALERT_MAX_AGE="0")
    sandbox.abc.create_issue(1, {"name": "결제 오류"})
    bench.catch_up()
    assert len(sandbox.jira.tickets) == 1
    assert sandbox.slack.messages == []
    skipped = [row for row in bench.world.records.deliveries(Query(state="skipped"))[0] if row["connector"] == "slack"]
    assert [row["error"] for row in skipped] == ["older than ALERT_MAX_AGE when it was found"]


def test_a_connector_that_is_switched_on_later_catches_up(sandbox: Any, redis: Redis) -> None:
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1")
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
    assert all("project 9" in failure for failure in report.errors)
    assert report.errors


def test_a_run_after_a_long_outage_is_capped_and_the_next_ones_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.reconcile.reconciler.MOST_AT_ONCE", 3)
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
    bench.checkpoints.now = time.time  # type: ignore[method-assign]
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    assert bench.catch_up(since=time.time() - 3600).findings == []
    bench.checkpoints.now = lambda: time.time() + SETTLED_SECONDS + 5  # type: ignore[method-assign]
    assert [found.action for found in bench.catch_up().findings] == ["missed: INIT → RESOLVED"]


def test_a_change_that_arrived_while_the_list_was_read_is_not_reported_as_its_reverse(bench: Bench) -> None:
    issue = bench.sandbox.abc.create_issue(1, {"name": "결제 오류"}).id
    bench.catch_up()
    stale = bench.sandbox.abc.issues[issue].as_answer() | {"status": "ON_REVIEW"}
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    bench.catch_up()
    announced = len(bench.sandbox.slack.messages)
    listed = bench.sweep.seen("1:", Issue.model_validate(stale))
    assert list(bench.reconciler._comparison.look_at("1:", listed, bench.checkpoints.now(), dry_run=False)) == []
    bench.settle()
    assert len(bench.sandbox.slack.messages) == announced


def test_an_issue_that_was_created_and_changed_in_an_outage_is_announced_with_its_status(bench: Bench) -> None:
    """What it was before is not known: an issue may be created with any status."""
    bench.remember_an_hour()
    issue = bench.issue()
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    bench.catch_up()
    assert bench.lines() == ['The status of issue "결제 오류" is Resolved.']
    assert bench.catch_up().findings == []


def test_an_issue_that_was_created_with_another_status_than_new_has_not_changed(sandbox: Any, redis: Redis) -> None:
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1")
    bench = Bench(sandbox, redis, SLACK_EVENTS="*")
    bench.remember_an_hour()
    issue = bench.issue(status="RESOLVED")
    bench.catch_up()
    assert bench.lines() == ['New issue "결제 오류".']
    assert bench.catch_up().findings == []
    bench.sandbox.abc.set_status(issue, "PENDING")
    bench.catch_up()
    assert bench.lines()[1:] == ['The status of issue "결제 오류" changed from Resolved to Pending.']


def test_a_found_change_is_announced_after_the_creation_of_its_issue(sandbox: Any, redis: Redis) -> None:
    """Also where ABC cut the time of the change to whole seconds, so that it is before the creation."""
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1")
    bench = Bench(sandbox, redis, SLACK_EVENTS="*")
    bench.remember_an_hour()
    issue = bench.issue()
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    bench.catch_up()
    assert bench.lines() == ['New issue "결제 오류".', 'The status of issue "결제 오류" is Resolved.']


def test_a_change_cut_to_whole_seconds_keeps_its_place_behind_the_creation(redis: Redis) -> None:
    world = World(redis, {"slack": Recorder()})
    change = status_event(7, 4)
    change["data"]["issue"] |= {"createdAt": "2026-11-22T17:00:04.700Z"}
    creation = {"event": "ISSUE_CREATION", "data": {"issue": change["data"]["issue"], "project": {"id": 1}}}
    announced = [world.accept(body).event_id for body in (change, creation)]
    scores = [redis.zscore(f"fb:{INSTANCE}:line:slack:abc:issue:1:7", f"{id_}.slack") for id_ in announced]
    assert scores == [1795366804700.0 + by for by in (0.001, 0.002)], "neither is before the creation"


def test_a_status_that_was_carried_in_passing_is_put_right(sandbox: Any, redis: Redis) -> None:
    """The ticket was made late, when the issue was at a status that no event had announced, and that was taken back."""
    bench = Bench(sandbox, redis, JIRA_STATUS_MAP="INIT=To Do,RESOLVED=Done", RECONCILE_CHANNELS="1:1")
    bench.world.tick()
    issue = bench.issue()
    created = Issue.model_validate(bench.sandbox.abc.issue(issue).as_answer())
    bench.receive(created)
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    bench.settle()
    (ticket,) = bench.sandbox.jira.tickets.values()
    assert bench.sandbox.jira.rules.statuses[ticket.status][0] == "Done"
    bench.sandbox.abc.set_status(issue, "INIT")
    bench.catch_up()
    assert bench.sandbox.jira.rules.statuses[ticket.status][0] == "To Do"
    assert bench.sandbox.slack.messages == []
    assert bench.catch_up().findings == []


def test_a_change_from_before_a_wipe_is_not_reported_because_an_older_event_came_again(
    bench: Bench, redis: Redis
) -> None:
    """ISSUE_CREATION was stored, not answered, and is sent again after the wipe; the change was reported before it."""
    bench.world.tick()
    issue = bench.issue()
    created = Issue.model_validate(bench.sandbox.abc.issue(issue).as_answer())
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    redis.flushall()
    bench.world.tick()
    bench.receive(created)
    bench.checkpoints.now = lambda: time.time() + SETTLED_SECONDS + 5  # type: ignore[method-assign]
    bench.catch_up()
    assert bench.sandbox.slack.messages == []
    bench.sandbox.abc.set_status(issue, "PENDING")
    bench.remember_an_hour()
    bench.catch_up()
    assert len(bench.sandbox.slack.messages) == 1, "what happened since is reported"


def test_a_change_that_was_missed_right_after_the_first_start_is_reported(bench: Bench) -> None:
    bench.world.tick()
    bench.world.redis.decrby(f"fb:{INSTANCE}:born", 1000)  # a second ago
    issue = bench.issue()
    created = Issue.model_validate(bench.sandbox.abc.issue(issue).as_answer())
    bench.receive(created)
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    bench.catch_up()
    assert len(bench.sandbox.slack.messages) == 1


def test_a_change_missed_after_a_wipe_is_announced_though_no_worker_ran_then(bench: Bench, redis: Redis) -> None:
    """The receiver stored the creation, so the records go back to then, and not only to the next tick of the clock."""
    issue = bench.issue()
    redis.flushall()
    bench.receive(Issue.model_validate(bench.sandbox.abc.issue(issue).as_answer()))
    received = time.time()
    wait_for("a later millisecond", lambda: time.time() > received + 0.002)
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    changed = time.time()
    wait_for("a later millisecond", lambda: time.time() > changed + 0.002)
    bench.world.tick()
    bench.catch_up()
    assert bench.lines() == ['The status of issue "결제 오류" changed from New to Resolved.']


def test_what_was_reported_before_a_wipe_is_not_reported_by_the_runs_after_it(bench: Bench, redis: Redis) -> None:
    bench.world.tick()
    issue = bench.issue()
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    redis.flushall()
    bench.world.tick()
    bench.checkpoints.now = time.time  # type: ignore[method-assign]
    bench.catch_up()  # too young to be compared
    bench.checkpoints.now = lambda: time.time() + SETTLED_SECONDS + 5  # type: ignore[method-assign]
    bench.catch_up()
    assert bench.sandbox.slack.messages == []


def test_a_process_that_runs_on_remembers_where_to_look_after_a_wipe(bench: Bench, redis: Redis) -> None:
    bench.catch_up()
    redis.flushall()
    bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"})
    assert [found.name for found in bench.catch_up().findings] == ["FEEDBACK_CREATION"]


# Positions that do not exist (any more)


def test_a_deleted_channel_is_reported_once_and_left_out(bench: Bench) -> None:
    bench.catch_up()
    bench.sandbox.abc.delete_channel(1)
    first = bench.catch_up()
    assert first.forgotten == [
        "project 1, channel 1: ABC User Feedback answered 400: invalid channel",
    ]
    assert first.errors == []
    requests = len(bench.requests())
    again = bench.catch_up()
    assert (again.forgotten, again.errors) == ([], [])
    assert not any("/channels/1/" in path for path in bench.requests()[requests:])


def test_a_deleted_project_is_reported_once_and_left_out(sandbox: Any, redis: Redis) -> None:
    other = sandbox.abc.create_project("Other", OTHER_KEY).id
    channel = sandbox.abc.create_channel(other, "Other channel").id
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1", f"abc:{other}:{channel}")
    bench = Bench(sandbox, redis, ABC_API_KEY=f"1={DEMO_KEY},{other}={OTHER_KEY}")
    assert bench.catch_up().errors == []
    sandbox.abc.delete_project(other)
    before = len(bench.requests())
    first = bench.catch_up()
    assert [line.partition(": ")[0] for line in first.forgotten] == ["project 2, issues", "project 2, channel 2"]
    assert first.errors == []
    assert len([path for path in bench.requests()[before:] if "/projects/2/" in path]) == 1, "one call is enough"
    before = len(bench.requests())
    again = bench.catch_up()
    assert (again.forgotten, again.errors) == ([], [])
    assert not any("/projects/2/" in path for path in bench.requests()[before:])


def test_a_project_that_nobody_has_a_key_for_costs_no_call_and_is_reported_once(bench: Bench) -> None:
    """One event that names it is enough to learn it."""
    bench.world.redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1", "abc:777:3")
    bench.configure(ABC_API_KEY=f"1={DEMO_KEY}")
    first = bench.catch_up()
    assert len(first.forgotten) == 2
    assert all("ABC_API_KEY holds no key for project 777" in line for line in first.forgotten)
    assert bench.catch_up().forgotten == []


def test_a_wrong_key_of_the_only_project_is_an_error_of_every_run(sandbox: Any, redis: Redis) -> None:
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1")
    bench = Bench(sandbox, redis, ABC_API_KEY="1=WRONGKEYWRONGKEY0001")
    for _ in range(15):
        report = bench.reconciler.run()
        assert report.forgotten == []
        assert any("ABC_API_KEY" in error for error in report.errors)


def test_the_state_of_abc_is_known_without_a_delivery(sandbox: Any, redis: Redis) -> None:
    """`/readyz` shows a revoked key, or an outage, also while no webhook comes."""

    bench = Bench(sandbox, redis, RECONCILE_CHANNELS="1:1")

    def state() -> str | None:
        last: dict[str, str] = bench.world.records.health()["last"]
        return last.get("abc")

    assert state() is None
    bench.reconciler.run()
    assert state() == "ok"
    bench.configure(RECONCILE_CHANNELS="1:1", ABC_API_KEY="NOSUCHKEYNOSUCHKEY01")
    bench.reconciler.run(dry_run=True)
    assert state() == "ok"  # a dry run changes nothing
    bench.reconciler.run()
    assert state() == "refused"
    bench.configure(RECONCILE_CHANNELS="1:1")
    bench.reconciler.run()
    assert state() == "ok"
    bench.configure(RECONCILE_CHANNELS="1:1", ABC_API_URL=f"http://127.0.0.1:{free_port()}")
    bench.reconciler.run()
    assert state() == "down"


@pytest.mark.parametrize(
    ("answered", "refusals", "state"),
    [
        (True, set(), "ok"),
        (True, {"auth"}, ""),  # perhaps a project that does not exist
        (True, {"timeout"}, "ok"),
        (False, {"auth", "timeout"}, "refused"),
        (False, {"network"}, "down"),
        (False, {"not_found"}, ""),
        (False, set(), ""),
    ],
)
def test_what_a_run_reports_about_abc(answered: bool, refusals: set[Any], state: str) -> None:
    assert Report(answered=answered, refusals=refusals).source_state == state


def test_nonsense_projects_alone_are_left_out_after_12_runs(sandbox: Any, redis: Redis) -> None:
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:777:3")
    bench = Bench(sandbox, redis)
    reports = [bench.reconciler.run() for _ in range(13)]
    assert [bool(report.errors) for report in reports] == [True] * 11 + [False] * 2
    assert [bool(report.forgotten) for report in reports] == [False] * 11 + [True, False]


def test_one_run_tries_at_most_20_positions_that_no_run_has_compared(sandbox: Any, redis: Redis) -> None:
    """Events that name ever new projects must not make reconcile ask for ever."""
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1", *(f"abc:{project}:1" for project in range(1000, 1100)))
    bench = Bench(sandbox, redis)
    for run in range(3):
        before = len(bench.requests())
        report = bench.reconciler.run()
        assert len([path for path in bench.requests()[before:] if "/projects/1/" not in path]) <= 20
        assert 18 <= len(report.forgotten) <= 20, run


def test_what_was_left_out_comes_back_when_its_key_is_changed(sandbox: Any, redis: Redis) -> None:
    other = sandbox.abc.create_project("Other", OTHER_KEY).id
    bench = Bench(sandbox, redis, ABC_API_KEY=f"1={DEMO_KEY},{other}=WRONGKEYWRONGKEY0001")
    assert len(bench.catch_up().forgotten) == 1
    sandbox.abc.create_issue(other, {"name": "결제 오류"})
    assert bench.catch_up().findings == []
    bench.configure(ABC_API_KEY=f"1={DEMO_KEY},{other}={OTHER_KEY}")
    assert [found.name for found in bench.catch_up().findings] == ["ISSUE_CREATION"]


def test_what_was_left_out_is_tried_again_once_a_day_without_a_report(bench: Bench) -> None:
    channel = bench.sandbox.abc.channels[1]
    bench.catch_up()
    del bench.sandbox.abc.channels[1]
    assert len(bench.catch_up().forgotten) == 1
    for day in range(1, 3):
        bench.later(day * 86_500 + 100)
        before = len(bench.requests())
        report = bench.reconciler.run()
        assert (report.forgotten, report.errors) == ([], [])
        assert any("/channels/1/" in path for path in bench.requests()[before:])
    bench.sandbox.abc.channels[1] = channel
    bench.later(4 * 86_400)
    bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"})
    assert [found.name for found in bench.reconciler.run().findings] == ["FEEDBACK_CREATION"]


def test_after_30_days_nothing_is_left_of_a_position_that_is_gone(bench: Bench, redis: Redis) -> None:
    bench.catch_up()
    bench.sandbox.abc.delete_channel(1)
    bench.catch_up()
    bench.later(29 * 86_400)
    bench.reconciler.run()
    assert redis.hexists(f"fb:{INSTANCE}:forgotten", "abc:1:1")
    assert redis.sismember(f"fb:{INSTANCE}:positions", "abc:1:1")
    bench.later(31 * 86_400)
    bench.reconciler.run()
    assert not redis.hexists(f"fb:{INSTANCE}:forgotten", "abc:1:1")
    assert not redis.hexists(f"fb:{INSTANCE}:checkpoints", "abc:1:1")
    assert not redis.sismember(f"fb:{INSTANCE}:positions", "abc:1:1")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"statusCode": 500, "message": "Internal server error"}),
        (503, "<h1>Maintenance</h1>"),
        (403, "<h1>Blocked</h1>"),
        (401, ""),
        (404, {"message": "Cannot POST"}),
        (429, ""),
        (400, {"message": "something else", "statusCode": 400}),
        (201, "<h1>Maintenance</h1>"),
        (201, {"items": None, "meta": {"totalItems": 1}}),
    ],
)
def test_a_channel_is_kept_when_abc_fails_for_another_reason(bench: Bench, status: int, body: Any) -> None:
    bench.catch_up()
    bench.sandbox.faults.add("status", path="/channels/1/feedbacks/search", status=status, body=body, times=None)
    for _ in range(15):
        report = bench.reconciler.run()
        assert (len(report.errors), report.forgotten) == (1, [])
    bench.sandbox.faults.clear()
    bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"})
    assert [found.name for found in bench.catch_up().findings] == ["FEEDBACK_CREATION"]


def test_an_operator_can_forget_a_channel_and_a_project(bench: Bench, redis: Redis) -> None:
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1", "abc:23:4", "abc:23:5", "abc:23:")
    assert [bench.reconciler.describe(position) for position in bench.reconciler.forget("23:4")] == [
        "project 23, channel 4"
    ]
    assert not redis.sismember(f"fb:{INSTANCE}:positions", "abc:23:4")
    assert [bench.reconciler.describe(position) for position in bench.reconciler.forget("23")] == [
        "project 23, issues",
        "project 23, channel 5",
    ]
    assert redis.smembers(f"fb:{INSTANCE}:positions") == {b"abc:1:1"}
    assert bench.reconciler.forget("23") == []
    assert bench.catch_up().errors == []
    bench.configure(RECONCILE_CHANNELS="1:1")
    with pytest.raises(StillConfigured, match="RECONCILE_CHANNELS names it"):
        bench.reconciler.forget("1:1")


# One position's error, and one entity's, is nobody else's


def test_a_defect_in_one_position_does_not_keep_the_others_waiting(
    sandbox: Any, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(sandbox, redis, RECONCILE_CHANNELS="1:1")
    sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"})

    def broken(*_: Any, **__: Any) -> Any:
        raise RecursionError("planted")

    monkeypatch.setattr(AbcClient, "search_issues", broken)
    report = bench.catch_up()
    assert report.errors == ["project 1, issues: a defect: RecursionError"]
    assert [found.name for found in report.findings] == ["FEEDBACK_CREATION"]
    monkeypatch.undo()
    sandbox.abc.create_issue(1, {"name": "결제 오류"})
    assert [found.name for found in bench.catch_up().findings] == ["ISSUE_CREATION"]


def test_one_entity_that_can_not_be_handled_does_not_cost_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a connector raises when it is asked what is missing."""
    for text in ("하나", "둘"):
        bench.sandbox.abc.create_feedback(1, {"message": text})
    translate: Any = bench.connectors["translate"]
    missing = translate.missing

    def broken(entity: Any) -> bool:
        if entity.id == 1:
            raise ZeroDivisionError("planted")
        return bool(missing(entity))

    monkeypatch.setattr(translate, "missing", broken)
    report = bench.catch_up()
    assert report.errors == ["project 1, channel 1, 1: a defect: ZeroDivisionError"]
    assert bench.sandbox.abc.feedbacks[2].data.get("translatedMessage")


def test_a_feedback_that_is_nested_too_deeply_does_not_cost_the_others(bench: Bench) -> None:
    first = bench.sandbox.abc.create_feedback(1, {"message": "하나"})
    bench.sandbox.abc.create_feedback(1, {"message": "둘"})
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    first.data["tags"] = deep
    report = bench.catch_up()
    assert [found.entity for found in report.findings] == ["abc:feedback:1:2"]
    assert set(report.errors) == {
        "project 1, channel 1: 1 of the search results can't be read at all and were left out"
    }
    assert bench.sandbox.abc.feedbacks[2].data.get("translatedMessage")


def test_a_bad_search_result_is_reported_and_costs_no_good_one(bench: Bench) -> None:
    bench.sandbox.abc.create_feedback(1, {"message": "하나"})
    good = bench.sandbox.abc.feedback_answer(bench.sandbox.abc.feedbacks[1])
    answer = {"items": [None, {"id": True}, good], "meta": {"totalItems": 3}}
    bench.sandbox.faults.add("status", path="/feedbacks/search", status=201, body=answer)
    report = bench.catch_up()
    assert report.errors == ["project 1, channel 1: 2 of 3 search results are no feedback and were left out"]
    assert len(report.findings) == 1


def test_an_issue_that_was_deleted_since_it_was_listed_is_passed_over(bench: Bench) -> None:
    bench.remember_an_hour()
    issue = bench.issue()
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    gone = {"code": "IssueNotFound", "message": "issue is not found", "statusCode": 400}
    bench.sandbox.faults.add("status", method="GET", path=f"/issues/{issue}", status=400, body=gone)
    report = bench.reconciler.run()
    assert (report.errors, report.forgotten) == ([], [])
    assert bench.checkpoints.positions() != set()


def test_a_run_that_abc_interrupts_goes_on_from_there(bench: Bench) -> None:
    """Reading an issue fails: nothing behind it is taken for compared."""
    bench.remember_an_hour()
    for name in ("결제 오류", "로그인 오류"):
        bench.sandbox.abc.set_status(bench.issue(name), "RESOLVED")
    bench.sandbox.faults.add("status", method="GET", path="/issues/", status=500, times=None)
    report = bench.reconciler.run()
    assert len(report.errors) == 1, "one call is enough"
    assert "answered 500" in report.errors[0]
    assert bench.checkpoints.checkpoint(Position("abc", "1:")) is None
    bench.sandbox.faults.clear()
    assert [found.name for found in bench.catch_up().findings].count("ISSUE_STATUS_CHANGE") == 2


# Time


def test_creations_are_taken_at_once_and_young_changes_are_named(bench: Bench) -> None:
    """Right after an outage: the identity of a creation makes it safe, the event of a change may still arrive."""
    bench.remember_an_hour()
    known = bench.issue("알려진 이슈")
    bench.catch_up()
    bench.checkpoints.now = time.time  # type: ignore[method-assign]
    bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"})
    bench.sandbox.abc.create_issue(1, {"name": "새 이슈"})
    bench.sandbox.abc.set_status(known, "RESOLVED")
    report = bench.catch_up()
    assert sorted(found.name for found in report.findings) == ["FEEDBACK_CREATION", "ISSUE_CREATION"]
    assert report.younger == 1
    assert 50 < report.wait <= SETTLED_SECONDS
    assert list(report.summary(SETTLED_SECONDS, dry_run=False))[1:] == [
        "1 change younger than 60 s: the next run looks at it (--wait does so in the same command)"
    ]
    bench.later(SETTLED_SECONDS + 1)
    report = bench.catch_up()
    assert [found.action for found in report.findings] == ["missed: INIT → RESOLVED"]
    assert report.younger == 0


def test_a_creation_that_was_taken_at_once_hides_no_change_that_is_too_young(bench: Bench) -> None:
    """The issue is listed with the status that it was changed to; that is not its first one."""
    bench.remember_an_hour()
    bench.checkpoints.now = time.time  # type: ignore[method-assign]
    issue = bench.issue()
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    report = bench.catch_up()
    assert ([found.name for found in report.findings], report.younger) == (["ISSUE_CREATION"], 1)
    bench.later(SETTLED_SECONDS + 1)
    assert [found.name for found in bench.catch_up().findings] == ["ISSUE_STATUS_CHANGE"]
    assert bench.lines() == ['The status of issue "결제 오류" is Resolved.']


def test_an_event_that_arrives_after_reconcile_took_the_creation_is_known(bench: Bench) -> None:
    issue = bench.issue()
    bench.checkpoints.now = time.time  # type: ignore[method-assign]
    bench.catch_up()
    bench.receive(Issue.model_validate(bench.sandbox.abc.issue(issue).as_event()))
    bench.settle()
    assert len(bench.sandbox.jira.tickets) == 1
    assert len(bench.world.records.deliveries(Query())[0]) == 1


@pytest.mark.parametrize("wrong", ["2099-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999+14:00", "9999-12-31T23:59:59Z"])
def test_an_event_with_a_time_in_the_future_hides_no_later_change(bench: Bench, wrong: str) -> None:
    bench.remember_an_hour()
    issue = bench.issue()
    bench.catch_up()
    row = bench.sandbox.abc.issue(issue).as_event() | {"updatedAt": wrong, "status": "PENDING"}
    body = {"event": "ISSUE_STATUS_CHANGE", "data": {"issue": row, "project": {"id": 1}, "previousStatus": "INIT"}}
    bench.acceptor.accept("abc", parse(body, INSTANCE), json.dumps(body).encode())
    bench.world.redis.hset(
        f"fb:{INSTANCE}:levels", f"abc:issue:1:{issue}", "4070908800000|1000|PENDING"
    )  # as an older release noted it
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    assert [found.action for found in bench.catch_up().findings] == ["missed: PENDING → RESOLVED"]
    assert bench.catch_up().findings == []


@pytest.mark.parametrize(
    "wrong", ["2099-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", "", None, "yesterday", 5]
)
def test_a_time_in_an_answer_that_can_not_be_true_hides_no_change(bench: Bench, wrong: Any) -> None:
    bench.remember_an_hour()
    issue = bench.issue()
    bench.catch_up()
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    answer = bench.sandbox.abc.issue(issue).as_answer() | {"updatedAt": wrong}
    found = {"items": [answer], "meta": {"totalItems": 1}}
    bench.sandbox.faults.add("status", path="/issues/search", status=201, body=found)
    bench.sandbox.faults.add("status", method="GET", path=f"/issues/{issue}", status=200, body=answer)
    assert [found.action for found in bench.catch_up().findings] == ["missed: INIT → RESOLVED"]
    assert bench.catch_up().findings == []


def test_a_checkpoint_in_the_future_counts_as_now(bench: Bench) -> None:
    bench.catch_up()
    for name in ("abc:1:", "abc:1:1"):
        bench.world.redis.hset(f"fb:{INSTANCE}:checkpoints", name, 4_070_908_800)
    bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"})
    assert len(bench.catch_up().findings) == 1


def test_a_source_whose_clock_is_an_hour_ahead_is_looked_at_whole(bench: Bench) -> None:
    row = bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"})
    row.createdAt = row.updatedAt = stamp(datetime.now(UTC) + timedelta(hours=1))
    assert [found.name for found in bench.catch_up().findings] == ["FEEDBACK_CREATION"]


def test_an_issue_older_than_the_window_is_found_by_its_change(bench: Bench) -> None:
    """Searched by `updatedAt`: it was created long before what a run looks at."""
    bench.remember_an_hour()
    issue = bench.issue()
    bench.receive(Issue.model_validate(bench.sandbox.abc.issue(issue).as_event()))
    bench.settle()
    row = bench.sandbox.abc.issues[issue]
    row.createdAt = row.updatedAt = "2024-01-01T00:00:00.000Z"
    bench.receive(Issue.model_validate(row.as_event()))
    bench.catch_up()
    bench.sandbox.abc.set_status(issue, "RESOLVED")
    assert [found.action for found in bench.catch_up().findings] == ["missed: INIT → RESOLVED"]


def test_a_feedback_that_was_back_dated_by_its_sender_is_found(bench: Bench) -> None:
    bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요", "createdAt": "2024-01-01T00:00:00.000Z"})
    assert [found.name for found in bench.catch_up().findings] == ["FEEDBACK_CREATION"]


def test_windows_over_a_day_are_searched_in_parts_that_a_channel_takes(bench: Bench) -> None:
    bench.sandbox.abc.channels[1].search_max_days = 1
    for days in (0.2, 1.5, 2.9, 5):
        row = bench.sandbox.abc.create_feedback(1, {"message": f"{days}일 전"})
        row.createdAt = row.updatedAt = stamp(datetime.now(UTC) - timedelta(days=days))
    report = bench.catch_up(since=time.time() - 3 * 86_400)
    assert report.errors == []
    assert sorted(found.entity for found in report.findings) == [
        "abc:feedback:1:1",
        "abc:feedback:1:2",
        "abc:feedback:1:3",
    ]


def test_a_window_never_starts_before_2020(bench: Bench) -> None:
    start = bench.checkpoints.start(Position("abc", "1:"), -1e9, 1.8e9)
    assert start == datetime(2020, 1, 1, tzinfo=UTC).timestamp()


def test_alert_max_age_holds_for_a_change_of_status(sandbox: Any, redis: Redis) -> None:
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1")
    bench = Bench(sandbox, redis, ALERT_MAX_AGE="600")
    bench.remember_an_hour()
    known = {}
    for name in ("old", "young"):
        known[name] = sandbox.abc.create_issue(1, {"name": name}).id
    bench.catch_up()
    for name, seconds in (("old", 700), ("young", 500)):
        row = sandbox.abc.issues[known[name]]
        sandbox.abc.set_status(row.id, "RESOLVED")
        row.createdAt = stamp(datetime.now(UTC) - timedelta(seconds=3000))
        row.updatedAt = stamp(datetime.now(UTC) - timedelta(seconds=seconds - SETTLED_SECONDS))
        bench.receive(Issue.model_validate(row.as_event() | {"status": "INIT", "updatedAt": row.createdAt}))
    bench.catch_up(since=time.time() - 3600)
    assert bench.lines() == ['The status of issue "young" changed from New to Resolved.']
    done = bench.sandbox.jira.rules.statuses
    assert [done[ticket.status][0] for ticket in sandbox.jira.tickets.values()] == ["Done", "Done"]
    skipped = [row for row in bench.world.records.deliveries(Query(state="skipped"))[0] if row["connector"] == "slack"]
    assert [row["error"] for row in skipped] == ["older than ALERT_MAX_AGE when it was found"]


def test_a_status_that_a_restored_backup_brought_back_is_announced(bench: Bench) -> None:
    """The issue's last change is earlier than the one that an event announced: ABC went back."""
    bench.remember_an_hour()
    issue = bench.issue()
    bench.catch_up()
    row = bench.sandbox.abc.issues[issue]
    bench.world.redis.hset(
        f"fb:{INSTANCE}:levels", f"abc:issue:1:{issue}", f"{int(time.time()) - 1200}000|1000|RESOLVED"
    )
    row.createdAt = row.updatedAt = stamp(datetime.now(UTC) - timedelta(seconds=2400))
    bench.world.redis.hdel(f"fb:{INSTANCE}:levels", f"abc:issue:1:{issue}|created")
    report = bench.catch_up(since=time.time() - 3600)
    assert "missed: RESOLVED → INIT" in [found.action for found in report.findings]
    found = Issue.model_validate(row.as_answer())
    noted = bench.checkpoints.level(subject_of(1, found), found.creation)
    assert noted == Level("INIT", float(int(datetime.fromisoformat(row.updatedAt).timestamp())), 1.0)
    assert bench.catch_up(since=time.time() - 3600).findings == []


# Names, and feedback that was attached at its creation


def test_a_found_feedback_shows_the_name_of_its_channel(sandbox: Any, redis: Redis) -> None:
    """ABC's API has no names of channels: they are remembered from events."""
    bench = Bench(sandbox, redis, SLACK_EVENTS="*")
    received = sandbox.abc.create_feedback(1, {"message": "하나"})
    body = {
        "event": "FEEDBACK_CREATION",
        "data": {
            "feedback": sandbox.abc.feedback_event(received),
            "channel": {"id": 1, "name": "App reviews"},
            "project": {"id": 1, "name": "Demo project"},
        },
    }
    bench.acceptor.accept("abc", parse(body, INSTANCE), json.dumps(body).encode())
    bench.settle()
    sandbox.abc.create_feedback(1, {"message": "둘"})
    bench.catch_up()
    assert bench.lines() == ['New feedback in channel "App reviews".'] * 2


def comments(bench: Bench) -> list[list[str]]:
    """The first line of every comment, by ticket."""
    tickets = bench.sandbox.jira.tickets.values()
    return [[comment["body"].splitlines()[0] for comment in ticket.comments] for ticket in tickets]


def test_a_found_feedback_with_issues_becomes_a_comment_on_each_ticket(bench: Bench) -> None:
    bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요", "issueNames": ["결제 오류", "로그인 오류"]})
    bench.catch_up()
    assert [len(found) for found in comments(bench)] == [1, 1]
    assert bench.catch_up().findings == []
    assert [len(found) for found in comments(bench)] == [1, 1]


def test_feedback_that_was_attached_in_an_outage_becomes_a_comment(bench: Bench) -> None:
    """Its ISSUE_ADDITION was lost; the feedback shows the issue."""
    issue = bench.issue()
    feedback = bench.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"}).id
    bench.catch_up()
    assert comments(bench) == [[]]
    bench.sandbox.abc.attach(feedback, issue)
    report = bench.catch_up()
    assert [(found.name, found.action) for found in report.findings] == [
        ("ISSUE_ADDITION", "attachment missed; now for jira")
    ]
    assert [len(found) for found in comments(bench)] == [1]
    assert bench.catch_up().findings == []


# Election


def test_one_of_many_workers_compares_and_each_turn_comes_once(redis: Redis) -> None:
    checkpoints = [Checkpoints(redis, INSTANCE, (), 86_400) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        turns = list(pool.map(lambda one: one.my_turn(300), checkpoints))
    assert turns.count(True) == 1
    assert not any(one.my_turn(300) for one in checkpoints)
    assert 290_000 < redis.pttl(f"fb:{INSTANCE}:reconcile") <= 300_000
    redis.delete(f"fb:{INSTANCE}:reconcile")
    assert [one.my_turn(300) for one in checkpoints].count(True) == 1


def test_a_shorter_period_takes_effect_before_the_long_one_is_over(redis: Redis) -> None:
    """RECONCILE_EVERY was a day, and is a minute now."""
    checkpoints = Checkpoints(redis, INSTANCE, (), 86_400)
    assert checkpoints.my_turn(86_400)
    assert not checkpoints.my_turn(60)
    assert redis.pttl(f"fb:{INSTANCE}:reconcile") <= 60_000


def test_a_redis_that_is_away_is_one_line_a_minute(sandbox: Any, redis: Redis) -> None:
    bench = Bench(sandbox, redis, ABC_API_KEY=f"1={DEMO_KEY}")
    with Redis(port=free_port()) as nobody, structlog.testing.capture_logs() as logs:
        catch_up = CatchUp(bench.reconciler, Checkpoints(nobody, INSTANCE, (), 86_400), 300)
        catch_up._stopped = Beats(3, lambda: None)
        catch_up.run()
    assert [line["times"] for line in logs if line["event"].startswith("not reconciled")] == [1]


def test_only_the_elected_worker_asks_abc(sandbox: Any, redis: Redis) -> None:
    bench = Bench(sandbox, redis, RECONCILE_LOOKBACK="3600", ABC_API_KEY=f"1={DEMO_KEY}")
    threads = [CatchUp(bench.reconciler, bench.checkpoints, 300) for _ in range(3)]

    def refusals() -> int:
        """Whoever does not get the turn looks at how long it lasts."""
        found: Any = redis.info("commandstats")
        return int(found.get("cmdstat_pttl", {"calls": 0})["calls"])

    asked = refusals()
    bench.sandbox.abc.create_issue(1, {"name": "결제 오류"})
    before = len(bench.requests())
    for thread in threads:
        thread.start()
    wait_for("one to compare", lambda: len(bench.requests()) > before)
    wait_for("the others to have asked for their turn twice each", lambda: refusals() >= asked + 4)
    for thread in threads:
        thread.stop()
        thread.join()
    searches = [path for path in bench.requests()[before:] if path.endswith("/issues/search")]
    assert len(searches) == 2, "one run, by creation and by change"
