"""Which issues, tickets and comments count as ours: nothing of another project or of another account is acted on."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Done, Failed, Outcome, Skipped
from sources.abc.models import Feedback
from tests.connectors.jira.world import STATUS_MAP, World
from tools.sandbox.jira import PERSON

EVENTS = ("ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION")


def result(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    return dict(outcome.result)


def persons_ticket(world: World, project: str = "PROJ", **fields: Any) -> str:
    """A ticket that somebody made, in Jira itself."""
    basics = {"project": {"key": project}, "issuetype": {"name": "Bug"}, "summary": "theirs"}
    return world.sandbox.jira.create({"fields": {**basics, **fields}}).key


class TestIssues:
    @pytest.mark.parametrize("name", EVENTS)
    @pytest.mark.parametrize("external", [None, "1", "PROJ-1"])
    def test_an_issue_of_another_project_is_left_alone(self, world: World, name: str, external: str | None) -> None:
        """One project's API key reads another's issues by id, and an event may name any project and any issue."""
        world.set(JIRA_STATUS_MAP=STATUS_MAP)
        persons_ticket(world)
        other = world.sandbox.abc.create_project("Other", "OTHERKEYOTHERKEY0002")
        values = {"name": "theirs", "status": "RESOLVED", "externalIssueId": external}
        foreign = world.sandbox.abc.create_issue(other.id, values)
        outcome = world.deliver(name, foreign, feedback=Feedback(id=world.feedback()))
        assert isinstance(outcome, Skipped)
        assert "another project" in outcome.why
        assert world.tickets() == ["PROJ-1"]
        assert (world.ticket().status, world.bodies()) == ("1", [])

    def test_what_our_record_has_a_ticket_of_is_not_checked_again(self, world: World) -> None:
        world.set(JIRA_STATUS_MAP=STATUS_MAP)
        issue = world.issue()
        world.created(issue)
        rule = world.sandbox.faults.add("status", system="abc", path="issues/search", status=500, times=None)
        world.sandbox.abc.set_status(issue.id, "RESOLVED")
        assert result(world.status_changed(issue))["status"] == "Done"
        rule.times = 0

    def test_a_feedback_of_another_channel_is_not_shown(self, world: World) -> None:
        """ABC reads a feedback through any channel: its text would appear at another team's ticket."""
        issue = world.issue()
        world.created(issue)
        abc = world.sandbox.abc
        other = abc.create_project("Other", "OTHERKEYOTHERKEY0002")
        channel = abc.create_channel(other.id, "theirs")
        foreign = abc.create_feedback(channel.id, {"message": "for us only"})
        context = world.context(age=3600, delivery_id="another")
        outcome = world.deliver("ISSUE_ADDITION", issue, context, feedback=Feedback(id=foreign.id))
        assert isinstance(outcome, Skipped)
        assert "is not of channel 1" in outcome.why
        assert world.bodies() == []


class TestTickets:
    @pytest.mark.parametrize("external", ["MOBILE-1", "MOBILE-99"])
    @pytest.mark.parametrize("name", EVENTS)
    def test_a_key_of_another_jira_project_is_not_acted_on(self, world: World, name: str, external: str) -> None:
        """Whoever may edit an issue in ABC would move and read tickets all over Jira."""
        world.set(JIRA_STATUS_MAP=STATUS_MAP)
        persons_ticket(world, "MOBILE")
        issue = world.issue(externalIssueId=external, status="RESOLVED")
        outcome = world.deliver(name, issue, feedback=Feedback(id=world.feedback()))
        assert isinstance(outcome, Skipped)
        assert name == "ISSUE_CREATION" or "JIRA_PROJECT" in outcome.why
        ticket = world.ticket("MOBILE-1")
        assert (ticket.status, ticket.comments) == ("1", [])
        assert world.tickets() == ["MOBILE-1"]

    def test_our_marker_on_a_ticket_elsewhere_does_not_open_it(self, either: World) -> None:
        """Two things that anybody can type: a key into ABC, and a label into Jira."""
        either.set(JIRA_STATUS_MAP=STATUS_MAP)
        issue = either.issue(externalIssueId="MOBILE-1", status="RESOLVED")
        persons_ticket(either, "MOBILE", labels=[either.marker(issue)])
        assert isinstance(either.status_changed(issue), Skipped)
        assert either.ticket("MOBILE-1").status == "1"

    def test_a_number_whose_ticket_a_person_moved_away_is_not_acted_on(self, world: World) -> None:
        """Jira answers to the old key with the ticket of the other project."""
        world.set(JIRA_STATUS_MAP=STATUS_MAP)
        persons_ticket(world)
        world.sandbox.jira.move("PROJ-1", "MOBILE")
        issue = world.issue(externalIssueId="1", status="RESOLVED")
        outcome = world.status_changed(issue)
        assert isinstance(outcome, Skipped)
        assert "MOBILE-1" in outcome.why
        assert world.ticket("MOBILE-1").status == "1"

    @pytest.mark.parametrize("mode", ["number", "key"])
    def test_our_own_ticket_that_was_moved_away_is_followed_without_a_record_too(
        self, either: World, mode: str
    ) -> None:
        either.set(JIRA_STATUS_MAP=STATUS_MAP, JIRA_EXTERNAL_ID=mode)
        issue = either.issue()
        either.created(issue)
        either.sandbox.jira.move("PROJ-1", "MOBILE")
        either.wipe()
        either.sandbox.abc.set_status(issue.id, "RESOLVED")
        assert result(either.status_changed(issue))["ticket"] == "MOBILE-1"
        assert either.ticket("MOBILE-1").status == "5"

    def test_a_number_is_not_taken_for_our_ticket_with_the_same_number_elsewhere(self, world: World) -> None:
        """Our ticket was moved and is MOBILE-1 now; a person types 1, which is PROJ-1 in ABC's web app."""
        world.set(JIRA_STATUS_MAP=STATUS_MAP, JIRA_EXTERNAL_ID="key")
        issue = world.issue()
        world.created(issue)
        world.sandbox.jira.move("PROJ-1", "MOBILE")
        world.created(issue)
        assert world.links.get(f"abc:issue:1:{issue.id}")["key"] == "MOBILE-1"
        world.sandbox.jira.moved.clear()
        world.sandbox.jira._last_number["PROJ"] = 0
        assert persons_ticket(world) == "PROJ-1"
        world.sandbox.abc.issues[issue.id].externalIssueId = "1"
        world.sandbox.abc.set_status(issue.id, "RESOLVED")
        assert result(world.status_changed(issue))["ticket"] == "PROJ-1"
        assert (world.ticket("PROJ-1").status, world.ticket("MOBILE-1").status) == ("5", "1")

    def test_a_person_s_ticket_is_not_moved_by_an_addition(self, world: World) -> None:
        """They chose the ticket: only a change of the issue's status moves it."""
        world.set(JIRA_STATUS_MAP=STATUS_MAP)
        persons_ticket(world)
        issue = world.issue(externalIssueId="1", status="RESOLVED")
        assert result(world.added(world.feedback(), issue))["comment"] == "added"
        assert world.ticket().status == "1"

    def test_a_ticket_s_history_in_our_record_does_not_open_other_projects(self, world: World) -> None:
        issue = world.issue()
        world.created(issue)
        persons_ticket(world, "MOBILE")
        world.sandbox.abc.issues[issue.id].externalIssueId = "MOBILE-1"
        outcome = world.added(world.feedback(), issue, world.context(delivery_id="another"))
        assert isinstance(outcome, Skipped)
        assert world.ticket("MOBILE-1").comments == []


class TestMarkers:
    def test_a_marker_on_somebody_s_ticket_attracts_nothing(self, either: World) -> None:
        """It names ids that anybody can guess."""
        issue = either.issue(status="RESOLVED")
        either.set(JIRA_STATUS_MAP=STATUS_MAP)
        persons_ticket(either, labels=[either.marker(issue), f"abc-test-1-{issue.id}"])
        announced = result(either.created(issue))
        assert (announced["ticket"], announced["created"]) == ("PROJ-2", True)
        assert "JIRA_FORMER_ACCOUNTS" in announced["warning"]
        assert either.ticket("PROJ-1").status == "1"

    def test_a_reporter_that_a_person_set_does_not_make_a_ticket_ours(self, either: World) -> None:
        issue = either.issue()
        persons_ticket(either, labels=[either.marker(issue)], reporter=either.sandbox.jira.account)
        assert result(either.created(issue))["ticket"] == "PROJ-2"

    def test_a_ticket_of_ours_with_another_reporter_is_found(self, either: World) -> None:
        reporter = {"accountId": PERSON["accountId"]} if either.sandbox.jira.cloud else {"name": PERSON["name"]}
        either.set(JIRA_FIELDS=f'{{"reporter": {str(reporter).replace(chr(39), chr(34))}}}')
        issue = either.issue()
        either.sandbox.faults.add("drop_after", system="jira", method="POST", path="/issue$")
        either.created(issue)
        assert result(either.created(issue))["ticket"] == "PROJ-1"

    def test_the_reporter_counts_where_jira_shows_no_creator(self, world: World) -> None:
        issue = world.issue()
        mine = {"key": "PROJ-1", "id": "10001", "fields": _fields(world.marker(issue), {"accountId": "5b10-demo"})}
        world.sandbox.faults.add("status", system="jira", path="search", status=200, body={"issues": [mine]})
        world.sandbox.faults.add("status", system="jira", method="GET", path="issue/10001", status=200, body=mine)
        announced = result(world.created(issue))
        assert (announced["ticket"], announced["created"]) == ("PROJ-1", False)

    def test_the_search_is_for_the_configured_project(self, either: World) -> None:
        issue = either.issue()
        ours = {"project": {"key": "MOBILE"}, "issuetype": {"name": "Bug"}, "summary": "x"}
        either.sandbox.jira.create({"fields": {**ours, "labels": [either.marker(issue)]}}, either.sandbox.jira.account)
        assert result(either.created(issue))["ticket"] == "PROJ-1"

    def test_a_former_account_is_named(self, either: World) -> None:
        issue = either.issue()
        key = persons_ticket(either, labels=[either.marker(issue)])
        names = [PERSON["accountId"]] if either.sandbox.jira.cloud else [PERSON["name"], PERSON["key"]]
        for name in names:
            either.wipe()
            either.sandbox.abc.issues[issue.id].externalIssueId = None
            either.set(JIRA_FORMER_ACCOUNTS=f"somebody, {name}")
            announced = result(either.created(issue))
            assert (announced["ticket"], announced["created"]) == (key, False)

    def test_people_s_own_names_make_nobody_ours(self, either: World) -> None:
        """A display name or an e-mail address is what its owner typed."""
        issue = either.issue()
        fake = {"displayName": "Feedback Bridge", "emailAddress": "bridge@example.com", "accountId": "x", "name": "x"}
        fields = {"project": {"key": "PROJ"}, "issuetype": {"name": "Bug"}, "summary": "x"}
        either.sandbox.jira.create({"fields": {**fields, "labels": [either.marker(issue)]}}, fake)
        either.set(JIRA_FORMER_ACCOUNTS="Feedback Bridge,bridge@example.com")
        assert result(either.created(issue))["ticket"] == "PROJ-2"

    def test_the_marker_is_checked_again_after_the_search(self, world: World) -> None:
        """Cloud's search shows what was true a while ago: somebody took the label away meanwhile."""
        issue = world.issue()
        world.created(issue)
        raw = {"id": "10001", "key": "PROJ-1", "fields": _fields(world.marker(issue), world.sandbox.jira.account)}
        world.ticket().fields["labels"] = []
        world.wipe()
        world.sandbox.abc.issues[issue.id].externalIssueId = None
        world.sandbox.faults.add("status", system="jira", path="search", status=200, body={"issues": [raw]})
        assert result(world.created(issue))["ticket"] == "PROJ-2"

    def test_of_two_by_our_account_the_older_one_is_the_issue_s(self, either: World) -> None:
        """People who use the bridge's account make clones of its tickets."""
        issue = either.issue()
        fields = {"project": {"key": "PROJ"}, "issuetype": {"name": "Bug"}, "summary": "x"}
        for _ in range(3):
            made = {"fields": {**fields, "labels": [either.marker(issue)]}}
            either.sandbox.jira.create(made, either.sandbox.jira.account)
        assert result(either.created(issue))["ticket"] == "PROJ-1"

    def test_a_hundred_decoys_hide_nothing(self, either: World) -> None:
        issue = either.issue()
        for _ in range(250):
            persons_ticket(either, labels=[either.marker(issue)])
        either.sandbox.faults.add("drop_after", system="jira", method="POST", path="/issue$")
        either.created(issue)
        assert result(either.created(issue))["ticket"] == "PROJ-251"

    def test_more_decoys_than_are_looked_at_are_reported_and_no_second_ticket_is_made(self, world: World) -> None:
        issue = world.issue()
        for _ in range(1000):
            persons_ticket(world, labels=[world.marker(issue)])
        persons_ticket(world, labels=[world.marker(issue)])
        outcome = world.created(issue)
        assert isinstance(outcome, Failed)
        assert "more than 1000" in outcome.why
        assert len(world.tickets()) == 1001

    def test_a_reused_id_does_not_attract_the_old_ticket(self, either: World) -> None:
        """ABC was installed again: issue 1 is another one, and our own ticket of the first one still has its label."""
        issue = either.issue()
        either.created(issue)
        either.wipe()
        row = either.sandbox.abc.issues[issue.id]
        row.createdAt, row.externalIssueId = "2031-01-01T00:00:00.000Z", None
        assert result(either.created(issue))["ticket"] == "PROJ-2"

    @pytest.mark.parametrize(("made", "key"), [("after", "PROJ-1"), ("before", "PROJ-2")])
    def test_a_marker_of_earlier_versions_counts_for_the_issue_it_was_made_for(
        self, either: World, made: str, key: str
    ) -> None:
        issue = either.issue()
        fields = {"project": {"key": "PROJ"}, "issuetype": {"name": "Bug"}, "summary": "x"}
        ticket = either.sandbox.jira.create(
            {"fields": {**fields, "labels": [f"abc-test-1-{issue.id}"]}}, either.sandbox.jira.account
        )
        if made == "before":
            ticket.created = "2020-01-01T00:00:00.000+0000"
        assert result(either.created(issue))["ticket"] == key

    def test_a_marker_field_of_earlier_versions_is_found_too(self, either: World) -> None:
        either.set(JIRA_MARKER_FIELD="customfield_10010")
        issue = either.issue()
        fields = {"project": {"key": "PROJ"}, "issuetype": {"name": "Bug"}, "summary": "x"}
        mine = either.sandbox.jira.account
        either.sandbox.jira.create({"fields": {**fields, "customfield_10010": f"abc-test-1-{issue.id}"}}, mine)
        assert result(either.created(issue))["ticket"] == "PROJ-1"


class TestComments:
    def test_a_marker_in_somebody_s_comment_does_not_suppress_ours(self, either: World) -> None:
        issue, feedback = either.issue(), either.feedback()
        either.created(issue)
        either.sandbox.jira.comment(either.ticket(), f"haha\n{either.feedback_marker(feedback)}")
        assert result(either.added(feedback, issue))["comment"] == "added"
        assert result(either.added(feedback, issue))["comment"] == "already exists"
        assert len(either.bodies()) == 2

    def test_a_former_account_s_comment_counts(self, either: World) -> None:
        issue, feedback = either.issue(), either.feedback()
        either.created(issue)
        either.sandbox.jira.comment(either.ticket(), f"ours\n{either.feedback_marker(feedback)}")
        either.set(JIRA_FORMER_ACCOUNTS=PERSON["accountId" if either.sandbox.jira.cloud else "key"])
        assert result(either.added(feedback, issue))["comment"] == "already exists"

    def test_a_comment_without_an_author_is_nobody_s(self, world: World) -> None:
        issue, feedback = world.issue(), world.feedback()
        world.created(issue)
        body = {"comments": [{"body": world.feedback_marker(feedback), "author": None}], "total": 1}
        world.sandbox.faults.add("status", system="jira", method="GET", path="comment", status=200, body=body)
        assert result(world.added(feedback, issue))["comment"] == "added"

    def test_a_comment_of_an_earlier_version_is_not_repeated(self, world: World) -> None:
        issue, feedback = world.issue(), world.feedback()
        world.created(issue)
        old = f"Feedback {feedback}\nabc-feedback-test-1-{feedback}"
        world.sandbox.jira.comment(world.ticket(), old, world.sandbox.jira.account)
        assert result(world.added(feedback, issue))["comment"] == "already exists"


def _fields(marker: str, account: Any) -> dict[str, Any]:
    status = {"id": "1", "name": "To Do", "statusCategory": {"key": "new"}}
    made = "2027-01-01T00:00:00.000+0000"
    return {"labels": [marker], "status": status, "reporter": account, "created": made}
