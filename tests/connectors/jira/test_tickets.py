"""One ticket per issue, ever: whatever is repeated, cut off, wiped or done by people meanwhile."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest

from bridge.http import READ_SECONDS
from connectors.base import Done, Failed, LeaseLost, Outcome, Retry, Skipped
from sources.abc.models import AbcEvent, Issue, Named
from sources.base import Subject
from tests.connectors.jira.world import STATUS_MAP, World
from tools.sandbox.faults import Kind


def result(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    return dict(outcome.result)


def test_a_new_issue_gets_a_ticket_and_its_number_and_nothing_else_of_it_changes(either: World) -> None:
    issue = either.issue(status="IN_PROGRESS")
    assert result(either.created(issue)) == {"ticket": "PROJ-1", "created": True, "external_id": "1"}
    after = either.sandbox.abc.issue(issue.id)
    assert (after.externalIssueId, after.name, after.description) == ("1", "Payment fails", "on iOS")
    assert after.status == "IN_PROGRESS"
    fields = either.ticket().fields
    assert (fields["summary"], fields["labels"]) == ("Payment fails", [either.marker(issue)])
    assert fields["description"].startswith("on iOS\n")


def test_the_key_is_stored_where_asked_for(world: World) -> None:
    world.set(JIRA_EXTERNAL_ID="key")
    issue = world.issue()
    assert result(world.created(issue))["external_id"] == "PROJ-1"
    assert world.sandbox.abc.issue(issue.id).externalIssueId == "PROJ-1"
    world.set(JIRA_STATUS_MAP=STATUS_MAP)
    world.wipe()
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    assert result(world.status_changed(issue))["status"] == "Done"


def test_four_copies_and_a_replay_make_one_ticket(either: World) -> None:
    issue = either.issue()
    for _ in range(4):
        assert result(either.created(issue))["ticket"] == "PROJ-1"
    assert either.tickets() == ["PROJ-1"]


def test_the_ledger_wiped_the_ticket_is_known_by_abc(either: World) -> None:
    issue = either.issue()
    either.created(issue)
    either.wipe()
    outcome = either.created(issue)
    assert isinstance(outcome, Skipped)
    assert "already has a ticket: 1" in outcome.why
    assert either.tickets() == ["PROJ-1"]


def test_the_ledger_wiped_before_the_write_back_the_ticket_is_found_by_its_marker(either: World) -> None:
    issue = either.issue()
    either.sandbox.faults.add("status", system="abc", method="PUT", status=500)
    outcome = either.created(issue)
    assert isinstance(outcome, Retry)
    assert either.sandbox.abc.issue(issue.id).externalIssueId is None
    either.wipe()
    assert result(either.created(issue)) == {"ticket": "PROJ-1", "created": False, "external_id": "1"}
    assert either.tickets() == ["PROJ-1"]


def test_a_write_back_that_failed_is_repeated_by_the_next_attempt(world: World) -> None:
    issue = world.issue()
    world.sandbox.faults.add("status", system="abc", method="PUT", status=500)
    context = world.context()
    assert isinstance(world.created(issue, context), Retry)
    assert world.links.get("abc:issue:1:1")["key"] == "PROJ-1"
    assert result(world.created(issue, context.next_attempt()))["external_id"] == "1"
    assert world.tickets() == ["PROJ-1"]


def test_an_answer_that_was_lost_is_looked_for_and_found(either: World) -> None:
    issue = either.issue()
    either.sandbox.faults.add("drop_after", system="jira", method="POST", path="/issue$")
    context = either.context()
    outcome = either.created(issue, context)
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("ambiguous", None)
    assert result(either.created(issue, context.next_attempt())) == {
        "ticket": "PROJ-1",
        "created": False,
        "external_id": "1",
    }
    assert either.sandbox.jira.created_count == 1


def test_while_cloud_s_search_may_lag_no_second_ticket_is_made(world: World) -> None:
    world.sandbox.jira.search_lag = 3600
    issue = world.issue()
    world.sandbox.faults.add("drop_after", system="jira", method="POST", path="/issue$")
    context = world.context()
    world.created(issue, context)
    for seconds in (5, 10, 85):
        context = context.next_attempt(later=seconds)
        outcome = world.created(issue, context)
        assert isinstance(outcome, Retry)
        assert outcome.reason == "not_yet", "waiting costs no attempt, and says nothing bad of Jira"
        assert outcome.after is not None
        assert 0 < outcome.after <= 10
    world.ticket().visible_at = 0
    assert result(world.created(issue, context.next_attempt(later=10)))["ticket"] == "PROJ-1"
    assert world.sandbox.jira.created_count == 1


def test_a_create_that_was_sent_before_redis_was_wiped_is_waited_for(world: World) -> None:
    """The intent was deleted with everything else: Jira may get, or show, the ticket only after we have looked."""
    issue = world.issue()
    context = world.wiped()
    for seconds in (10, 50, 58):
        outcome = world.created(issue, context)
        assert isinstance(outcome, Retry)
        assert outcome.reason == "not_yet", "waiting costs no attempt, and says nothing bad of Jira"
        assert outcome.after is not None
        assert 0 < outcome.after <= 10
        context = context.next_attempt(later=seconds)
    world.created(issue, world.context())  # the request of before the wipe arrives
    world.wipe()
    world.sandbox.abc.issues[issue.id].externalIssueId = None
    assert result(world.created(issue, context))["created"] is False
    assert world.tickets() == ["PROJ-1"]


@pytest.mark.parametrize("event", ["created", "status_changed", "added"])
def test_after_a_wipe_the_ticket_is_made_when_the_lag_is_over(world: World, event: str) -> None:
    issue, feedback = world.issue(), world.feedback()
    context = world.wiped()

    def deliver(later: float) -> Outcome:
        about = [feedback, issue] if event == "added" else [issue]
        return cast(Outcome, getattr(world, event)(*about, context.next_attempt(later=later)))

    assert isinstance(deliver(119), Retry)
    assert world.tickets() == []
    assert not isinstance(deliver(121), Retry)
    assert world.tickets() == ["PROJ-1"]


def test_after_a_wipe_data_center_is_given_the_time_of_one_request(datacenter: World) -> None:
    issue = datacenter.issue()
    context = datacenter.wiped()
    assert isinstance(datacenter.created(issue, context.next_attempt(later=29)), Retry)
    assert result(datacenter.created(issue, context.next_attempt(later=31)))["created"] is True


def test_an_issue_that_was_created_after_the_wipe_gets_its_ticket_at_once(either: World) -> None:
    context = either.context(born=time.time() - 1)
    assert result(either.created(either.issue(), context))["created"] is True


def test_a_later_event_waits_out_the_lag_too(world: World) -> None:
    world.sandbox.jira.search_lag = 3600
    issue = world.issue()
    world.sandbox.faults.add("drop_after", system="jira", method="POST", path="/issue$")
    world.created(issue)
    assert isinstance(world.status_changed(issue), Retry)
    assert isinstance(world.added(world.feedback(), issue), Retry)
    assert world.sandbox.jira.created_count == 1


def test_when_the_lag_is_over_the_ticket_is_made(world: World) -> None:
    issue = world.issue()
    world.sandbox.faults.add("drop_before", system="jira", method="POST", path="/issue$")
    context = world.context()
    world.created(issue, context)
    assert isinstance(world.created(issue, context.next_attempt(later=119)), Retry)
    assert result(world.created(issue, context.next_attempt(later=121)))["created"] is True
    assert world.tickets() == ["PROJ-1"]


def test_the_wait_goes_by_the_clock_that_all_workers_share(world: World) -> None:
    """Not by this machine's, which may be wrong or jump, nor by the event's age, which starts again with a replay."""
    issue = world.issue()
    world.sandbox.faults.add("drop_before", system="jira", method="POST", path="/issue$")
    far_behind = world.context(age=100_000, clock=1_000.0)
    world.created(issue, far_behind)
    assert world.links.get("abc:issue:1:1")["intent"] == "1000.000"
    assert isinstance(world.created(issue, far_behind.next_attempt(later=60)), Retry)
    assert result(world.created(issue, far_behind.next_attempt(age=0.1, later=121)))["created"] is True


def test_data_center_finds_at_once_so_a_lost_request_is_sent_again_soon(datacenter: World) -> None:
    """But not before Jira can have done with a request that we waited for in vain, from the note before it on."""
    issue = datacenter.issue()
    datacenter.sandbox.faults.add("drop_before", system="jira", method="POST", path="/issue$")
    context = datacenter.context()
    datacenter.created(issue, context)
    assert isinstance(datacenter.created(issue, context.next_attempt(later=READ_SECONDS + 10)), Retry)
    assert result(datacenter.created(issue, context.next_attempt(later=READ_SECONDS + 16)))["created"] is True


def test_a_killed_worker_leaves_its_intent_and_the_next_one_looks_first(world: World) -> None:
    """The kill may come before the create (then there is none) or after it (then it is found)."""
    issue = world.issue()
    world.links.set("abc:issue:1:1", intent=f"{time.time():.3f}")
    assert isinstance(world.created(issue), Retry)
    world.sandbox.faults.add("drop_after", system="jira", method="POST", path="/issue$")
    world.set(JIRA_SEARCH_LAG="0")
    world.created(issue)
    assert result(world.created(issue))["created"] is False
    assert world.sandbox.jira.created_count == 1


def test_an_answer_500_may_hide_a_ticket(world: World) -> None:
    issue = world.issue()
    world.sandbox.faults.add(
        "status", system="jira", method="POST", path="/issue$", status=502, body="<html>bad</html>"
    )
    context = world.context()
    outcome = world.created(issue, context)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "server_error"
    assert "intent" in world.links.get("abc:issue:1:1")
    assert isinstance(world.created(issue, context.next_attempt()), Retry)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429])
def test_a_definite_refusal_leaves_nothing_to_wait_for(world: World, status: int) -> None:
    issue = world.issue()
    world.sandbox.faults.add("status", system="jira", method="POST", path="/issue$", status=status)
    assert not isinstance(world.created(issue), Done | Skipped)
    assert "intent" not in world.links.get("abc:issue:1:1")
    assert result(world.created(issue))["created"] is True


def test_the_intent_is_kept_before_the_create_and_the_key_after_it(world: World) -> None:
    issue = world.issue()
    seen: list[tuple[int, bool]] = []

    def look(_notes: dict[str, Any]) -> None:
        seen.append((world.sandbox.jira.created_count, "intent" in world.links.get("abc:issue:1:1")))

    world.created(issue, world.context(on_keep=look))
    assert seen == [(0, True)]
    link = world.links.get("abc:issue:1:1")
    assert (link["key"], link["external"], link.get("intent")) == ("PROJ-1", "1", None)


def test_a_worker_that_lost_its_lease_creates_nothing(world: World) -> None:
    issue = world.issue()
    with pytest.raises(LeaseLost):
        world.created(issue, world.context(lease_lost=True))
    assert world.tickets() == []


def test_an_external_id_that_is_there_wins(world: World) -> None:
    issue = world.issue(externalIssueId="77")
    assert isinstance(world.created(issue), Skipped)
    assert world.tickets() == []
    assert world.sandbox.abc.issue(issue.id).externalIssueId == "77"


def test_an_external_id_that_a_person_sets_meanwhile_wins(world: World) -> None:
    issue = world.issue()

    def person(_notes: dict[str, Any]) -> None:
        world.sandbox.abc.issues[issue.id].externalIssueId = "77"

    announced = result(world.created(issue, world.context(on_keep=person)))
    assert "'77'" in announced["write_back"]
    assert world.sandbox.abc.issue(issue.id).externalIssueId == "77"


def test_a_person_s_save_with_an_older_copy_is_repaired(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.abc.issues[issue.id].externalIssueId = ""
    assert result(world.created(issue))["external_id"] == "1"
    assert world.sandbox.abc.issue(issue.id).externalIssueId == "1"


def test_a_name_that_abc_can_t_save_keeps_its_ticket_in_our_record(world: World) -> None:
    world.sandbox.abc.create_feedback(1, {"message": "x", "issueNames": ["a name of more than thirty characters"]})
    for _ in range(2):
        announced = result(world.created(1))
        assert announced["ticket"] == "PROJ-1"
        assert "not possible" in announced["write_back"]
        assert "30" in announced["write_back"]
    assert world.tickets() == ["PROJ-1"]


def test_a_deleted_ticket_is_not_made_again(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.jira.delete("PROJ-1")
    outcome = world.created(issue, world.context(delivery_id="a-later-event.jira"))
    assert isinstance(outcome, Skipped), "people delete tickets every day: nobody has to act on that"
    assert "PROJ-1" in outcome.why
    assert "no second ticket is made" in outcome.why
    assert world.tickets() == []


def test_a_moved_ticket_is_followed_and_the_limit_of_its_number_is_named(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.jira.move("PROJ-1", "MOBILE")
    announced = result(world.created(issue))
    assert (announced["ticket"], announced["moved_from"]) == ("MOBILE-1", "PROJ-1")
    assert "JIRA_EXTERNAL_ID" in announced["write_back"]
    assert world.links.get("abc:issue:1:1")["key"] == "MOBILE-1"
    assert world.tickets() == ["MOBILE-1"]
    again = result(world.created(issue, world.context(delivery_id="a-later-event.jira")))
    assert again["ticket"] == "MOBILE-1", "the number in ABC is the one that we stored there, and no person's"
    assert "moved_from" not in again


def test_a_copy_of_the_ticket_that_a_person_made_is_not_taken_for_it(world: World) -> None:
    issue = world.issue()
    world.sandbox.faults.add("drop_after", system="jira", method="POST", path="/issue$")
    world.created(issue)
    world.sandbox.jira.create({"fields": world.ticket().fields})
    assert result(world.created(issue))["ticket"] == "PROJ-1"


def test_another_installation_s_ticket_is_not_ours(world: World) -> None:
    issue = world.issue()
    world.created(issue)
    world.ticket().fields["labels"] = ["abc-staging-1-1"]
    world.wipe()
    world.sandbox.abc.issues[issue.id].externalIssueId = None
    assert result(world.created(issue))["ticket"] == "PROJ-2"


def test_an_issue_of_another_project_is_left_alone(world: World) -> None:
    """One project's API key reads another's issues by id, and any issue can be added to a feedback."""
    other = world.sandbox.abc.create_project("Other", "OTHERKEYOTHERKEY0002")
    foreign = world.sandbox.abc.create_issue(other.id, {"name": "theirs"})
    outcome = world.added(world.feedback(message="theirs?"), foreign)
    assert isinstance(outcome, Skipped)
    assert "another project" in outcome.why
    assert world.tickets() == []


def test_a_project_without_a_jira_project_is_skipped(world: World) -> None:
    world.set(JIRA_PROJECT="2=PROJ")
    outcome = world.created(world.issue())
    assert isinstance(outcome, Skipped)
    assert "JIRA_PROJECT" in outcome.why


def test_an_issue_that_is_announced_before_it_can_be_read_is_awaited(world: World) -> None:
    soon = world.created(1, world.context(age=0.1))
    assert isinstance(soon, Retry)
    assert soon.reason == "not_yet"
    late = world.created(1, world.context(age=3600))
    assert isinstance(late, Skipped)


def test_labels_that_are_not_on_the_create_screen_are_reported_with_the_way_out(world: World) -> None:
    world.sandbox.jira.rules.labels_on_screen = False
    issue = world.issue()
    outcome = world.created(issue)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert "JIRA_MARKER_FIELD" in outcome.why
    world.set(JIRA_MARKER_FIELD="customfield_10010")
    assert result(world.created(issue))["ticket"] == "PROJ-1"
    world.wipe()
    world.sandbox.abc.issues[issue.id].externalIssueId = None
    assert result(world.created(issue)) == {"ticket": "PROJ-1", "created": False, "external_id": "1"}


def test_a_required_field_is_named_with_its_variable(world: World) -> None:
    world.sandbox.jira.rules.required_fields = {"customfield_10010"}
    issue = world.issue()
    outcome = world.created(issue)
    assert isinstance(outcome, Failed)
    assert 'Team is required. Set it in JIRA_FIELDS: {"customfield_10010": …}' in outcome.why
    world.set(JIRA_FIELDS='{"customfield_10010": "A"}')
    assert result(world.created(issue))["created"] is True


def test_a_template_that_does_not_fit_an_issue_ends_the_delivery_with_a_reason(world: World) -> None:
    world.set(JIRA_DESCRIPTION_TEMPLATE="{{ 5 // issue.id }}{{ 5 // (issue.id - 1) if issue.name == 'odd' }}")
    outcome = world.created(world.issue("odd"))
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert outcome.why.startswith("JIRA_DESCRIPTION_TEMPLATE, line 1: ")


def test_a_plain_creation_asks_jira_no_more_than_it_must(world: World) -> None:
    world.created(world.issue("first"))
    seen = world.requests()
    world.created(world.issue("second"))
    assert seen() == ["GET /jira/rest/api/2/search/jql", "POST /jira/rest/api/2/issue"]


@pytest.mark.parametrize("wiped", [False, True])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/abc/.*/issues/1$"),
        ("POST", "/abc/.*/issues/search$"),
        ("GET", "/jira/.*/search"),
        ("POST", "/jira/.*/issue$"),
        ("GET", "/jira/.*/transitions$"),
        ("POST", "/jira/.*/transitions$"),
        ("PUT", "/abc/.*/issues/1$"),
    ],
)
def test_cut_off_at_any_call_it_ends_with_one_ticket_that_abc_knows(
    world: World, method: str, path: str, kind: Kind, wiped: bool
) -> None:
    """Three events in turn, each of whose first attempts is cut off at the same call; the ledger may be lost, too."""
    world.set(JIRA_STATUS_MAP=STATUS_MAP, JIRA_SEARCH_LAG="0")
    issue = world.issue(status="IN_PROGRESS")
    for deliver in (world.created, world.status_changed, world.status_changed):
        world.sandbox.faults.clear()
        world.sandbox.faults.add(kind, method=method, path=path)
        context = world.context(age=500)
        outcome = deliver(issue, context)
        while isinstance(outcome, Retry):
            if wiped:
                world.wipe()
            context = context.next_attempt()
            outcome = deliver(issue, context)
        assert isinstance(outcome, Done | Skipped)
    assert world.sandbox.jira.created_count == 1
    assert world.sandbox.abc.issue(issue.id).externalIssueId == "1"
    assert world.ticket().status == "3"


@pytest.mark.parametrize("cut", [False, True])
def test_the_link_holds_the_ticket_s_address_for_other_connectors(world: World, cut: bool) -> None:
    """`cut`: the answer to the create was lost, and the ticket is found by its marker."""
    if cut:
        world.sandbox.faults.add("drop_after", system="jira", method="POST", path="/issue$")
    issue = world.issue()
    world.created(issue)
    world.created(issue)
    site = f"{world.sandbox.url}/jira/browse"
    assert world.links.get("abc:issue:1:1")["url"] == f"{site}/PROJ-1"
    world.sandbox.jira.move("PROJ-1", "MOBILE")
    world.created(issue)
    assert world.links.get("abc:issue:1:1")["url"] == f"{site}/MOBILE-1"


def test_a_person_s_ticket_has_its_address_in_the_link_too(world: World) -> None:
    world.sandbox.jira.create({"fields": {"project": {"key": "PROJ"}, "issuetype": {"name": "Bug"}, "summary": "x"}})
    world.added(world.feedback(), world.issue(externalIssueId="1"))
    link = world.links.get("abc:issue:1:1")
    assert link["url"] == f"{world.sandbox.url}/jira/browse/PROJ-1"
    assert "key" not in link


@pytest.mark.parametrize(
    ("base", "site"),
    [("https://example.atlassian.net/", "https://example.atlassian.net"), (None, None), ("javascript:x", None)],
)
def test_at_atlassian_s_gateway_the_site_is_the_address_for_people(
    world: World, monkeypatch: pytest.MonkeyPatch, base: object, site: str | None
) -> None:
    monkeypatch.setattr("connectors.jira.port.GATEWAY", "//127.0.0.1")
    body = {"deploymentType": "Cloud", "baseUrl": base}
    world.sandbox.faults.add("status", system="jira", path="serverInfo", status=200, body=body, times=None)
    world.created(world.issue())
    expected = site or f"{world.sandbox.url}/jira"
    assert world.links.get("abc:issue:1:1")["url"] == f"{expected}/browse/PROJ-1"


def test_many_threads_share_one_connector(world: World) -> None:
    issues = [world.issue(f"issue {number}") for number in range(24)]
    world.connector()
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(world.created, issues))
    assert {result(outcome)["ticket"] for outcome in outcomes} == {f"PROJ-{number}" for number in range(1, 25)}
    for issue in issues:
        key = f"PROJ-{world.sandbox.abc.issue(issue.id).externalIssueId}"
        assert world.ticket(key).fields["summary"] == issue.name


def test_an_id_that_was_given_to_a_later_issue_gets_a_ticket_of_its_own(world: World) -> None:
    """ABC was restored from a backup: issue 1 is another issue now, and the link of the first one does not count."""
    issue = world.issue("Payment fails")
    world.created(issue)
    world.sandbox.abc.issues.clear()
    later = replace(issue, createdAt="2026-12-24T10:00:00.000Z", externalIssueId=None, name="Login fails")
    world.sandbox.abc.issues[issue.id] = later
    world.ticket().fields["labels"] = []
    assert isinstance(world.created(issue), Done)
    assert later.externalIssueId == "2"
    assert world.links.get("abc:issue:1:1", Issue(id=1, createdAt=later.createdAt).creation)["key"] == "PROJ-2"


def test_an_event_of_an_earlier_issue_with_the_same_id_does_nothing(world: World) -> None:
    issue = world.issue("Payment fails")
    event = AbcEvent(
        id="e",
        source="abc",
        name="ISSUE_STATUS_CHANGE",
        subject=Subject("abc", "issue", 1, 1),
        occurred=0.0,
        body={},
        project=Named(id=1, name="Demo project"),
        issue=Issue(id=issue.id, createdAt="2024-01-01T00:00:00.000Z"),
    )
    outcome = world.connector().deliver(event, world.context())
    assert isinstance(outcome, Skipped)
    assert "belongs to a later issue" in outcome.why
    assert world.tickets() == []
