"""One entity of the source against the ledger: what becomes an event, for whom, and what is noted.

The time stands still, so that a limit can be met exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from redis import Redis

from connectors.base import Connector
from jobs.accept import Acceptor
from jobs.ledger.ledger import Ledger
from jobs.ledger.links import RedisLinks
from jobs.ledger.records import Records
from jobs.reconcile.checkpoints import Checkpoints
from jobs.reconcile.comparison import Comparison, Young
from jobs.reconcile.report import Finding
from jobs.replay import Replayer
from jobs.routing import Route
from sources.abc.models import Feedback, Issue
from sources.abc.sweep import AbcSweep
from sources.base import Level
from sources.sweep import Seen
from tests.jobs.world import INSTANCE, Recorder

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
HOUR, DAY = 3600.0, 86_400.0
KEY, CHANNEL = "1:", "1:1"
OLD = "older than ALERT_MAX_AGE when it was found"


@dataclass
class Restorer(Recorder):
    """A connector whose effect shows at the source."""

    is_missing: bool = True
    may_repeat: bool = False
    written: str = ""
    """The status that it wrote last, where it has written one."""

    def missing(self, _entity: Issue | Feedback) -> bool:
        return self.is_missing

    def repeats(self, _entity: Issue | Feedback) -> bool:
        return self.may_repeat

    def behind(self, entity: Issue | Feedback, link: Mapping[str, str]) -> bool:
        return link.get("status", "") not in ("", cast(Issue, entity).status)


class Source(AbcSweep):
    """ABC as a test wants it. `later`: what it shows when an entity is read again."""

    def __init__(self) -> None:
        super().__init__(cast(Any, None), INSTANCE, (), lambda _key: "p")
        self.later: Seen | None = None
        self.asked = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def again(self, key: str, seen: Seen) -> Seen:
        self.asked += 1
        self.meanwhile()
        return self.later or seen


class Setting:
    def __init__(self, redis: Redis, *routes: Route, max_age: float = DAY, reports: bool = True) -> None:
        self.redis: Any = redis
        self.time = NOW
        self.source, self.tickets = Source(), Restorer()
        self.ledger = Ledger(redis, INSTANCE, lambda: int(self.time * 1000))
        self.records = Records(redis, INSTANCE, lambda: int(self.time * 1000))
        self.checkpoints = Checkpoints(redis, INSTANCE, (), DAY)
        self.checkpoints.now = lambda: self.time  # type: ignore[method-assign]
        self.acceptor = Acceptor(self.ledger, routes or (Route("tickets", ("*",)), Route("alerts", ("*",))))
        self.missed: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None
        connectors = {"tickets": self.tickets, "alerts": Recorder()}
        self.comparison = Comparison(
            self.source,
            self.acceptor,
            self.records,
            Replayer(self.ledger),
            self.checkpoints,
            RedisLinks(self.ledger, ""),
            cast(Mapping[str, Connector], connectors),
            routes or (Route("tickets", ("*",)), Route("alerts", ("*",))),
            max_age,
            self.report if reports else None,
        )
        redis.set(f"fb:{INSTANCE}:born", int((NOW - 30 * DAY) * 1000))

    def report(self, event_id: str) -> None:
        self.missed.append(event_id)
        self.meanwhile()

    def look(self, seen: Seen, key: str = KEY, *, dry_run: bool = False) -> list[Finding | Young]:
        return list(self.comparison.look_at(key, seen, self.time, dry_run))

    def actions(self, seen: Seen, key: str = KEY, *, dry_run: bool = False) -> list[tuple[str, str]]:
        return [
            (found.name, found.action) for found in self.look(seen, key, dry_run=dry_run) if isinstance(found, Finding)
        ]

    def issue(self, status: str = "INIT", created: float = -HOUR, changed: float = -HOUR, **values: Any) -> Seen:
        """Issue 7, with times in seconds from now."""
        times = {"createdAt": stamp(NOW + created), "updatedAt": stamp(NOW + changed)}
        return self.source.seen(KEY, Issue.model_validate({"id": 7, "name": "n", "status": status, **times, **values}))

    def feedback(self, **values: Any) -> Seen:
        times = {"createdAt": stamp(NOW - HOUR), "updatedAt": stamp(NOW - HOUR)}
        return self.source.seen(CHANNEL, Feedback.model_validate({"id": 5, **times, **values}))

    def states(self, seen: Seen, name: str, key: str = KEY, previous: str = "") -> dict[str, str]:
        """Of the deliveries of the entity's creation, or of its change."""
        change = name == "change"
        event, _ = self.source.change(key, seen, previous) if change else self.source.creation(key, seen)
        return {connector: state for connector, (state, _) in self.records.states(event.id).items()}

    def error(self, seen: Seen, connector: str) -> str:
        event, _ = self.source.creation(KEY, seen)
        why: Any = self.redis.hget(f"fb:{INSTANCE}:delivery:{event.id}.{connector}", "why")
        return str(why.decode())

    def know(self, seen: Seen, status: str, at: float = -HOUR) -> None:
        self.checkpoints.note_level(seen.subject, seen.creation, Level(status, NOW + at, 1.0))

    def level(self, seen: Seen) -> Level | None:
        return self.checkpoints.level(seen.subject, seen.creation)

    def announced(self, seen: Seen) -> Seen:
        """Its creation is known, with its status."""
        self.look(seen)
        self.missed.clear()
        return seen


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def setting(redis: Redis) -> Setting:
    return Setting(redis)


# Creations


def test_a_missed_creation_is_accepted_once_for_everybody(setting: Setting) -> None:
    issue = setting.issue()
    event, _ = setting.source.creation(KEY, issue)
    found = Finding(event.id, "ISSUE_CREATION", "abc:issue:1:7", "missed; now for tickets, alerts")
    assert setting.look(issue) == [found]
    assert setting.states(issue, "creation") == {"tickets": "queued", "alerts": "queued"}
    assert setting.missed == [event.id]
    assert setting.look(issue) == []
    assert setting.missed == [event.id]


def test_a_dry_run_finds_the_same_and_stores_nothing(setting: Setting) -> None:
    issue = setting.issue()
    assert setting.actions(issue, dry_run=True) == [("ISSUE_CREATION", "missed; now for tickets, alerts")]
    assert (setting.states(issue, "creation"), setting.missed) == ({}, [])


def test_what_shows_its_effect_is_not_missing(redis: Redis) -> None:
    setting = Setting(redis, Route("tickets", ("*",)))
    setting.tickets.is_missing = False
    assert setting.look(setting.issue()) == []


def test_an_event_goes_only_to_those_who_want_it(redis: Redis) -> None:
    setting = Setting(redis, Route("alerts", ("ISSUE_CREATION",)), Route("tickets", ("FEEDBACK_CREATION",)))
    assert setting.actions(setting.issue()) == [("ISSUE_CREATION", "missed; now for alerts")]


def test_what_nobody_waits_for_costs_no_request(redis: Redis) -> None:
    """Most of what a run looks at is of this kind."""
    setting = Setting(redis, Route("tickets", ("FEEDBACK_CREATION",)))
    setting.tickets.is_missing = False
    feedback = setting.feedback(issues=[{"id": 7, "name": "n"}])
    before = setting.redis.info("stats")["total_commands_processed"]
    assert setting.look(feedback, CHANNEL) == []
    assert setting.redis.info("stats")["total_commands_processed"] == before + 1, "the second of these questions"


@pytest.mark.parametrize(("age", "state"), [(600.0, "queued"), (601.0, "skipped")])
def test_alerts_about_what_is_too_old_are_skipped(redis: Redis, age: float, state: str) -> None:
    setting = Setting(redis, max_age=600.0)
    issue = setting.issue(created=-age, changed=-age)
    setting.look(issue)
    assert setting.states(issue, "creation") == {"tickets": "queued", "alerts": state}
    assert setting.error(issue, "alerts") == (OLD if state == "skipped" else "")
    assert bool(setting.missed) == (state == "queued"), "what nobody is alerted of is not reported as missed"


def test_what_is_too_old_is_not_accepted_for_alerts_alone(redis: Redis) -> None:
    setting = Setting(redis, Route("alerts", ("*",)), max_age=600.0)
    issue = setting.issue()
    assert setting.look(issue) == []
    assert setting.states(issue, "creation") == {}


def test_a_known_event_gets_the_delivery_that_it_lacks(redis: Redis) -> None:
    issue = Setting(redis, Route("alerts", ("*",))).announced(Setting(redis).issue())
    setting = Setting(redis)
    assert setting.actions(issue) == [("ISSUE_CREATION", "missed; now for tickets")]
    assert setting.states(issue, "creation") == {"alerts": "queued", "tickets": "queued"}
    assert setting.missed == [], "a webhook has announced it"


def test_nothing_is_found_where_another_process_was_faster(redis: Redis) -> None:
    setting, other = Setting(redis), Setting(redis)
    issue = setting.issue()
    setting.meanwhile = lambda: other.look(issue)
    assert setting.look(issue) == []
    assert len(other.missed) == 1


# Repairs


@pytest.fixture
def finished(setting: Setting) -> Seen:
    """Ten minutes and a second ago the ticket was made."""
    issue = setting.announced(setting.issue())
    event, _ = setting.source.creation(KEY, issue)
    setting.redis.hset(f"fb:{INSTANCE}:delivery:{event.id}.tickets", mapping={"state": "done"})
    setting.tickets.may_repeat = True
    setting.time += 601
    return issue


REPAIRED = [("ISSUE_CREATION", "tickets's effect is missing again; repeated")]


def test_an_effect_that_disappeared_is_repeated(setting: Setting, finished: Seen) -> None:
    assert setting.actions(finished, dry_run=True) == REPAIRED
    assert setting.states(finished, "creation")["tickets"] == "done"
    assert setting.actions(finished) == REPAIRED
    assert setting.states(finished, "creation")["tickets"] == "queued"
    assert setting.look(finished) == [], "it is under way"


def test_an_effect_is_not_repeated_within_ten_minutes(setting: Setting, finished: Seen) -> None:
    setting.time = NOW + 600
    assert setting.look(finished) == []


def test_an_effect_is_not_repeated_where_it_may_have_been_removed_on_purpose(setting: Setting, finished: Seen) -> None:
    setting.tickets.may_repeat = False
    assert setting.look(finished) == []


def test_what_ended_otherwise_is_not_repeated(setting: Setting, finished: Seen) -> None:
    event, _ = setting.source.creation(KEY, finished)
    setting.redis.hset(f"fb:{INSTANCE}:delivery:{event.id}.tickets", mapping={"state": "dead"})
    assert setting.look(finished) == []


# Implied events

ADDITIONS = Route("tickets", ("ISSUE_ADDITION",), tickets=True)


def test_an_issue_that_a_feedback_carries_is_found_once(redis: Redis) -> None:
    setting = Setting(redis, ADDITIONS, Route("alerts", ("ISSUE_ADDITION",)))
    feedback = setting.feedback(issues=[{"id": 7, "name": "n"}])
    found = [("ISSUE_ADDITION", "attachment missed; now for tickets")]
    assert setting.actions(feedback, CHANNEL, dry_run=True) == found
    assert setting.actions(feedback, CHANNEL) == found
    assert setting.look(feedback, CHANNEL) == setting.look(feedback, CHANNEL, dry_run=True) == []
    assert setting.missed == [], "no webhook announces it"


# Changes of level


def changed(setting: Setting, at: float = -600, status: str = "RESOLVED", **values: Any) -> Seen:
    """An issue that was announced as new, and changed since."""
    setting.announced(setting.issue(created=-2 * DAY, changed=-2 * DAY))
    setting.know(setting.issue(created=-2 * DAY), "INIT", -2 * DAY)
    setting.source.asked = 0
    return setting.issue(status, created=-2 * DAY, changed=at, **values)


def test_a_missed_change_is_accepted_once_for_everybody(setting: Setting) -> None:
    issue = changed(setting)
    found = [("ISSUE_STATUS_CHANGE", "missed: INIT → RESOLVED")]
    assert setting.actions(issue, dry_run=True) == found
    assert (setting.level(issue), setting.missed) == (Level("INIT", NOW - 2 * DAY, 1.0), [])
    assert setting.actions(issue) == found
    assert setting.states(issue, "change", previous="INIT") == {"tickets": "queued", "alerts": "queued"}
    assert setting.level(issue) == Level("RESOLVED", NOW - 600, 1.0)
    assert len(setting.missed) == 1
    assert setting.look(issue) == []


def test_a_known_level_is_not_asked_for_again(setting: Setting) -> None:
    issue = changed(setting)
    setting.know(issue, "RESOLVED", -600)
    assert setting.look(issue) == []
    assert setting.source.asked == 0


def test_a_level_that_nobody_wants_is_not_asked_for(redis: Redis) -> None:
    setting = Setting(redis, Route("tickets", ("ISSUE_CREATION",)), Route("alerts", ("ISSUE_CREATION",)))
    issue = changed(setting)
    assert setting.look(issue) == []
    assert setting.source.asked == 0
    later = setting.issue("RESOLVED", changed=-600, id=8)
    setting.look(later)
    assert setting.level(later) == Level("RESOLVED", NOW - HOUR, 1.0), "the first one that is known"


def test_a_counterpart_that_is_behind_gets_the_level_again(setting: Setting) -> None:
    """A ticket that was made late carries a status that has passed since; nobody is alerted of that."""
    issue = changed(setting)
    setting.know(issue, "RESOLVED", -600)
    RedisLinks(setting.ledger, "tickets").set(str(issue.subject), issue.creation, status="INIT")
    assert setting.actions(issue) == [("ISSUE_STATUS_CHANGE", "its status is RESOLVED")]
    assert setting.states(issue, "change", previous="RESOLVED") == {"tickets": "queued", "alerts": "skipped"}
    assert setting.missed == []


def test_a_change_there_and_back_is_noted_and_not_announced(setting: Setting) -> None:
    issue = changed(setting)
    setting.source.later = setting.issue("INIT", created=-2 * DAY, changed=-500)
    assert setting.look(issue, dry_run=True) == []
    assert setting.level(issue) == Level("INIT", NOW - 2 * DAY, 1.0)
    assert setting.look(issue) == []
    assert setting.level(issue) == Level("INIT", NOW - 500, 1.0)


def test_a_change_there_and_back_at_a_time_that_can_not_be_true_is_noted_as_of_now(setting: Setting) -> None:
    issue = changed(setting)
    setting.source.later = setting.issue("INIT", created=-2 * DAY, changed=+DAY)
    assert setting.look(issue) == []
    assert setting.level(issue) == Level("INIT", NOW, 1.0)


def test_an_entity_whose_level_the_source_does_not_show_is_left_alone(setting: Setting) -> None:
    issue = changed(setting)
    setting.source.later = setting.issue("", created=-2 * DAY, changed=-500)
    assert setting.look(issue) == []
    assert setting.level(issue) == Level("INIT", NOW - 2 * DAY, 1.0)


def test_an_event_that_arrives_while_the_entity_is_read_counts(setting: Setting) -> None:
    issue = changed(setting)
    setting.source.meanwhile = lambda: setting.know(issue, "PENDING", -1)
    assert setting.look(issue) == []
    assert setting.level(issue) == Level("PENDING", NOW - 1, 1.0)


@pytest.mark.parametrize(("age", "state"), [(600.0, "queued"), (601.0, "skipped")])
def test_alerts_about_a_change_that_is_too_old_are_skipped(redis: Redis, age: float, state: str) -> None:
    setting = Setting(redis, max_age=600.0)
    issue = changed(setting, -age)
    assert setting.actions(issue) == [("ISSUE_STATUS_CHANGE", "missed: INIT → RESOLVED")]
    assert setting.states(issue, "change", previous="INIT") == {"tickets": "queued", "alerts": state}


def test_a_change_that_is_too_old_is_noted_where_there_are_alerts_alone(redis: Redis) -> None:
    setting = Setting(redis, Route("alerts", ("*",)), max_age=600.0)
    issue = changed(setting, -700)
    assert setting.look(issue) == []
    assert setting.level(issue) == Level("RESOLVED", NOW - 700, 1.0)


@pytest.mark.parametrize(("at", "wait"), [(-60.0, 0.0), (-59.0, 1.0), (-1.0, 59.0)])
def test_a_change_younger_than_a_minute_may_still_be_announced(setting: Setting, at: float, wait: float) -> None:
    issue = changed(setting, at)
    assert setting.look(issue) == [Young(wait)]
    assert setting.level(issue) == Level("INIT", NOW - 2 * DAY, 1.0)
    setting.time += wait + 1
    assert len(setting.look(issue)) == 1
    assert setting.level(issue) == Level("RESOLVED", NOW + at, 1.0)


def test_a_young_change_that_nobody_waits_for_is_no_reason_to_wait(redis: Redis) -> None:
    setting = Setting(redis, Route("alerts", ("*",)))
    issue = changed(setting, -30, "INIT")
    setting.know(issue, "PENDING", -700)
    setting.source.later = setting.issue("PENDING", created=-2 * DAY, changed=-30)
    assert setting.look(issue) == []
    assert setting.level(issue) == Level("PENDING", NOW - 700, 1.0)


def test_the_level_of_a_new_entity_is_its_first_one_unless_it_may_have_been_changed(setting: Setting) -> None:
    """A change that is too young to be announced is compared with nothing later: the next run announces it."""
    untouched = setting.issue("PENDING", created=-30, changed=-30)
    assert len(setting.look(untouched)) == 1
    assert setting.level(untouched) == Level("PENDING", NOW - 30, 1.0)
    touched = setting.issue("PENDING", created=-50, changed=-30, id=8)
    assert [type(found) for found in setting.look(touched)] == [Finding, Young]
    assert setting.level(touched) is None


def test_an_untouched_entity_that_an_event_announced_otherwise_keeps_its_first_level(setting: Setting) -> None:
    issue = setting.issue("PENDING", created=-30, changed=-30)
    setting.know(issue, "INIT", -700)
    assert [type(found) for found in setting.look(issue)] == [Finding, Young]
    assert setting.level(issue) == Level("INIT", NOW - 700, 1.0)


def test_a_change_whose_time_can_not_be_true_is_announced_and_noted_as_of_now(setting: Setting) -> None:
    issue = changed(setting, +DAY)
    assert setting.actions(issue) == [("ISSUE_STATUS_CHANGE", "missed: INIT → RESOLVED")]
    assert setting.states(issue, "change", previous="INIT") == {"tickets": "queued", "alerts": "queued"}
    assert setting.level(issue) == Level("RESOLVED", NOW, 1.0)


def test_a_level_that_was_not_known_is_announced_as_it_is(setting: Setting) -> None:
    """Created since the ledger exists, and changed: what it was at first is not known."""
    issue = setting.issue("RESOLVED", created=-DAY, changed=-600)
    assert setting.actions(issue) == [
        ("ISSUE_CREATION", "missed; now for tickets, alerts"),
        ("ISSUE_STATUS_CHANGE", "its status is RESOLVED"),
    ]
    assert setting.states(issue, "change") == {"alerts": "queued", "tickets": "queued"}


def test_a_counterpart_that_is_still_to_be_made_gets_its_level_then(redis: Redis) -> None:
    setting = Setting(redis, Route("tickets", ("*",)))
    issue = setting.issue("RESOLVED", created=-DAY, changed=-600)
    assert [name for name, _ in setting.actions(issue)] == ["ISSUE_CREATION"]
    linked = setting.issue("RESOLVED", created=-DAY, changed=-600, id=8, externalIssueId="4")
    assert [name for name, _ in setting.actions(linked)] == ["ISSUE_CREATION", "ISSUE_STATUS_CHANGE"]


def test_a_source_that_went_back_is_announced_and_noted_with_its_time(setting: Setting) -> None:
    """A restored backup: the last change is earlier than the one that was announced."""
    issue = changed(setting, -7200)
    setting.know(issue, "CLOSED", -3600)
    found = [("ISSUE_STATUS_CHANGE", "missed: CLOSED → RESOLVED")]
    assert setting.actions(issue, dry_run=True) == found
    assert setting.level(issue) == Level("CLOSED", NOW - 3600, 1.0)
    assert setting.actions(issue) == found
    assert setting.level(issue) == Level("RESOLVED", NOW - 7200, 1.0)
    assert setting.look(issue) == []


# Which events a webhook should have announced


@pytest.mark.parametrize(
    ("created", "is_missed"), [(-600, True), (-601, False), (-60, True), (-59, False), (-599, True), (-61, True)]
)
def test_what_happened_since_the_ledger_exists_and_a_minute_ago_was_missed(
    redis: Redis, created: float, is_missed: bool
) -> None:
    setting = Setting(redis)
    redis.set(f"fb:{INSTANCE}:born", int((NOW - 600) * 1000))
    setting.look(setting.issue(created=created, changed=created))
    assert bool(setting.missed) == is_missed


def test_reconcile_works_without_a_reporter_of_missed_events(redis: Redis) -> None:
    setting = Setting(redis, reports=False)
    assert len(setting.look(setting.issue())) == 1
