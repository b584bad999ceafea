"""What every ticket system promises, tried with each: one ticket, one comment, the issue's status, nobody else's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.http import READ_SECONDS
from connectors.base import Done, Failed, Outcome, Retry, Skipped
from sources.abc.models import Issue
from sources.base import Event, Subject
from tests.connectors.context import MemoryLinks
from tests.connectors.contract import all_cases, cases_of
from tests.connectors.tickets.world import World
from tools.sandbox.faults import Kind
from tools.sandbox.server import running

TICKET_SYSTEMS = [(kind, name) for kind, name in all_cases() if cases_of(kind)[name].world]


@pytest.fixture(params=TICKET_SYSTEMS, ids="-".join)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    kind, name = request.param
    case = cases_of(kind)[name]
    assert case.world
    with running(**case.options) as sandbox:
        yield case.world(sandbox, case.variables(sandbox.url))


def result(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    return dict(outcome.result)


def test_an_issue_gets_one_ticket_however_often_its_events_come(world: World) -> None:
    issue, feedback = world.issue(), world.feedback()
    for _ in range(3):
        world.created(issue)
        world.status_changed(issue)
        world.added(feedback, issue)
    assert world.tickets() == [world.first]
    assert world.sandbox.abc.issue(issue.id).externalIssueId == world.number
    assert len(world.bodies(world.first)) == 1


@pytest.mark.parametrize("event", ["created", "status_changed", "added"])
def test_whichever_event_comes_first_makes_the_ticket_and_is_recorded_as_done(world: World, event: str) -> None:
    world.set(**{f"{world.kind.upper()}_STATUS_MAP": ""})
    issue, feedback = world.issue(), world.feedback()
    about = [feedback, issue] if event == "added" else [issue]
    made = result(getattr(world, event)(*about))
    assert (made["ticket"], made["created"]) == (world.first, True)


def test_after_a_wiped_redis_the_number_in_abc_names_the_ticket(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    world.wipe()
    assert isinstance(world.created(issue), Skipped)
    assert result(world.status_changed(issue))["ticket"] == world.first
    assert world.made() == 1


LONG_TEXT = "\N{RIGHT-TO-LEFT OVERRIDE}" + "X" * 70_000


def test_a_long_external_id_is_cut_and_inert_in_the_record(world: World) -> None:
    issue = world.issue()
    world.sandbox.abc.issue(issue.id).externalIssueId = LONG_TEXT
    for outcome in (world.created(issue), world.status_changed(issue)):
        assert "202e" not in repr(outcome)
        assert len(repr(outcome)) < 500


def test_a_long_status_is_cut_and_inert_in_the_record(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.abc.issue(issue.id).status = LONG_TEXT
    outcome = repr(world.status_changed(issue))
    assert "202e" not in outcome
    assert len(outcome) < 500


def test_after_a_wiped_redis_the_ticket_is_found_by_its_marker(world: World) -> None:
    issue = world.issue()
    world.sandbox.faults.add("status", system="abc", method="PUT", status=500)
    assert isinstance(world.created(issue), Retry)
    world.wipe()
    assert result(world.created(issue)) == {
        "ticket": world.first,
        "created": False,
        "external_id": world.number,
        "status": world.opened,
    }
    assert world.made() == 1


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_create_without_an_answer_is_looked_for_before_it_is_sent_again(world: World, kind: Kind) -> None:
    issue, context = world.issue(), world.context()
    world.sandbox.faults.add(kind, system=world.kind, method="POST", path=world.create)
    outcome = world.created(issue, context)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "ambiguous"
    if kind == "drop_before":
        waiting = world.created(issue, context.next_attempt(later=10))
        assert isinstance(waiting, Retry)
        assert waiting.reason == "not_yet"
    assert result(world.created(issue, context.next_attempt(later=130)))["ticket"] == world.first
    assert world.made() == 1


def test_while_the_search_may_lag_no_second_ticket_is_made(world: World) -> None:
    issue, context = world.issue(), world.context()
    world.sandbox.faults.add("drop_after", system=world.kind, method="POST", path=world.create)
    world.hide_new(3600)
    world.created(issue, context)
    outcome = world.created(issue, context.next_attempt(later=20))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "not_yet"
    assert world.made() == 1


def test_a_create_that_was_refused_is_sent_again_without_a_wait(world: World) -> None:
    issue, context = world.issue(), world.context()
    world.sandbox.faults.add("status", system=world.kind, method="POST", path=world.create, status=429)
    outcome = world.created(issue, context)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "rate_limited"
    assert result(world.created(issue, context.next_attempt()))["created"] is True


def test_after_a_wipe_a_create_from_before_it_is_waited_for(world: World) -> None:
    issue = world.issue()
    context = world.wiped()
    outcome = world.created(issue, context)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "not_yet"
    assert result(world.created(issue, context.next_attempt(later=130)))["created"] is True


def test_the_issue_s_status_is_carried_and_what_a_person_did_to_the_ticket_stays(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    assert result(world.status_changed(issue))["status"] == world.closed
    assert world.status(world.first) == world.closed
    world.sandbox.abc.set_status(issue.id, "INIT")
    assert result(world.status_changed(issue))["moved_from_status"] == world.closed
    assert world.status(world.first) == world.opened


def test_a_comment_without_an_answer_is_looked_for_before_it_is_sent_again(world: World) -> None:
    issue, feedback, context = world.issue(), world.feedback(), world.context()
    world.created(issue)
    world.sandbox.faults.add("drop_after", system=world.kind, method="POST", path=world.comment)
    assert isinstance(world.added(feedback, issue, context), Retry)
    assert result(world.added(feedback, issue, context.next_attempt()))["comment"] == "already exists"
    world.sandbox.faults.add("drop_before", system=world.kind, method="POST", path=world.comment)
    other, context = world.feedback(message="It is slow"), world.context(delivery_id="other.test")
    assert isinstance(world.added(other, issue, context), Retry)
    waiting = world.added(other, issue, context.next_attempt(later=READ_SECONDS))
    assert isinstance(waiting, Retry)
    assert waiting.reason == "not_yet"
    assert result(world.added(other, issue, context.next_attempt(later=READ_SECONDS + 16)))["comment"] == "added"
    assert len(world.bodies(world.first)) == 2


def test_the_names_of_a_ticket_lead_to_its_issue(world: World) -> None:
    """For what people do to the ticket: a comment of theirs, a change of its status."""
    issue = world.issue()
    for after in (None, world.wipe):
        if after:
            after()
            world.sandbox.abc.issues[issue.id].externalIssueId = None
        world.created(issue, world.context(clock=time.time() + 300) if after else None)
        found = MemoryLinks(values=world.links.values).get(f"ticket:{world.first}")
        assert (found["project"], found["issue"]) == ("1", str(issue.id))
        assert found["creation"] == Issue(id=issue.id, createdAt=issue.createdAt).creation


def test_a_deleted_ticket_is_not_made_again(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    world.delete(world.first)
    outcome = world.status_changed(issue, world.context(delivery_id="later.test"))
    assert isinstance(outcome, Skipped)
    assert "was deleted; no second ticket is made" in outcome.why
    assert world.made() == 1


def test_without_the_permission_to_write_the_outcome_names_it(world: World) -> None:
    world.read_only()
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "auth"
    assert "permission" in outcome.why


def test_a_number_that_names_no_ticket_of_ours_is_left_alone(world: World) -> None:
    issue = world.issue()
    world.sandbox.abc.issues[issue.id].externalIssueId = "see my mail"
    outcome = world.status_changed(issue)
    assert isinstance(outcome, Skipped)
    assert "names no" in outcome.why
    assert world.tickets() == []


def test_a_project_that_another_ticket_system_names_is_left_to_it(world: World) -> None:
    world.elsewhere = {"1": "other"}
    variable = world.container
    world.set(**{variable: f"*={world.variables[variable]}"})
    outcome = world.created(world.issue())
    assert outcome == Skipped("the tickets of ABC project 1 are in other")
    world.set(**{variable: f"1={world.variables[variable].removeprefix('*=')}"})
    assert result(world.created(world.issue("second")))["created"] is True


def test_events_of_other_sources_are_skipped(world: World) -> None:
    event = Event("logto", "e", "ISSUE_CREATION", Subject("logto", "user", "", "u1"), 0.0, {})
    assert isinstance(world.connector().deliver(event, world.context()), Skipped)


def test_messages_name_the_variable_with_the_label_of_the_instance(world: World) -> None:
    world.label = "eu"
    variable = world.container
    world.set(**{f"{variable}__EU": f"7={world.variables[variable]}"})
    outcome = world.created(world.issue())
    assert isinstance(outcome, Skipped)
    assert f"{variable}__EU names no" in outcome.why


def test_the_marker_contains_the_label_of_the_instance(world: World) -> None:
    """Two instances for one container never take each other's tickets for their own."""
    issue = world.issue()
    world.created(issue)
    world.wipe()
    world.sandbox.abc.issues[issue.id].externalIssueId = None
    world.label, world.built = "eu", None
    assert result(world.created(issue))["created"] is True
    assert world.made() == 2


def test_a_description_has_the_markup_of_the_system_and_nothing_of_the_user_s(world: World) -> None:
    issue = world.issue(description="*x* [a](b) {code} <b>y</b>")
    world.created(issue)
    text = world.description(world.first)
    assert "*x* [a](b) {code} <b>y</b>" not in text
    assert "Demo project" in text


def test_an_issue_of_the_time_before_the_bridge_gets_its_ticket_with_its_status(world: World) -> None:
    issue = world.issue(status="RESOLVED")
    assert world.connector().destination is not None
    made = result(world.deliver("ISSUE_STATUS_CHANGE", Issue(id=issue.id), world.context(clock=time.time() + 86_400)))
    assert made["created"] is True
    assert world.status(world.first) == world.closed


def test_a_comment_has_the_operator_s_text_and_still_appears_once(world: World) -> None:
    world.set(**{f"{world.kind.upper()}_COMMENT_TEMPLATE": "{{ issue.name }}:{{ feedback.message }}{{ feedback.no }}"})
    issue, feedback = world.issue("Login"), world.feedback(message="<b>x</b> {code}")
    for expected in ("added", "already exists"):
        assert result(world.added(feedback, issue))["comment"] == expected
    (body,) = world.bodies(world.first)
    assert "Login:" in body
    assert "Feedback" not in body.replace(world.feedback_marker(feedback), "")
    assert "<b>x</b> {code}" not in body
