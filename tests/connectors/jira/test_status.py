"""The ticket shows the status that the issue has now, through the workflow that the project has."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Done, Failed, Outcome, Retry, Skipped
from tests.connectors.jira.world import STATUS_MAP, World
from tools.sandbox.jira_rules import Transition


def result(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    return dict(outcome.result)


def test_the_current_status_is_carried_whatever_the_event_names(either: World) -> None:
    either.set(JIRA_STATUS_MAP=STATUS_MAP)
    issue = either.issue()
    either.created(issue)
    either.sandbox.abc.set_status(issue.id, "IN_PROGRESS")
    either.sandbox.abc.set_status(issue.id, "RESOLVED")
    assert result(either.status_changed(issue))["status"] == "Done"
    assert either.ticket().status == "5"
    announced = result(either.status_changed(issue))
    assert "moved_from_status" not in announced
    assert either.ticket().status == "5"


def test_a_ticket_that_has_the_status_already_is_not_written_to(world: World) -> None:
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    issue = world.issue()
    world.created(issue)
    seen = world.requests()
    assert result(world.status_changed(issue))["status"] == "To Do"
    assert all(request.startswith("GET") for request in seen())


def test_the_change_makes_the_ticket_where_the_creation_was_lost(world: World) -> None:
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    issue = world.issue(status="IN_PROGRESS")
    announced = result(world.status_changed(issue))
    assert (announced["created"], announced["status"]) == (True, "In Progress")


def test_a_new_ticket_shows_the_issue_s_status(world: World) -> None:
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    assert result(world.created(world.issue(status="IN_PROGRESS")))["status"] == "In Progress"


def test_a_ticket_that_a_person_moved_stays_when_nothing_changed_in_abc(world: World) -> None:
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    issue = world.issue()
    world.created(issue)
    world.ticket().status = "4"
    world.created(issue)
    world.added(world.feedback(), issue)
    assert world.ticket().status == "4"


def test_without_a_map_statuses_are_not_carried(world: World) -> None:
    issue = world.issue(status="RESOLVED")
    world.created(issue)
    outcome = world.status_changed(issue, world.context(delivery_id="another"))
    assert isinstance(outcome, Skipped)
    assert "JIRA_STATUS_MAP is empty" in outcome.why
    assert world.ticket().status == "1"


def test_a_status_that_the_map_does_not_name_is_skipped(world: World) -> None:
    world.set(JIRA_STATUS_MAP="RESOLVED=Done")
    issue = world.issue(status="PENDING")
    world.created(issue)
    outcome = world.status_changed(issue, world.context(delivery_id="another"))
    assert isinstance(outcome, Skipped)
    assert "PENDING" in outcome.why


@pytest.mark.parametrize("mapped", ["", "RESOLVED=Done"])
@pytest.mark.parametrize("lost", [False, True])
def test_an_event_that_made_the_ticket_is_done_though_no_status_is_carried(
    world: World, mapped: str, lost: bool
) -> None:
    """The change was announced first. `lost`: the first attempt made the ticket, the second one finds it."""
    world.set(JIRA_STATUS_MAP=mapped)
    issue = world.issue(status="PENDING")
    context = world.context()
    if lost:
        world.sandbox.faults.add("drop_after", system="jira", method="POST", path="/issue$")
        assert isinstance(world.status_changed(issue, context), Retry)
        context = context.next_attempt()
    announced = result(world.status_changed(issue, context))
    assert (announced["ticket"], announced["external_id"]) == ("PROJ-1", "1")
    assert "JIRA_STATUS_MAP" in announced["note"]
    later = world.status_changed(issue, world.context(delivery_id="a-later-event.jira"))
    assert isinstance(later, Skipped)
    replayed = world.status_changed(issue, world.context(notes={"done": {}}))
    assert isinstance(replayed, Skipped), "a replay did not make it"


def test_a_status_is_named_by_id_too(world: World) -> None:
    world.set(JIRA_STATUS_MAP="RESOLVED=5")
    assert result(world.status_changed(world.issue(status="RESOLVED")))["status"] == "Done"


def test_a_category_is_enough_where_jira_speaks_another_language(world: World) -> None:
    rules = world.sandbox.jira.rules
    rules.statuses |= {"1": ("할 일", "new"), "3": ("진행 중", "indeterminate"), "5": ("완료", "done")}
    rules.transitions = [Transition("1", "시작", "3"), Transition("2", "끝", "5")]
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    issue = world.issue(status="IN_PROGRESS")
    assert result(world.status_changed(issue))["status"] == "진행 중"
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    assert result(world.status_changed(issue))["status"] == "완료"
    assert result(world.status_changed(issue))["status"] == "완료"


def test_a_resolution_that_the_way_needs_is_set(world: World) -> None:
    world.sandbox.jira.rules.transitions = [Transition("41", "Close", "5", resolution=True)]
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    result(world.status_changed(world.issue(status="RESOLVED")))
    assert (world.ticket().status, world.ticket().resolution) == ("5", "Done")


def test_where_the_workflow_has_no_way_one_comment_explains_it(world: World) -> None:
    world.sandbox.jira.rules.transitions = [Transition("31", "In Review", "4")]
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    issue = world.issue(status="RESOLVED")
    for _ in range(3):
        announced = result(world.status_changed(issue))
        assert "no transition from 'To Do' to 'Done'" in announced["warning"]
    world.wipe()
    assert "warning" in result(world.status_changed(issue))
    (comment,) = world.bodies()
    assert "is now Resolved," in comment
    assert '"Done"' in comment


def test_a_transition_that_jira_refuses_is_final(world: World) -> None:
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    issue = world.issue()
    world.created(issue)
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    body = {"errorMessages": ["A validator says no."], "errors": {}}
    world.sandbox.faults.add("status", system="jira", method="POST", path="transitions", status=400, body=body)
    outcome = world.status_changed(issue)
    assert isinstance(outcome, Failed)
    assert "Jira answered 400" in outcome.why
    assert "says no" not in outcome.why, "a validator may quote the ticket, and so people's text"


def test_a_lost_answer_to_a_transition_does_no_harm(world: World) -> None:
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    issue = world.issue()
    world.created(issue)
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    world.sandbox.faults.add("drop_after", system="jira", method="POST", path="transitions")
    assert not isinstance(world.status_changed(issue), Done)
    assert "moved_from_status" not in result(world.status_changed(issue))
    assert world.ticket().status == "5"


def test_the_ticket_that_a_person_named_is_the_one_that_moves(world: World) -> None:
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    world.sandbox.jira.create({"fields": {"project": {"key": "PROJ"}, "issuetype": {"name": "Bug"}, "summary": "x"}})
    issue = world.issue(externalIssueId="1", status="RESOLVED")
    assert result(world.status_changed(issue)) == {
        "ticket": "PROJ-1",
        "created": False,
        "status": "Done",
        "moved_from_status": "To Do",
    }
    assert world.tickets() == ["PROJ-1"]


def test_a_person_s_ticket_that_does_not_exist_is_reported(world: World) -> None:
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    outcome = world.status_changed(world.issue(externalIssueId="99", status="RESOLVED"))
    assert isinstance(outcome, Failed)
    assert "PROJ-99" in outcome.why
    outcome = world.status_changed(world.issue("b", externalIssueId="see mail", status="RESOLVED"))
    assert isinstance(outcome, Skipped)
    assert "see mail" in outcome.why


def test_the_resolution_is_the_operator_s_where_one_is_given(world: World) -> None:
    world.sandbox.jira.rules.transitions = [Transition("41", "Close", "5", resolution=True)]
    world.set(JIRA_STATUS_MAP=STATUS_MAP, JIRA_FIELDS='{"resolution": {"name": "Fixed"}}')
    announced = result(world.status_changed(world.issue(status="RESOLVED")))
    assert (announced["created"], announced["status"]) == (True, "Done")
    assert world.ticket().resolution == "Fixed"


def test_a_ticket_that_a_person_moves_at_the_same_moment_is_looked_at_again(world: World) -> None:
    """The way that was open a moment before is refused then: no reason to give up."""
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    issue = world.issue()
    world.created(issue)
    world.sandbox.abc.set_status(issue.id, "IN_PROGRESS")
    context, jira, ticket = world.context(delivery_id="late"), world.sandbox.jira, world.ticket()
    keep = context.keep

    def faster(**notes: Any) -> None:
        way = next((way for way in jira.transitions(ticket) if way.target == "3"), None)
        if way is not None:
            jira.move_status(ticket, way.id, {})
        keep(**notes)

    context.keep = faster  # type: ignore[method-assign]
    outcome = world.status_changed(issue, context)
    assert outcome == Retry("the ticket was moved meanwhile", "not_yet", 1)
    assert result(world.status_changed(issue, world.context(delivery_id="late")))["status"] == "In Progress"
