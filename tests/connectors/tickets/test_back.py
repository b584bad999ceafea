"""What is changed at a ticket is carried to its issue, tried with each ticket system; and what is not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sources
from connectors.base import Changing, Done, Failed, LeaseLost, Outcome, Retry, Skipped
from sources.base import Level
from sources.sweep import SourceError
from sources.tickets import TicketEvent
from tests.connectors.context import MemoryContext, MemoryLinks
from tests.connectors.contract import cases_of
from tests.connectors.tickets.test_flow import TICKET_SYSTEMS, result
from tests.connectors.tickets.world import World
from tools.sandbox.abc_store import IssueRow
from tools.sandbox.server import running


@pytest.fixture(params=TICKET_SYSTEMS, ids="-".join)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    kind, name = request.param
    case = cases_of(kind)[name]
    assert case.world
    with running(**case.options) as sandbox:
        case.prepare(sandbox)
        world = case.world(sandbox, case.variables(sandbox.url))
        world.set(**{f"{kind.upper()}_STATUS_BACK": f"{world.opened}=INIT,{world.closed}=RESOLVED"})
        yield world


@pytest.fixture
def issue(world: World) -> IssueRow:
    """One that has its ticket, which is open."""
    issue = world.issue()
    result(world.created(issue))
    return issue


def status(world: World, issue: IssueRow) -> str:
    return world.sandbox.abc.issue(issue.id).status


def announced(world: World, issue: IssueRow, at: float) -> dict[str, Level]:
    """The ledger's last known status of the issue."""
    return {f"abc:issue:1:{issue.id}": Level(status(world, issue), at)}


def why(outcome: Outcome) -> str:
    assert isinstance(outcome, Skipped), outcome
    return outcome.why


def test_a_person_s_change_is_carried_and_nothing_else_of_the_issue(world: World, issue: IssueRow) -> None:
    before = world.sandbox.abc.issue(issue.id).as_answer()
    world.move(world.first, world.closed)
    done = result(world.moved())
    assert (done["abc_status_before"], done["abc_status"], done["status"]) == ("INIT", "RESOLVED", world.closed)
    after = world.sandbox.abc.issue(issue.id).as_answer()
    assert {key for key in after if after[key] != before[key]} == {"status", "updatedAt"}
    world.move(world.first, world.opened)
    assert result(world.moved())["abc_status"] == "INIT"


def test_what_we_wrote_ourselves_goes_no_further_however_often_it_is_announced(world: World, issue: IssueRow) -> None:
    world.move(world.first, world.closed)
    result(world.moved())
    seen = len(world.sandbox.abc.writes)
    for _ in range(2):
        assert result(world.status_changed(issue))["status"] == world.closed
        assert "already matches" in why(world.moved())
    world.sandbox.abc.set_status(issue.id, "INIT")
    assert result(world.status_changed(issue))["moved_from_status"] == world.closed
    for _ in range(2):
        assert "already matches" in why(world.moved())
        result(world.status_changed(issue))
    assert len(world.sandbox.abc.writes) == seen + 1  # the person's
    assert (status(world, issue), world.status(world.first)) == ("INIT", world.opened)


def test_without_the_variable_nothing_is_carried_back(world: World, issue: IssueRow) -> None:
    world.set(**{f"{world.kind.upper()}_STATUS_BACK": ""})
    world.move(world.first, world.closed)
    assert "does nothing on" in why(world.moved())
    assert status(world, issue) == "INIT"


def test_a_status_of_abc_that_shares_the_ticket_s_stays(world: World, issue: IssueRow) -> None:
    world.set(**{f"{world.kind.upper()}_STATUS_MAP": f"INIT={world.opened},PENDING={world.closed}"})
    world.sandbox.abc.set_status(issue.id, "PENDING")
    result(world.status_changed(issue))
    assert world.status(world.first) == world.closed
    assert "already matches" in why(world.moved())
    assert status(world, issue) == "PENDING"


def test_a_later_change_in_abc_wins(world: World, issue: IssueRow) -> None:
    world.move(world.first, world.closed)
    world.sandbox.abc.set_status(issue.id, "PENDING")
    world.set(
        **{f"{world.kind.upper()}_STATUS_MAP": f"INIT={world.opened},RESOLVED={world.closed},PENDING={world.opened}"}
    )
    levels = announced(world, issue, time.time() + 60)
    assert "changed to PENDING as well" in why(world.moved(world.context(levels=levels)))
    assert status(world, issue) == "PENDING"
    result(world.status_changed(issue, world.context(levels=levels)))
    assert world.status(world.first) == world.opened


def test_a_later_change_of_the_ticket_wins_where_its_history_shows_it(world: World, issue: IssueRow) -> None:
    variable = f"{world.kind.upper()}_STATUS_MAP"
    world.set(**{variable: f"INIT={world.opened},RESOLVED={world.closed},PENDING={world.opened}"})
    world.sandbox.abc.set_status(issue.id, "PENDING")
    world.move(world.first, world.closed)
    context = world.context(levels=announced(world, issue, time.time() - 60))
    there = result(world.status_changed(issue, context))
    if world.kind == "blue":  # no history: ABC's change wins
        assert there["status"] == world.opened
        return
    assert there["status"] == world.closed
    assert result(world.moved(context))["abc_status"] == "RESOLVED"


def test_a_change_that_no_event_of_abc_has_announced_is_not_overwritten(world: World, issue: IssueRow) -> None:
    world.set(
        **{f"{world.kind.upper()}_STATUS_MAP": f"INIT={world.opened},RESOLVED={world.closed},PENDING={world.opened}"}
    )
    world.move(world.first, world.closed)
    world.sandbox.abc.set_status(issue.id, "PENDING")
    assert "changed to PENDING as well" in why(world.moved())
    assert status(world, issue) == "PENDING"


class Killed(BaseException):
    """No `except Exception` runs after it."""


class KilledLinks(MemoryLinks):
    """Those of a worker that is killed right before it records `value`."""

    def __init__(self, links: MemoryLinks, value: str) -> None:
        super().__init__(links.connector, links.values)
        self._value = value

    def set(self, entity: str, created: str = "", **values: str) -> None:
        if self._value in values:
            raise Killed
        super().set(entity, created, **values)


@pytest.mark.parametrize("value", ["id", "external", "carried"])
def test_a_new_ticket_that_is_moved_before_a_killed_worker_has_recorded_it_stays_moved(
    world: World, value: str
) -> None:
    issue = world.issue()
    levels = announced(world, issue, time.time() - 60)
    with pytest.raises(Killed):
        world.created(issue, MemoryContext(links=KilledLinks(world.links, value), levels=levels))
    world.move(world.first, world.closed)
    for _ in range(2):
        result(world.created(issue, world.context(levels=levels)))
        assert world.status(world.first) == world.closed
    result(world.moved(world.context(levels=levels)))
    assert (status(world, issue), world.made()) == ("RESOLVED", 1)


def test_a_new_ticket_gets_the_status_of_its_issue_after_a_killed_worker(world: World) -> None:
    issue = world.issue()
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    with pytest.raises(Killed):
        world.created(issue, MemoryContext(links=KilledLinks(world.links, "external")))
    result(world.created(issue))
    assert (world.status(world.first), status(world, issue)) == (world.closed, "RESOLVED")


def a_minute_passes(world: World, write: str) -> None:
    """Since the write that was noted as `write`: the note is put back by a minute."""
    for link in world.links.values.values():
        if write in link:
            *rest, seen = json.loads(link[write])
            link[write] = json.dumps([*rest, seen - 60])


def killed_after_the_write(world: World, deliver: Callable[[MemoryContext], Outcome], at: float) -> None:
    """An attempt that ends between a write to one side and its record; ABC has announced its status at `at`."""
    issue = next(iter(world.sandbox.abc.issues.values()))
    context = MemoryContext(links=KilledLinks(world.links, "base"), levels=announced(world, issue, at))
    with pytest.raises(Killed):
        deliver(context)


def test_what_a_person_undid_after_a_killed_worker_s_write_to_the_ticket_stays(world: World, issue: IssueRow) -> None:
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    killed_after_the_write(world, lambda context: world.status_changed(issue, context), time.time() - 60)
    assert world.status(world.first) == world.closed
    a_minute_passes(world, "moving")
    world.move(world.first, world.opened)
    levels = announced(world, issue, time.time() - 60)
    result(world.status_changed(issue, world.context(levels=levels)))
    if world.kind == "blue":  # no history: the write may not have happened
        assert world.status(world.first) == world.closed
        return
    assert world.status(world.first) == world.opened
    result(world.moved(world.context(levels=levels)))
    assert (status(world, issue), world.status(world.first)) == ("INIT", world.opened)


def test_what_a_person_undid_after_a_killed_worker_s_write_to_abc_stays(world: World, issue: IssueRow) -> None:
    world.move(world.first, world.closed)
    killed_after_the_write(world, world.moved, time.time() - 60)
    assert status(world, issue) == "RESOLVED"
    a_minute_passes(world, "setting")
    world.sandbox.abc.set_status(issue.id, "INIT")
    levels = announced(world, issue, time.time())
    assert "changed to INIT as well" in why(world.moved(world.context(levels=levels)))
    result(world.status_changed(issue, world.context(levels=levels)))
    assert (status(world, issue), world.status(world.first)) == ("INIT", world.opened)


@pytest.mark.parametrize("way", ["there", "back"])
def test_a_write_that_a_killed_worker_did_not_come_to_is_made(world: World, issue: IssueRow, way: str) -> None:
    """Also long after the note."""
    deliver: Callable[[MemoryContext], Outcome]
    if way == "there":
        world.sandbox.abc.set_status(issue.id, "RESOLVED")
        deliver = lambda context: world.status_changed(issue, context)  # noqa: E731
    else:
        world.move(world.first, world.closed)
        deliver = world.moved
    levels = announced(world, issue, time.time() - 60)
    lost = MemoryContext(links=world.links, levels=levels, lease_lost=True)
    with pytest.raises(LeaseLost):
        deliver(lost)
    result(deliver(world.context(levels=levels)))
    assert (status(world, issue), world.status(world.first)) == ("RESOLVED", world.closed)
    assert not any({"moving", "setting"} & link.keys() for link in world.links.values.values())


def test_after_a_wipe_the_marker_names_the_issue(world: World, issue: IssueRow) -> None:
    world.wipe()
    world.sandbox.abc.issues[issue.id].updatedAt = "2026-01-01T00:00:00.000Z"
    world.move(world.first, world.closed)
    if world.kind == "blue":
        assert "as well" in why(world.moved())
        return
    assert result(world.moved())["issue"] == issue.id
    assert status(world, issue) == "RESOLVED"


def test_after_a_wipe_abc_s_later_change_is_carried_although_its_event_is_lost(world: World, issue: IssueRow) -> None:
    """Nothing announces it any more. As long as the records reach back to it, its own event carries it."""
    variable = f"{world.kind.upper()}_STATUS_MAP"
    world.set(**{variable: f"INIT={world.opened},RESOLVED={world.closed},PENDING={world.opened}"})
    world.move(world.first, world.closed)
    world.sandbox.abc.set_status(issue.id, "PENDING")
    levels = announced(world, issue, time.time() + 60)
    world.wipe()
    assert "changed to PENDING as well" in why(world.moved(world.context(levels=levels)))
    assert world.status(world.first) == world.closed
    context = world.wiped()
    context.levels |= levels
    done = result(world.moved(context))
    assert (done["status"], done["moved_from_status"]) == (world.opened, world.closed)
    assert (status(world, issue), world.status(world.first)) == ("PENDING", world.opened)
    assert "already matches" in why(world.moved())


def test_a_ticket_that_people_put_into_abc_is_found_by_its_number_and_no_other_one(world: World) -> None:
    first = world.issue("first")
    result(world.created(first))
    number = world.number
    world.wipe()
    for row, other in ((first, f"{number}1"), (world.issue("second"), f"1{number}"), (world.issue("third"), number)):
        world.sandbox.abc.issues[row.id].externalIssueId = other
    container = world.variables[world.container]
    world.set(**{world.container: f"1={container.removeprefix('1=')}"})
    if world.kind == "blue":
        world.set(BLUE_LIST="1=Inbox")
    world.label, world.built = "", None
    strip_markers(world)
    result(world.status_changed(3))
    world.links.values = {key: value for key, value in world.links.values.items() if "ticket:" not in key[1]}
    world.move(world.first, world.closed)
    assert result(world.moved())["issue"] == 3
    assert [world.sandbox.abc.issue(id_).status for id_ in (1, 2, 3)] == ["INIT", "INIT", "RESOLVED"]


def strip_markers(world: World) -> None:
    """A person takes the marker out of the first ticket."""
    match world.kind:
        case "jira":
            next(iter(world.sandbox.jira.tickets.values())).fields["labels"] = []
        case "github":
            world.sandbox.github.repositories["acme/app"].issues[1].body = ""
        case "gitlab":
            world.sandbox.gitlab.at("acme/app").issues[1].description = ""
        case "blue":
            next(iter(world.sandbox.blue.records.values())).tags = []


def test_what_names_no_ticket_of_ours_is_skipped_and_asks_for_nothing(world: World, issue: IssueRow) -> None:
    seen = world.requests()
    for key in ("..", "../../x", "elsewhere/../1", "", "PROJ", "acme/app#1/../2", f"{world.first}?x=1"):
        outcome = world.moved(key=key or "-")
        assert isinstance(outcome, Skipped), (key, outcome)
    assert [request for request in seen() if ".." in request] == []
    assert status(world, issue) == "INIT"


def test_a_deleted_ticket_changes_nothing(world: World, issue: IssueRow) -> None:
    world.delete(world.first)
    assert "was deleted" in why(world.moved())
    assert status(world, issue) == "INIT"


def test_a_ticket_that_is_not_the_issue_s_any_more_changes_nothing(world: World, issue: IssueRow) -> None:
    world.sandbox.abc.issues[issue.id].externalIssueId = "cltodo0000000000000000099" if world.kind == "blue" else "99"
    world.move(world.first, world.closed)
    assert "is not the ticket of" in why(world.moved())
    assert status(world, issue) == "INIT"


def test_while_another_delivery_works_on_the_issue_it_waits(world: World, issue: IssueRow) -> None:
    world.move(world.first, world.closed)
    waiting = world.moved(world.context(busy={f"abc:issue:1:{issue.id}"}))
    assert isinstance(waiting, Retry)
    assert (waiting.reason, status(world, issue)) == ("not_yet", "INIT")


def test_a_save_in_abc_at_the_same_moment_is_decided_again(world: World, issue: IssueRow) -> None:
    world.move(world.first, world.closed)

    def person(_notes: dict[str, Any]) -> None:
        world.sandbox.abc.set_status(issue.id, "ON_REVIEW")

    outcome = world.moved(world.context(on_keep=person))
    assert isinstance(outcome, Retry)
    assert status(world, issue) == "ON_REVIEW"


def test_a_write_without_an_answer_is_looked_for_before_it_is_sent_again(world: World, issue: IssueRow) -> None:
    world.move(world.first, world.closed)
    world.sandbox.faults.add("drop_after", system="abc", method="PUT")
    assert isinstance(world.moved(), Retry)
    written = len(world.sandbox.abc.writes)
    assert "already matches" in why(world.moved())
    assert (status(world, issue), len(world.sandbox.abc.writes)) == ("RESOLVED", written)


def test_what_abc_would_not_save_names_what_a_person_must_change(world: World, issue: IssueRow) -> None:
    world.sandbox.abc.issues[issue.id].name = "N" * 31
    world.move(world.first, world.closed)
    outcome = world.moved()
    assert isinstance(outcome, Failed)
    assert "31 characters" in outcome.why
    assert status(world, issue) == "INIT"


def test_a_copied_marker_of_another_account_is_none(world: World, issue: IssueRow) -> None:
    world.wipe()
    world.sandbox.abc.issues[issue.id].externalIssueId = None
    match world.kind:
        case "jira":
            person = {"accountId": "somebody", "name": "somebody", "key": "somebody"}
            world.sandbox.jira.tickets[world.first].creator = person
        case "github":
            world.sandbox.github.repositories["acme/app"].issues[1].user = {"login": "mina", "id": 42, "type": "User"}
        case "gitlab":
            author = {"id": 42, "username": "mina", "name": "Mina"}
            world.sandbox.gitlab.at("acme/app").issues[1].author = author
        case "blue":
            next(iter(world.sandbox.blue.records.values())).by = {"id": "somebody", "fullName": "Somebody"}
    world.move(world.first, world.closed)
    assert "belongs to no known issue" in why(world.moved())
    assert status(world, issue) == "INIT"


def test_done_is_recorded_with_both_sides(world: World, issue: IssueRow) -> None:
    world.move(world.first, world.closed)
    outcome = world.moved()
    assert isinstance(outcome, Done)
    assert outcome.result == {
        "ticket": world.first,
        "issue": issue.id,
        "status": world.closed,
        "abc_status": "RESOLVED",
        "abc_status_before": "INIT",
    }


def found(world: World, since: float = 0.0) -> list[TicketEvent]:
    """What reconcile would make events of, each as it is read again from the ledger."""
    connector = world.connector()
    assert isinstance(connector, Changing)
    events = []
    for _, event, body, headers in connector.changed(since, MemoryLinks(values=world.links.values)).events:
        stored = {"source": event.source, "body": body.decode(), "headers": json.dumps(headers)}
        again = sources.restore(stored, "test")
        assert isinstance(again, TicketEvent)
        assert again == event
        events.append(again)
    return events


def test_a_change_that_no_webhook_announced_is_found_once(world: World, issue: IssueRow) -> None:
    assert found(world) == []
    ids: list[str] = []
    for change, abc_status in ((world.closed, "RESOLVED"), (world.opened, "INIT"), (world.closed, "RESOLVED")):
        world.move(world.first, change)
        [event] = found(world)
        assert found(world) == [event]  # as long as it is not carried
        assert event.moves
        assert event.implied
        done = world.connector().deliver(event, world.context(clock=time.time() + len(ids)))
        assert result(done)["abc_status"] == abc_status
        assert found(world) == []
        ids.append(event.id)
    assert len(set(ids)) == 3
    assert found(world, time.time() + 120) == []


def test_tickets_that_are_none_of_ours_are_not_found(world: World, issue: IssueRow) -> None:
    world.wipe()
    assert len(found(world)) == 1  # by its marker
    strip_markers(world)
    assert found(world) == []


def test_a_ticket_system_that_does_not_answer_is_an_error_of_reconcile(world: World, issue: IssueRow) -> None:
    world.sandbox.faults.add("status", system=world.kind, status=500, times=None)
    with pytest.raises(SourceError):
        found(world)


def test_without_the_variable_nothing_is_asked_for(world: World, issue: IssueRow) -> None:
    world.set(**{f"{world.kind.upper()}_STATUS_BACK": ""})
    seen = world.requests()
    assert found(world) == []
    assert seen() == []
