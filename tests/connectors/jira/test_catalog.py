"""`flask check` and new tickets find an issue type and a priority in the same way, in whatever language Jira uses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Done, Failed
from connectors.jira.catalog import find
from connectors.jira.shapes import Choice
from tests.connectors.jira.world import World

TASK = Choice("10001", ("작업", "Task"))
BUG = Choice("10002", ("버그", "Bug"))
NUMBER = Choice("7", ("10001",))


@pytest.fixture
def korean(world: World) -> World:
    """Jira Cloud for an account whose language is Korean: it shows 작업, and takes Task or the id."""
    world.sandbox.jira.rules.shown_issue_types = {"10001": "작업", "10002": "버그", "10003": "스토리"}
    return world


def wrong(world: World) -> list[str]:
    return [line.what for line in world.connector().check() if not line.ok]


@pytest.mark.parametrize("wanted", ["Task", "작업", "task", "10001"])
def test_a_type_is_found_by_each_of_its_names_and_its_id(korean: World, wanted: str) -> None:
    korean.set(JIRA_ISSUE_TYPE=wanted)
    assert wrong(korean) == []
    assert isinstance(korean.created(korean.issue()), Done)
    assert korean.ticket().fields["issuetype"] == {"id": "10001"}


def test_a_type_that_does_not_exist_fails_in_check_and_delivery_with_the_same_message(korean: World) -> None:
    korean.set(JIRA_ISSUE_TYPE="Epic")
    outcome = korean.created(korean.issue())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert wrong(korean) == [outcome.why]
    assert "it has 작업, 버그, 스토리" in outcome.why
    assert korean.tickets() == []


def test_a_project_in_which_the_account_may_create_nothing_is_named(world: World) -> None:
    world.sandbox.jira.rules.issue_types = {}
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "auth"
    assert "CREATE_ISSUES" in outcome.why
    assert wrong(world) == [outcome.why]


def test_jira_is_asked_once_and_again_after_a_refusal(world: World) -> None:
    world.created(world.issue("first"))
    seen = world.requests()
    world.created(world.issue("second"))
    assert not any("createmeta" in request for request in seen())
    world.sandbox.jira.rules.issue_types = {"10009": "Task"}
    issue = world.issue("third")
    assert isinstance(world.created(issue), Failed)
    assert isinstance(world.created(issue), Done)
    assert world.ticket("PROJ-3").fields["issuetype"] == {"id": "10009"}


@pytest.mark.parametrize("status", [400, 404])
def test_an_older_jira_without_that_question_gets_the_name(datacenter: World, status: int) -> None:
    datacenter.sandbox.faults.add("status", system="jira", path="createmeta", status=status)
    assert isinstance(datacenter.created(datacenter.issue()), Done)
    assert datacenter.ticket().fields["issuetype"] == {"name": "Task"}


def test_types_are_found_on_later_pages(either: World) -> None:
    either.sandbox.jira.rules.issue_types = {str(number): f"Type {number}" for number in range(20_000, 20_250)}
    either.set(JIRA_ISSUE_TYPE="Type 20249")
    assert isinstance(either.created(either.issue()), Done)
    assert either.ticket().fields["issuetype"] == {"id": "20249"}


def test_a_priority_is_sent_by_id(korean: World) -> None:
    korean.sandbox.jira.rules.priorities = {"2": "높음", "3": "보통"}
    korean.set(JIRA_PRIORITY="높음")
    assert isinstance(korean.created(korean.issue()), Done)
    assert korean.ticket().fields["priority"] == {"id": "2"}


def test_a_priority_that_jira_does_not_show_may_have_another_name_there(korean: World) -> None:
    """Jira has no untranslated names of priorities: check notes it, and the name is sent as it is."""
    korean.sandbox.jira.rules.priorities = {"2": "높음"}
    korean.set(JIRA_PRIORITY="High")
    (line,) = [line for line in korean.connector().check() if "JIRA_PRIORITY" in line.what]
    assert (line.ok, line.is_note) == (True, True)
    assert "높음" in line.what
    outcome = korean.created(korean.issue())
    assert isinstance(outcome, Failed)
    assert "JIRA_PRIORITY" in outcome.why


def test_jira_fields_may_set_the_priority(world: World) -> None:
    world.set(JIRA_PRIORITY="High", JIRA_FIELDS='{"priority": {"name": "Low"}}')
    assert isinstance(world.created(world.issue()), Done)
    assert world.ticket().fields["priority"] == {"name": "Low"}


def test_an_id_comes_before_a_name_and_a_name_before_other_capitals() -> None:
    assert find([NUMBER, TASK], "10001") == TASK
    lower, upper = Choice("1", ("bug",)), Choice("2", ("Bug",))
    assert find([lower, upper], "Bug") == upper
    assert find([lower, upper], "BUG") == lower
    assert find([TASK, BUG], "Epic") is None


@given(st.text(max_size=20))
def test_what_is_found_has_that_name_or_id(wanted: str) -> None:
    found = find([TASK, BUG, NUMBER], wanted)
    assert found is None or wanted == found.id or wanted.casefold() in [name.casefold() for name in found.names]
