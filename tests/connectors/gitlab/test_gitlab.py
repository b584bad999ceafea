"""What is GitLab's own: roles and scopes, limits, quick actions, moved issues, projects by id and by path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.environment import ConfigError
from bridge.settings import KeyMap, load
from connectors.base import Done, Failed, Outcome, Retry, Skipped, Tools
from connectors.gitlab import SPEC
from connectors.gitlab.settings import Settings
from sources.abc.client import AbcClient
from tests.connectors.gitlab.contract import variables
from tests.connectors.gitlab.world import ByIdWorld, GitLabWorld
from tools.sandbox.gitlab import GUEST, ME, OTHER, PERSON, PLANNER, PROJECT, TOKEN
from tools.sandbox.server import running

BASE = {"GITLAB_TOKEN": TOKEN, "GITLAB_PROJECT": PROJECT}


@pytest.fixture
def world() -> Iterator[GitLabWorld]:
    with running() as sandbox:
        yield GitLabWorld(sandbox, variables(sandbox.url, PROJECT))


@pytest.fixture
def by_id() -> Iterator[ByIdWorld]:
    with running() as sandbox:
        yield ByIdWorld(sandbox, variables(sandbox.url, "5"))


def result(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    return dict(outcome.result)


def wrong(world: GitLabWorld) -> list[str]:
    return [check.what for check in world.connector().check() if not check.ok]


def marker(world: GitLabWorld, issue: Any) -> str:
    return f"<!-- {world.marker(issue)} -->"


def test_a_ticket_has_title_text_hidden_marker_and_labels(world: GitLabWorld) -> None:
    world.set(GITLAB_LABELS="voc,from app")
    issue = world.issue("결제가 안 돼요 @mina", description="/close\n@mina see #12")
    made = {"ticket": "acme/app#1", "created": True, "external_id": "1", "status": "opened"}
    assert result(world.created(issue)) == made
    row = world.row()
    assert (row.title, row.labels, row.state) == ("결제가 안 돼요 @\u200bmina", ["voc", "from app"], "opened")
    assert row.description == (
        f"\\/close\n@\u200bmina see \\#\u200b12\n\nFrom ABC User Feedback: project Demo project, issue {issue.id}\n\n"
        + marker(world, issue)
    )
    assert world.sandbox.gitlab.executed == []


def test_a_quick_action_in_a_feedback_is_text(world: GitLabWorld) -> None:
    issue, feedback = world.issue(), world.feedback(message="/close\n/label ~bug")
    world.added(feedback, issue)
    assert world.bodies() == [
        f"Feedback {feedback} (App reviews)\n> \\/close\n> \\/label \\~\u200bbug\n"
        f"<!-- {world.feedback_marker(feedback)} -->"
    ]
    assert world.sandbox.gitlab.executed == []


@pytest.mark.parametrize(
    ("url", "external_id", "address"),
    [
        ("", "12", "https://gitlab.com/acme/app/-/issues/12"),
        ("https://git.example.com/tools", "12", "https://git.example.com/tools/acme/app/-/issues/12"),
        ("", "acme/mobile/web#3", "https://gitlab.com/acme/mobile/web/-/issues/3"),
        ("", "7#3", ""),
        ("", "PROJ-1", ""),
        ("", "acme/..#1", ""),
        ("", "0", ""),
    ],
)
def test_an_external_id_leads_to_the_address_for_people(url: str, external_id: str, address: str) -> None:
    assert SPEC.tickets is not None
    assert SPEC.tickets.address(load(Settings, {**BASE, "GITLAB_URL": url}), 1, external_id) == address


def test_a_project_by_its_id_has_tickets_with_an_address_for_people(by_id: ByIdWorld) -> None:
    issue = by_id.issue()
    assert result(by_id.created(issue))["ticket"] == "5#1"
    assert by_id.links.get("abc:issue:1:1")["url"] == f"{by_id.sandbox.url}/gitlab/acme/app/-/issues/1"


@pytest.mark.parametrize("external_id", ["acme/app#1", "ACME/App#1", "5#1", "1"])
def test_id_and_path_name_the_same_project(by_id: ByIdWorld, external_id: str) -> None:
    issue = by_id.issue()
    by_id.sandbox.gitlab.create(by_id.project(), {"title": "by hand"})
    by_id.sandbox.abc.issues[issue.id].externalIssueId = external_id
    assert result(by_id.status_changed(issue))["ticket"] == "5#1"


def test_another_project_s_issue_is_left_alone(world: GitLabWorld) -> None:
    issue = world.issue(status="RESOLVED")
    world.sandbox.gitlab.create(world.project(OTHER), {"title": "by hand"})
    world.sandbox.abc.issues[issue.id].externalIssueId = f"{OTHER}#1"
    outcome = world.status_changed(issue)
    assert isinstance(outcome, Skipped)
    assert "is not in the GitLab project acme/app" in outcome.why
    assert world.row(f"{OTHER}#1").state == "opened"


def test_a_copy_of_the_marker_by_somebody_else_is_no_ticket_of_ours(world: GitLabWorld) -> None:
    issue, gitlab = world.issue(), world.sandbox.gitlab
    gitlab.create(world.project(), {"title": "mine", "description": f"hi\n{marker(world, issue)}"}, PERSON)
    assert result(world.created(issue))["ticket"] == "acme/app#2"
    gitlab.note(world.row("acme/app#2"), f"x\n<!-- {world.feedback_marker(world.feedback())} -->", PERSON)
    assert result(world.added(1, issue))["comment"] == "added"


def test_a_former_account_s_tickets_are_ours(world: GitLabWorld) -> None:
    issue, old = world.issue(), {"id": 7, "username": "old-bot"}
    world.sandbox.gitlab.create(world.project(), {"title": "x", "description": marker(world, issue)}, old)
    world.set(GITLAB_FORMER_ACCOUNTS="old-bot")
    assert result(world.created(issue))["ticket"] == "acme/app#1"


def test_a_ticket_beyond_the_newest_300_is_found_by_the_search(world: GitLabWorld) -> None:
    issue, gitlab = world.issue(), world.sandbox.gitlab
    gitlab.create(world.project(), {"title": "x", "description": marker(world, issue)}, ME)
    for number in range(300):
        gitlab.create(world.project(), {"title": f"t{number}"}, ME)
    assert result(world.created(issue))["ticket"] == "acme/app#1"


def test_a_comment_is_found_among_many(world: GitLabWorld) -> None:
    issue, feedback = world.issue(), world.feedback()
    world.added(feedback, issue)
    for number in range(100):
        world.sandbox.gitlab.note(world.row(), f"talk {number}")
    assert result(world.added(feedback, issue))["comment"] == "already exists"


def test_a_comment_is_found_among_many_of_a_megabyte(world: GitLabWorld) -> None:
    """A page of them is a larger answer than we read."""
    issue, feedback = world.issue(), world.feedback()
    world.added(feedback, issue)
    for _ in range(9):
        world.sandbox.gitlab.note(world.row(), "x" * 1_000_000)
    assert result(world.added(feedback, issue))["comment"] == "already exists"


def test_a_moved_issue_is_followed_and_its_closed_original_stays(world: GitLabWorld) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.gitlab.move(PROJECT, 1, OTHER)
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    moved = result(world.status_changed(issue))
    assert (moved["ticket"], moved["moved_from"], moved["status"]) == (f"{OTHER}#1", "acme/app#1", "closed")
    assert world.links.get("abc:issue:1:1")["key"] == f"{OTHER}#1"
    world.sandbox.abc.set_status(issue.id, "INIT")
    assert result(world.status_changed(issue))["status"] == "opened"
    assert (world.row(f"{OTHER}#1").state, world.row("acme/app#1").state) == ("opened", "closed")


def test_after_a_wiped_redis_a_moved_issue_is_found_by_its_marker(world: GitLabWorld) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.gitlab.move(PROJECT, 1, OTHER)
    world.wipe()
    world.sandbox.abc.issues[issue.id].externalIssueId = None
    assert result(world.created(issue))["ticket"] == f"{OTHER}#1"
    assert world.made() == 1


def test_an_original_that_was_opened_again_is_the_ticket(world: GitLabWorld) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.gitlab.move(PROJECT, 1, OTHER)
    world.row().state = "opened"
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    assert result(world.status_changed(issue))["ticket"] == "acme/app#1"


def test_an_issue_that_was_moved_out_of_reach_names_the_token(world: GitLabWorld) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.gitlab.move(PROJECT, 1, OTHER)
    world.project(OTHER).level = None
    outcome = world.status_changed(issue, world.context(delivery_id="later.test"))
    assert outcome == Failed("acme/app#1 was moved to a project that GITLAB_TOKEN has no access to", "auth")


def test_a_status_that_gitlab_does_not_change_is_commented_once(world: GitLabWorld) -> None:
    issue = world.issue()
    world.created(issue)
    world.row().frozen = True
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    for _ in range(2):
        assert "needs the role Planner or Reporter" in result(world.status_changed(issue))["warning"]
    (comment,) = world.bodies()
    assert "please move the ticket by hand" in comment


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"issues_on": False}, "issues are switched off in the GitLab project acme/app"),
        ({"level": None}, "GITLAB_TOKEN no longer gives access to the GitLab project acme/app"),
    ],
)
def test_a_ticket_that_can_t_be_read_is_reported_with_the_reason(
    world: GitLabWorld, values: dict[str, Any], why: str
) -> None:
    issue = world.issue()
    world.created(issue)
    for name, value in values.items():
        setattr(world.project(), name, value)
    outcome = world.status_changed(issue, world.context(delivery_id="later.test"))
    assert isinstance(outcome, Failed)
    assert why in outcome.why


def test_a_renamed_project_is_not_written_to_under_its_old_name(world: GitLabWorld) -> None:
    world.sandbox.gitlab.rename(PROJECT, "acme/application")
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, "correct GITLAB_PROJECT" in outcome.why) == ("config", True)
    (what,) = wrong(world)
    assert "acme/app is called acme/application now" in what


@pytest.mark.parametrize(
    ("headers", "after"),
    [({"Retry-After": "42"}, 42), ({}, 60), ({"RateLimit-Reset": "17"}, 17)],
)
def test_a_rate_limit_in_plain_text_is_waited_for(world: GitLabWorld, headers: dict[str, str], after: float) -> None:
    world.sandbox.faults.add(
        "status", system="gitlab", method="POST", status=429, headers=headers, body="Retry later\n"
    )
    outcome = world.created(world.issue())
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("rate_limited", after)


def test_more_notes_than_gitlab_takes_are_retried_after_a_minute(world: GitLabWorld) -> None:
    world.sandbox.gitlab.new_notes.most = 1
    issue = world.issue()
    world.added(world.feedback(), issue)
    outcome = world.added(world.feedback(message="second"), issue)
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("rate_limited", 60)


def test_a_name_and_a_text_beyond_the_limit_fit(world: GitLabWorld) -> None:
    """255 is GitLab's number; the stand-in refuses what is longer."""
    issue = world.issue()
    issue.name, issue.description = "@a" * 300, "👍" * 700_000  # older issues may be that long
    world.created(issue)
    row = world.row()
    assert len(row.title) == 255
    assert len(row.description) <= 1_048_576
    assert row.description.endswith(marker(world, issue))
    assert result(world.added(world.feedback(message="_" * 1_100_000), issue))["comment"] == "added"


def test_check_names_what_works(world: GitLabWorld) -> None:
    world.sandbox.gitlab.expires = "2027-01-31"
    assert [(check.ok, check.what) for check in world.connector().check()] == [
        (True, "signed in as project_5_bot"),
        (True, "GITLAB_TOKEN expires on 2027-01-31"),
        (True, "acme/app: issues can be created"),
    ]
    assert world.tickets() == [], "nothing is changed"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"level": None}, "GITLAB_PROJECT is wrong, or GITLAB_TOKEN has no access"),
        ({"level": 0}, "GITLAB_TOKEN lacks a permission"),
        ({"archived": True}, "the project is archived"),
        ({"issues_on": False}, "issues are switched off in the GitLab project acme/app"),
        ({"level": GUEST}, "GITLAB_LABELS: GitLab drops labels of this account in acme/app: give it the role Planner"),
    ],
)
def test_check_names_what_is_missing(world: GitLabWorld, change: dict[str, Any], why: str) -> None:
    world.set(GITLAB_LABELS="voc")
    for name, value in change.items():
        setattr(world.project(), name, value)
    (what,) = wrong(world)
    assert why in what


def test_check_has_nothing_against_a_role_that_is_enough(world: GitLabWorld) -> None:
    world.set(GITLAB_LABELS="voc")
    world.project().level = PLANNER
    assert wrong(world) == []


def test_check_names_a_missing_scope_and_an_expired_token(world: GitLabWorld) -> None:
    world.sandbox.gitlab.scopes = ("read_api",)
    scope, create = wrong(world)
    assert scope == "GITLAB_TOKEN lacks the scope api"
    assert "insufficient_scope" in create
    world.sandbox.gitlab.expired = True
    (what,) = wrong(world)
    assert "renew GITLAB_TOKEN" in what
    assert "Token is expired" in what


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"GITLAB_PROJECT": "acme"}, "GITLAB_PROJECT: 'acme' is no GitLab project"),
        ({"GITLAB_PROJECT": "1=acme/app,x=5"}, "GITLAB_PROJECT: 'x' is not an ABC project id"),
        ({"GITLAB_PROJECT": "acme/.."}, "GITLAB_PROJECT: "),
        ({"GITLAB_PROJECT": "0"}, "GITLAB_PROJECT: "),
        ({"GITLAB_STATUS_MAP": "RESOLVED=done"}, "GITLAB_STATUS_MAP: 'done' is not a status"),
        ({"GITLAB_LABELS": "x" * 256}, "GITLAB_LABELS: GitLab's labels have at most 255"),
        ({"GITLAB_TOKEN": "a b"}, "GITLAB_TOKEN: "),
    ],
)
def test_a_wrong_variable_is_reported_at_the_start(changes: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(Settings, {**BASE, **changes})
    assert raised.value.problems[0].startswith(problem)


def test_a_burst_of_24_deliveries_passes_within_half_a_minute() -> None:
    """And with two writes for each delivery there are fewer than the 300 a minute that GitLab takes."""
    tools = Tools("gitlab", "test", "en", {"abc": AbcClient("http://abc.test", KeyMap({}))}, 4)
    destination = SPEC.build(load(Settings, BASE), tools).destination(None)  # type: ignore[arg-type]
    assert destination.burst + 30 * destination.per_second >= 24
    assert 2 * (destination.burst + 60 * destination.per_second) < 300


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"message": {"title": ["is too long (maximum is 255 characters)"]}}, "title is too long (maximum is 255 char"),
        ({"message": {"title": ["ZQmyopinionQZ"], "ZQmyopinionQZ": ["can't be blank"]}}, "answered 400: title"),
        ({"message": '400 (Bad request) "title" not given'}, '"title" not given'),
        ({"error": "title is missing"}, "title is missing"),
        ({"error": f"the token {TOKEN} and ZQmyopinionQZ"}, "GitLab answered 400"),
    ],
)
def test_outcomes_repeat_known_messages_only(world: GitLabWorld, body: Any, why: str) -> None:
    world.sandbox.faults.add("status", system="gitlab", method="POST", status=400, body=body)
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert why in outcome.why
    assert "ZQmyopinionQZ" not in outcome.why
    assert TOKEN not in outcome.why
