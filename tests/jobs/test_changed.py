"""Reconcile asks connectors for changes that no webhook announced: once each, from the checkpoint on."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from redis import Redis

from connectors.base import Changed, Connector, Done, Links, Outcome
from jobs.accept import Acceptor
from jobs.ledger.links import RedisLinks
from jobs.reconcile.changed import Changes
from jobs.reconcile.checkpoints import OVERLAP, Checkpoints
from jobs.reconcile.report import Report
from jobs.routing import Route
from sources.base import Subject
from sources.sweep import Position, SourceError
from sources.tickets import Ticket, found
from tests.jobs.world import INSTANCE, Recorder, World

OLD = 3600.0


@dataclass
class Desk(Recorder):
    """A connector whose third party shows tickets as (key, seconds since the change)."""

    tickets: list[tuple[str, float]] = field(default_factory=list)
    more: bool = False
    error: Exception | None = None
    parts: list[SourceError] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    linked: list[dict[str, str]] = field(default_factory=list)
    now: float = 0.0

    def changed(self, since: float, links: Links) -> Changed:
        self.asked.append(since)
        self.linked.append(links.get("ticket:1", ""))
        if self.error:
            raise self.error
        events = []
        for key, ago in self.tickets:
            subject, at = Subject("github", "ticket", "acme/app", key), self.now - ago
            events.append((at, *found(INSTANCE, "github", Ticket(key, key, status="closed"), subject, at, "")))
        return Changed(len(events), events, events[-1][0] if self.more else None, self.parts)


@dataclass
class Run:
    world: World
    desk: Desk
    alert: Recorder
    checkpoints: Checkpoints

    def reconcile(self, since: float | None = None, *, dry_run: bool = False) -> Report:
        connectors: dict[str, Connector] = {"desk": self.desk, "slack": self.alert}
        routes = [
            Route("desk", ("ISSUE_*",), sources=frozenset({"abc"}), tickets=True, back="github"),
            Route("slack", ("*",)),
        ]
        links = RedisLinks(self.world.ledger, "")
        changes = Changes(connectors, Acceptor(self.world.ledger, routes), self.checkpoints, links)
        report, self.desk.now = Report(), self.checkpoints.now()
        changes.run(since, self.desk.now, dry_run, report)
        return report

    @property
    def checkpoint(self) -> float | None:
        return self.checkpoints.checkpoint(Position("changed", "desk"))


@pytest.fixture
def run(redis: Redis) -> Run:
    def took(_event: object, _context: object) -> Outcome:
        return Done({})

    desk, alert = Desk(took), Recorder(took)
    return Run(World(redis, {"desk": desk, "slack": alert}), desk, alert, Checkpoints(redis, INSTANCE, (), 86_400))


def test_a_change_becomes_one_event_for_its_connector_and_none_for_alerts(run: Run) -> None:
    run.desk.tickets = [("1", OLD)]
    [finding] = run.reconcile().findings
    assert (finding.name, finding.entity) == ("github.found", "github:ticket:acme%2Fapp:1")
    assert run.reconcile().findings == []
    run.world.run()
    assert run.desk.seen == [finding.event_id]
    assert run.alert.seen == []


def test_what_may_still_be_announced_is_left_to_a_later_run(run: Run) -> None:
    run.desk.tickets = [("1", 10.0), ("2", 61.0)]
    report = run.reconcile()
    assert [finding.entity for finding in report.findings] == ["github:ticket:acme%2Fapp:2"]
    assert report.younger == 1
    assert report.wait == pytest.approx(50.0, abs=5.0)


def test_each_run_goes_on_from_the_one_before(run: Run) -> None:
    run.reconcile()
    assert run.desk.asked[0] == pytest.approx(run.desk.now - 86_400 - OVERLAP, abs=5)
    assert run.checkpoint == pytest.approx(run.desk.now, abs=5)
    run.reconcile()
    assert run.desk.asked[1] == pytest.approx(run.desk.now - OVERLAP, abs=5)


def test_where_there_are_more_the_next_run_goes_on_behind_the_last_one(run: Run) -> None:
    run.desk.tickets, run.desk.more = [("1", OLD)], True
    run.reconcile()
    assert run.checkpoint == pytest.approx(run.desk.now - OLD, abs=5)


def test_more_changes_in_a_few_minutes_than_one_look_shows_hold_nothing_up(run: Run) -> None:
    """A bot has closed a thousand tickets: what a run sees is no longer than its overlap with the one before."""
    run.desk.tickets, run.desk.more = [("1", OLD)], True
    for _ in range(4):
        run.reconcile()
    at = run.desk.now - OLD
    assert run.desk.asked[1:] == pytest.approx([at - OVERLAP, at, at + 1], abs=0.9)


def test_an_operator_s_time_and_a_dry_run_move_no_checkpoint(run: Run) -> None:
    run.desk.tickets = [("1", OLD)]
    [planned] = run.reconcile(dry_run=True).findings
    assert run.checkpoint is None
    [made] = run.reconcile(since=1_767_323_045.0).findings
    assert made == planned
    assert (run.checkpoint, run.desk.asked[-1]) == (None, 1_767_323_045.0)


def test_an_error_is_reported_and_the_checkpoint_stays(run: Run) -> None:
    run.desk.error = SourceError("timeout", "GitHub did not answer", again=True)
    report = run.reconcile()
    assert report.errors == ["desk, tickets that were changed: GitHub did not answer"]
    assert run.checkpoint is None


def test_a_defect_of_one_connector_ends_no_run(run: Run) -> None:
    run.desk.error = ValueError("a defect")
    assert run.reconcile().errors == ["desk, tickets that were changed: a defect: ValueError"]
    assert run.checkpoint is None


@pytest.mark.parametrize("again", [True, False])
def test_a_part_that_could_not_be_looked_at_is_reported_beside_the_others(run: Run, again: bool) -> None:
    run.desk.tickets = [("1", OLD)]
    run.desk.parts = [SourceError("auth", "acme/gone: GitHub answered 404", again=again)]
    report = run.reconcile()
    assert report.errors == ["desk, tickets that were changed: acme/gone: GitHub answered 404"]
    assert len(report.findings) == 1
    assert (run.checkpoint is None) == again


def test_the_connector_reads_its_own_links(run: Run) -> None:
    RedisLinks(run.world.ledger, "desk").set("ticket:1", "", issue="3")
    RedisLinks(run.world.ledger, "slack").set("ticket:1", "", issue="4")
    run.reconcile()
    assert run.desk.linked == [{"issue": "3"}]
