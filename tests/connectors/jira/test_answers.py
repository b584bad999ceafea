"""Jira's answers are read in the shapes that we count on; anything else is an error, and never a ticket called None."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from bridge.http import Answer, NoAnswer
from bridge.settings import load
from connectors.base import Done, Failed, Outcome, Retry, Skipped
from connectors.jira import shapes
from connectors.jira.errors import JiraRefusal, refusal_of
from connectors.jira.port import JiraPort
from connectors.jira.settings import Settings
from tests.connectors.jira.test_pure import SETTINGS
from tests.connectors.jira.world import STATUS_MAP, World

STATUS = {"id": "1", "name": "To Do", "statusCategory": {"key": "new"}}
TICKET = {"id": "10001", "key": "PROJ-1", "fields": {"status": STATUS, "labels": []}}
DEEP = "[" * 100_000
ODD: list[Any] = [None, [], {}, "x", 5, True, {"issues": None}, {"issues": [None]}, {"issues": {}}, {"x": [[]]}, DEEP]


def result(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    return dict(outcome.result)


def answered(world: World, body: Any, **where: Any) -> None:
    text = body if body is DEEP else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    world.sandbox.faults.add("status", system="jira", status=200, body=text, headers=headers, **where)


CALLS: dict[str, Callable[[JiraPort], Any]] = {
    "ticket": lambda port: port.ticket("PROJ-1"),
    "find": lambda port: list(port.search("PROJ", ["m"])),
    "comments": lambda port: list(port.comments("PROJ-1")),
    "transitions": lambda port: port.transitions("PROJ-1"),
    "issue_types": lambda port: port.issue_types("PROJ"),
    "create_fields": lambda port: port.create_fields("PROJ", "1"),
    "statuses": lambda port: port.statuses("PROJ"),
    "permissions": lambda port: port.permissions("PROJ"),
    "myself": lambda port: port.myself(),
    "create": lambda port: port.create_ticket({"project": {"key": "PROJ"}, "issuetype": {"id": "1"}, "summary": "x"}),
}


@pytest.mark.parametrize("call", CALLS)
def test_every_call_takes_any_answer(world: World, call: str) -> None:
    """NoAnswer is the only error, and what can't be read is nothing."""
    port = JiraPort(load(Settings, {**world.variables, "JIRA_TYPE": "cloud"}), pool=4)
    for body in [*ODD, {"id": "1", "key": None}, {"fields": None, "total": "x", "permissions": None}]:
        answered(world, body)
        try:
            found = CALLS[call](port)
        except NoAnswer:
            continue
        assert found in ([], set()), f"{call} made {found!r} of {body!r}"


KEYS: list[Any] = [None, "", "None", "proj-1", "PROJ-0", "PROJ", "PROJ-1/../2", "PROJ-1\n", 7, ["PROJ-1"], {"a": 1}]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_create_that_names_no_key_is_ambiguous_and_looked_for(world: World, key: Any) -> None:
    issue = world.issue()
    answered(world, {"id": "10001", "key": key}, method="POST", path="/issue$")
    outcome = world.created(issue)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "ambiguous"
    link = world.links.get("abc:issue:1:1")
    assert "key" not in link
    assert "intent" in link


def test_a_moved_ticket_without_a_key_changes_no_record(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    answered(world, {**TICKET, "key": None}, method="GET", path="issue/10001$")
    assert isinstance(world.created(issue), Retry)
    assert world.links.get("abc:issue:1:1")["key"] == "PROJ-1"


def test_one_odd_item_does_not_lose_the_others(world: World) -> None:
    port = JiraPort(load(Settings, {**world.variables, "JIRA_TYPE": "cloud"}), pool=4)
    answered(world, {"transitions": [None, {"id": "x", "to": STATUS}, {"id": "1"}, {"id": 7, "to": STATUS}]})
    assert [way.id for way in port.transitions("PROJ-1")] == ["7"]
    answered(world, {"issueTypes": [{"id": "1"}, {"name": "x"}, None, {"id": "2", "name": "Bug"}], "total": 4})
    assert [choice.id for choice in port.issue_types("PROJ")] == ["1", "2"]


@pytest.mark.parametrize("odd", [None, 5, {"body": None}, {"body": {"type": "doc"}}, {"author": None}], ids=str)
def test_a_comment_that_can_t_be_read_is_not_passed_over(world: World, odd: Any) -> None:
    """It may be ours: without it a second one would be written."""
    port = JiraPort(load(Settings, {**world.variables, "JIRA_TYPE": "cloud"}), pool=4)
    answered(world, {"comments": [{"body": "x", "author": "y"}, odd]})
    with pytest.raises(NoAnswer):
        list(port.comments("PROJ-1"))


def test_a_hit_that_can_t_be_read_is_not_passed_over(world: World) -> None:
    """It may be the ticket: without it a second one would be made."""
    issue = world.issue()
    answered(world, {"issues": [TICKET, {"id": "10002", "key": None, "fields": {}}]}, path="search")
    assert isinstance(world.created(issue), Retry)
    assert world.tickets() == []


def test_a_search_that_repeats_a_page_for_ever_ends(world: World) -> None:
    page = {"issues": [TICKET] * 100, "nextPageToken": "again", "isLast": False}
    world.sandbox.faults.add("status", system="jira", path="search", status=200, body=page, times=None)
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert len([fired for fired in world.sandbox.faults.fired if fired["kind"] == "status"]) == 10


def test_a_transition_with_odd_values_is_no_crash(world: World) -> None:
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    issue = world.issue(status="RESOLVED")
    screen = {"resolution": {"required": True, "allowedValues": [{"name": "no id"}, None]}, "x": None}
    way = {"id": "41", "to": {"id": "5", "name": "Done", "statusCategory": None}, "fields": screen}
    answered(world, {"transitions": [way]}, path="transitions")
    assert "needs resolution" in result(world.created(issue))["warning"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "key", "name", "fields", "status", "to", "author", "body", "statusCategory", "labels"]
                ),
                x,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused(raw: Any) -> None:
    """With the four errors that the port knows, and no others."""
    for read in (shapes.created, shapes.comment, shapes.status, shapes.transition, shapes.choice, shapes.screen_field):
        try:
            read(raw)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    for field in (None, "customfield_1"):
        try:
            ticket = shapes.ticket(raw, field)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        assert shapes.KEY.fullmatch(ticket.key)


class TestLogin:
    """With wrong or expired credentials some sites answer as to an anonymous visitor; only a header shows it."""

    def test_an_expired_token_is_no_deleted_ticket(self, either: World) -> None:
        issue = either.issue()
        either.created(issue)
        either.sandbox.jira.wrong_login = "anonymous"
        either.set(**{"JIRA_API_TOKEN" if either.sandbox.jira.cloud else "JIRA_PAT": "expired"})
        for deliver in (either.created, either.status_changed):
            outcome = deliver(issue, either.context(delivery_id="another"))
            assert isinstance(outcome, Failed), outcome
            assert outcome.reason == "auth"
            assert "renew JIRA_API_TOKEN" in outcome.why
            assert "AUTHENTICATED_FAILED" in outcome.why

    def test_an_empty_search_with_an_expired_token_makes_no_ticket(self, either: World) -> None:
        either.sandbox.jira.wrong_login = "anonymous"
        either.set(**{"JIRA_API_TOKEN" if either.sandbox.jira.cloud else "JIRA_PAT": "expired"})
        outcome = either.created(either.issue())
        assert isinstance(outcome, Failed)
        assert outcome.reason == "auth"
        assert "intent" not in either.links.get("abc:issue:1:1")

    def test_flask_check_sees_it(self, world: World) -> None:
        world.sandbox.jira.wrong_login = "anonymous"
        world.set(JIRA_API_TOKEN="expired")
        assert any("renew JIRA_API_TOKEN" in line.what for line in world.connector().check() if not line.ok)

    @pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 410])
    @pytest.mark.parametrize(
        "header",
        [
            "AUTHENTICATED_FAILED",
            "AUTHENTICATION_DENIED",
            "AUTHORISATION_FAILED",
            "OUT",
            "out",
            " OUT ",
            "OK, OUT",
            '"OUT"',
        ],
    )
    def test_the_header_comes_before_the_status(self, status: int, header: str) -> None:
        answer = Answer(status, CaseInsensitiveDict({"x-seraph-loginreason": header}), b'{"issues": []}')
        refusal = refusal_of(answer, SETTINGS, reads=True)
        assert isinstance(refusal, JiraRefusal)
        assert (refusal.status, refusal.gone) == (401, False)

    @pytest.mark.parametrize("status", [429, 500, 502, 503])
    def test_what_passes_by_itself_stays_what_it_is(self, status: int) -> None:
        answer = Answer(status, CaseInsensitiveDict({"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}), b"")
        refusal = refusal_of(answer, SETTINGS, reads=False)
        assert refusal is not None
        assert refusal.status == status

    @pytest.mark.parametrize("header", ["OK", "ok", "", "?", "OKAY", "x" * 10_000])
    def test_other_values_mean_nothing(self, header: str) -> None:
        assert (
            refusal_of(Answer(200, CaseInsensitiveDict({"X-Seraph-LoginReason": header}), b"{}"), SETTINGS, reads=True)
            is None
        )

    def test_what_was_written_was_written_whoever_jira_took_us_for(self, world: World) -> None:
        """Where anonymous visitors may create tickets: it exists, so its key must not be lost."""
        answer = Answer(201, CaseInsensitiveDict({"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}), b"{}")
        assert refusal_of(answer, SETTINGS, reads=False) is None

    def test_a_token_without_a_scope_is_named(self, world: World) -> None:
        body = {"code": 401, "message": "Unauthorized; scope does not match"}
        world.sandbox.faults.add("status", system="jira", path="/issue$", status=401, body=body)
        outcome = world.created(world.issue())
        assert isinstance(outcome, Failed)
        assert "write:jira-work" in outcome.why

    def test_the_gateway_s_address_works_and_its_advice_is_given(self, world: World) -> None:
        """Tokens with scopes are taken at https://api.atlassian.com/ex/jira/<cloud id> only: an address with a path."""
        world.set(JIRA_API_TOKEN="scoped")
        outcome = world.created(world.issue())
        assert isinstance(outcome, Failed)
        assert "https://api.atlassian.com/ex/jira/<cloud id>" in outcome.why


class TestDeletions:
    """What people delete every day is skipped, and the record names what is left."""

    def test_an_issue_that_was_deleted_leaves_its_ticket_and_names_it(self, world: World) -> None:
        issue = world.issue()
        world.created(issue)
        world.sandbox.abc.delete_issue(issue.id)
        outcome = world.status_changed(issue.id, world.context(age=1, delivery_id="another"))
        assert isinstance(outcome, Skipped)
        assert outcome.result == {"ticket": "PROJ-1"}
        assert "PROJ-1" in outcome.why

    def test_an_issue_that_is_deleted_while_its_ticket_is_made(self, world: World) -> None:
        issue = world.issue()
        world.sandbox.faults.add("delay", system="jira", method="POST", path="/issue$")
        context = world.context(on_keep=lambda _notes: world.sandbox.abc.delete_issue(issue.id))
        announced = result(world.created(issue, context))
        assert announced["ticket"] == "PROJ-1"
        assert "deleted" in announced["write_back"]

    def test_an_issue_that_is_deleted_after_a_lost_answer(self, world: World) -> None:
        issue = world.issue()
        world.sandbox.faults.add("drop_after", system="jira", method="POST", path="/issue$")
        context = world.context()
        world.created(issue, context)
        world.sandbox.abc.delete_issue(issue.id)
        announced = result(world.deliver_created_at(issue, context.next_attempt()))
        assert announced["ticket"] == "PROJ-1"
        assert "deleted" in announced["note"]

    def test_an_issue_that_is_deleted_before_its_ticket_is_made(self, world: World) -> None:
        issue = world.issue()
        world.sandbox.faults.add("drop_before", system="jira", method="POST", path="/issue$")
        context = world.context()
        world.created(issue, context)
        world.sandbox.abc.delete_issue(issue.id)
        context = context.next_attempt(age=500)
        waiting = world.deliver_created_at(issue, context)
        assert isinstance(waiting, Retry), "the ticket may appear in Jira's search yet"
        outcome = world.deliver_created_at(issue, context.next_attempt(later=500))
        assert isinstance(outcome, Skipped)
        assert "deleted" in outcome.why

    def test_a_ticket_that_may_not_be_seen_any_more_is_not_taken_for_deleted(self, world: World) -> None:
        issue = world.issue()
        world.created(issue)
        world.sandbox.jira.permissions.discard("BROWSE_PROJECTS")
        outcome = world.status_changed(issue, world.context(delivery_id="another"))
        assert isinstance(outcome, Failed)
        assert outcome.reason == "auth"
        assert "BROWSE_PROJECTS" in outcome.why

    def test_a_project_that_may_not_be_seen_any_more_neither(self, world: World) -> None:
        issue = world.issue()
        world.created(issue)
        world.sandbox.jira.delete("PROJ-1")
        del world.sandbox.jira.projects["PROJ"]
        outcome = world.status_changed(issue, world.context(delivery_id="another"))
        assert isinstance(outcome, Failed)
        assert outcome.reason == "auth"

    def test_feedback_that_is_deleted_while_its_ticket_is_made(self, world: World) -> None:
        issue, feedback = world.issue(), world.feedback()
        world.sandbox.abc.delete_feedback(feedback)
        announced = result(world.added(feedback, issue, world.context(age=3600)))
        assert announced["ticket"] == "PROJ-1"
        assert "deleted" in announced["note"]
