"""A feedback added to an issue appears at its ticket once, with its texts and nothing that identifies people."""

from __future__ import annotations

import time
from typing import Any

import pytest

from connectors.base import Done, Outcome, Retry, Skipped
from connectors.patience import SETTLE_SECONDS
from sources.abc.models import Feedback
from tests.connectors.jira.world import World
from tools.sandbox.jira_rules import Transition


def result(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    return dict(outcome.result)


def test_the_feedback_s_texts_are_the_comment(either: World) -> None:
    issue = either.issue()
    either.created(issue)
    feedback = either.feedback(message="It {crashes}", userEmail="person@example.com", rating=1, tags=["bug"])
    assert result(either.added(feedback, issue))["comment"] == "added"
    marker = either.feedback_marker(feedback)
    assert either.bodies() == [f"Feedback 1 (App reviews)\n{{quote}}\nIt \\{{crashes\\}}\n{{quote}}\n{marker}"]


@pytest.mark.parametrize("public", [False, True])
def test_customers_of_jira_service_management_see_no_comment_unless_that_is_wanted(either: World, public: bool) -> None:
    """A feedback's text is not for whoever opened the ticket."""
    if public:
        either.set(JIRA_PUBLIC_COMMENTS="true")
    issue = either.issue()
    either.added(either.feedback(), issue)
    (comment,) = either.ticket().comments
    hidden = [{"key": "sd.public.comment", "value": {"internal": True}}]
    assert comment["properties"] == ([] if public else hidden)


def test_the_comment_about_a_missing_way_is_hidden_from_customers_too(world: World) -> None:
    world.sandbox.jira.rules.transitions = []
    world.set(JIRA_STATUS_MAP="RESOLVED=Done")
    world.created(world.issue(status="RESOLVED"))
    (comment,) = world.ticket().comments
    assert comment["properties"] == [{"key": "sd.public.comment", "value": {"internal": True}}]


def test_repeats_a_replay_and_a_wiped_ledger_add_no_second_one(either: World) -> None:
    issue = either.issue()
    feedback = either.feedback()
    for _ in range(4):
        either.added(feedback, issue)
    either.wipe()
    assert result(either.added(feedback, issue))["comment"] == "already exists"
    assert len(either.bodies()) == 1


def test_each_feedback_has_its_own(world: World) -> None:
    issue = world.issue()
    for _ in range(3):
        result(world.added(world.feedback(), issue))
    assert len(world.bodies()) == 3


def test_the_comment_is_found_among_hundreds(world: World) -> None:
    issue = world.issue()
    feedback = world.feedback()
    world.added(feedback, issue)
    for number in range(250):
        world.sandbox.jira.comment(world.ticket(), f"talk {number}")
    assert result(world.added(feedback, issue))["comment"] == "already exists"


def test_a_lost_answer_is_looked_for(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    feedback = world.feedback()
    world.sandbox.faults.add("drop_after", system="jira", method="POST", path="comment")
    context = world.context()
    outcome = world.added(feedback, issue, context)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "ambiguous"
    assert result(world.added(feedback, issue, context.next_attempt()))["comment"] == "already exists"
    assert len(world.bodies()) == 1


def test_a_comment_whose_text_cannot_be_read_is_no_reason_to_comment_again(world: World) -> None:
    """Our own may be behind an answer of another shape, such as that of a newer API."""
    issue, feedback = world.issue(), world.feedback()
    world.added(feedback, issue)
    body = {"comments": [{"body": {"type": "doc", "content": []}, "created": "2026-11-01T00:00:00.000+0000"}]}
    world.sandbox.faults.add("status", system="jira", method="GET", path="comment", status=200, body=body)
    outcome = world.added(feedback, issue, world.context(delivery_id="another"))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "network"
    assert result(world.added(feedback, issue))["comment"] == "already exists"
    assert len(world.bodies()) == 1


def test_a_request_that_may_still_be_on_its_way_is_given_time(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    feedback = world.feedback()
    world.sandbox.faults.add("drop_before", system="jira", method="POST", path="comment")
    context = world.context()
    world.added(feedback, issue, context)
    outcome = world.added(feedback, issue, context.next_attempt(later=25))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "not_yet"
    assert outcome.after is not None
    context = context.next_attempt(later=SETTLE_SECONDS)
    assert result(world.added(feedback, issue, context))["comment"] == "added"


def test_a_comment_that_was_sent_before_redis_was_wiped_is_given_time(either: World) -> None:
    """The note of it was deleted with everything else."""
    issue, feedback = either.issue(), either.feedback()
    either.created(issue)
    context = either.wiped()
    outcome = either.added(feedback, issue, context.next_attempt(later=29))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "not_yet"
    assert either.bodies() == []
    assert result(either.added(feedback, issue, context.next_attempt(later=31)))["comment"] == "added"


def test_feedback_that_was_written_after_the_wipe_is_added_at_once(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    context = world.context(born=time.time() - 1)
    assert result(world.added(world.feedback(), issue, context))["comment"] == "added"


def test_the_wait_goes_by_the_clock_that_all_workers_share(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    feedback = world.feedback()
    world.sandbox.faults.add("drop_before", system="jira", method="POST", path="comment")
    far_behind = world.context(age=100_000, clock=1_000.0)
    world.added(feedback, issue, far_behind)
    assert isinstance(world.added(feedback, issue, far_behind.next_attempt(later=10)), Retry)
    again = far_behind.next_attempt(age=0.1, later=SETTLE_SECONDS)
    assert result(world.added(feedback, issue, again))["comment"] == "added"


def test_a_second_comment_of_one_delivery_does_not_wait_for_the_first(world: World) -> None:
    """Where the workflow has no way, the delivery first explains that at the ticket, and then adds the feedback."""
    world.sandbox.jira.rules.transitions = [Transition("31", "In Review", "4")]
    world.set(JIRA_STATUS_MAP="RESOLVED=Done")
    issue = world.issue(status="RESOLVED")
    announced = result(world.added(world.feedback(), issue))
    assert "warning" in announced
    assert announced["comment"] == "added"
    assert len(world.bodies()) == 2


def test_a_refused_comment_is_sent_again_without_waiting(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    feedback = world.feedback()
    world.sandbox.faults.add("status", system="jira", method="POST", path="comment", status=429)
    context = world.context()
    assert isinstance(world.added(feedback, issue, context), Retry)
    assert result(world.added(feedback, issue, context.next_attempt()))["comment"] == "added"


def test_a_feedback_s_text_can_t_pass_for_another_one_s_comment(world: World) -> None:
    issue = world.issue()
    second = world.feedback()
    first = world.feedback(message=f"x\n{world.feedback_marker(second)}")
    world.added(first, issue)
    assert result(world.added(second, issue))["comment"] == "added"


def test_a_deleted_feedback_does_not_appear(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    feedback = world.feedback()
    world.sandbox.abc.delete_feedback(feedback)
    outcome = world.added(feedback, issue, world.context(age=3600, delivery_id="another"))
    assert isinstance(outcome, Skipped), "people delete feedback every day: nobody has to act on that"
    assert world.bodies() == []


def test_an_event_of_an_earlier_feedback_with_the_same_id_adds_nothing(world: World) -> None:
    issue, feedback = world.issue(), world.feedback()
    world.created(issue)
    earlier = Feedback(id=feedback, createdAt="2020-01-01T00:00:00.000Z")
    outcome = world.deliver("ISSUE_ADDITION", issue, world.context(delivery_id="another"), feedback=earlier)
    assert isinstance(outcome, Skipped)
    assert "belongs to a later one" in outcome.why
    assert world.bodies() == []


def test_an_issue_of_another_project_gets_no_comment(world: World) -> None:
    other = world.sandbox.abc.create_project("Other", "OTHERKEYOTHERKEY0002")
    foreign = world.sandbox.abc.create_issue(other.id, {"name": "theirs", "externalIssueId": "1"})
    world.created(world.issue())
    assert isinstance(world.added(world.feedback(), foreign.id), Skipped)
    assert world.bodies() == []


def test_the_comment_speaks_the_operator_s_language(world: World) -> None:
    world.language = "ja"
    issue = world.issue()
    world.added(world.feedback(), issue)
    assert world.bodies()[0].startswith("フィードバック 1（App reviews）")


def test_other_events_are_not_jira_s(world: World) -> None:
    outcome = world.deliver("FEEDBACK_CREATION", 1)
    assert isinstance(outcome, Skipped)
    assert "JIRA_EVENTS" in outcome.why
