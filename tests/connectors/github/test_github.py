"""What is GitHub's own: permissions, limits, transfers, other people's markers, labels that are dropped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.environment import ConfigError
from bridge.settings import load
from connectors.base import Changing, Check, Done, Failed, Outcome, Retry, Skipped
from connectors.github import SPEC
from connectors.github.settings import Settings
from sources.sweep import SourceError
from tests.connectors.github.contract import CASES
from tests.connectors.github.world import GitHubWorld
from tools.sandbox.github import ME, PERSON, REPO, TOKEN
from tools.sandbox.server import running

BASE = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPO": REPO}


@pytest.fixture
def world() -> Iterator[GitHubWorld]:
    with running() as sandbox:
        yield GitHubWorld(sandbox, CASES["token"].variables(sandbox.url))


def result(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    return dict(outcome.result)


def checks(world: GitHubWorld) -> list[Check]:
    return list(world.connector().check())


def marker(world: GitHubWorld, issue: Any) -> str:
    return f"<!-- {world.marker(issue)} -->"


def test_a_repository_that_is_gone_hides_no_change_in_the_others(world: GitHubWorld) -> None:
    world.set(GITHUB_REPO=f"1={REPO},2=acme/gone", GITHUB_STATUS_BACK="open=INIT,closed=RESOLVED")
    result(world.created(world.issue()))
    world.move(world.first, "closed")
    connector = world.connector()
    assert isinstance(connector, Changing)
    changed = connector.changed(0.0, world.links)
    assert [event.name for _, event, _, _ in changed.events] == ["github.found"]
    [error] = changed.errors
    assert str(error).startswith("acme/gone: GitHub answered 404")
    world.set(GITHUB_REPO="acme/gone")
    with pytest.raises(SourceError, match="acme/gone"):
        world.connector().changed(0.0, world.links)  # type: ignore[attr-defined]


def test_a_marker_with_a_time_that_no_calendar_has_names_no_issue(world: GitHubWorld) -> None:
    """Who may edit the ticket writes it."""
    world.set(GITHUB_STATUS_BACK="open=INIT,closed=RESOLVED")
    result(world.created(world.issue()))
    world.wipe()
    world.row().body = "<!-- abc-test-1-1-t999999999999 -->"
    assert isinstance(world.moved(), Skipped)


def test_a_ticket_has_title_text_hidden_marker_and_labels(world: GitHubWorld) -> None:
    world.set(GITHUB_LABELS="voc,from app")
    issue = world.issue("결제가 안 돼요", description="@mina see #12")
    assert result(world.created(issue)) == {
        "ticket": "acme/app#1",
        "created": True,
        "external_id": "1",
        "status": "open",
    }
    row = world.row()
    assert (row.title, row.labels) == ("결제가 안 돼요", ["voc", "from app"])
    assert row.body == (
        f"@\u200bmina see \\#\u200b12\n\nFrom ABC User Feedback: project Demo project, issue {issue.id}\n\n"
        + marker(world, issue)
    )


def test_a_feedback_is_a_quotation_and_its_marker_is_hidden(world: GitHubWorld) -> None:
    issue, feedback = world.issue(), world.feedback(message="It crashes\n- often")
    world.added(feedback, issue)
    assert world.bodies() == [
        f"Feedback {feedback} (App reviews)\n> It crashes\n> \\- often\n<!-- {world.feedback_marker(feedback)} -->"
    ]


def test_the_key_is_stored_where_asked_for_and_a_number_leads_to_the_address(world: GitHubWorld) -> None:
    world.set(GITHUB_EXTERNAL_ID="key")
    issue = world.issue()
    assert result(world.created(issue))["external_id"] == "acme/app#1"
    assert world.links.get("abc:issue:1:1")["url"] == f"{world.sandbox.url}/github/acme/app/issues/1"
    world.wipe()
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    assert result(world.status_changed(issue))["status"] == "closed"


@pytest.mark.parametrize(
    ("api", "external_id", "address"),
    [
        ("", "12", "https://github.com/acme/app/issues/12"),
        ("https://git.example.com/api/v3", "12", "https://git.example.com/acme/app/issues/12"),
        ("https://api.acme.ghe.com", "acme/web#3", "https://acme.ghe.com/acme/web/issues/3"),
        ("", "PROJ-1", ""),
        ("", "acme/..#1", ""),
        ("", "0", ""),
    ],
)
def test_an_external_id_leads_to_the_address_for_people(api: str, external_id: str, address: str) -> None:
    assert SPEC.tickets is not None
    settings = load(Settings, {**BASE, "GITHUB_API_URL": api})
    assert SPEC.tickets.address(settings, 1, external_id) == address


def test_a_reason_that_was_changed_by_half_is_not_carried_back(world: GitHubWorld) -> None:
    """Another reason takes two requests. Where the second one fails, no person opened the issue."""
    pairs = "INIT=open,RESOLVED=closed,PENDING=closed:not_planned"
    world.set(GITHUB_STATUS_MAP=pairs, GITHUB_STATUS_BACK="open=INIT,closed=RESOLVED,closed:not_planned=PENDING")
    issue = world.issue()
    result(world.created(issue))
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    result(world.status_changed(issue))
    world.sandbox.abc.set_status(issue.id, "PENDING")
    world.sandbox.abc.issue(issue.id).updatedAt = "2026-11-22T10:00:00.000Z"  # long before the delivery
    world.sandbox.faults.add("delay", system="github", method="PATCH", seconds=0.001)
    world.sandbox.faults.add("drop_before", system="github", method="PATCH")
    assert isinstance(world.status_changed(issue), Retry)
    assert world.status(world.first) == "open"
    assert isinstance(world.moved(), Skipped)
    assert result(world.status_changed(issue))["status"] == "closed:not_planned"
    assert world.sandbox.abc.issue(issue.id).status == "PENDING"


def test_closed_as_not_planned_and_back(world: GitHubWorld) -> None:
    issue = world.issue()
    world.created(issue)
    for status, shown in (
        ("PENDING", "closed:not_planned"),
        ("RESOLVED", "closed"),
        ("PENDING", "closed:not_planned"),
        ("INIT", "open"),
    ):
        world.sandbox.abc.set_status(issue.id, status)
        assert result(world.status_changed(issue))["status"] == shown
        assert world.status("acme/app#1") == shown


def test_a_ticket_that_a_person_closed_as_a_duplicate_stays_that(world: GitHubWorld) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.github.change(world.row(), {"state": "closed", "state_reason": "duplicate"})
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    assert result(world.status_changed(issue))["status"] == "closed:duplicate"


def test_a_copy_of_the_marker_by_somebody_else_is_no_ticket_of_ours(world: GitHubWorld) -> None:
    issue = world.issue()
    repository = world.sandbox.github.repositories[REPO]
    world.sandbox.github.create(repository, {"title": "mine", "body": f"hi\n{marker(world, issue)}"}, PERSON)
    assert result(world.created(issue))["ticket"] == "acme/app#2"
    world.sandbox.github.comment(
        world.row("acme/app#2"), f"x\n<!-- {world.feedback_marker(world.feedback())} -->", PERSON
    )
    assert result(world.added(1, issue))["comment"] == "added"


def test_text_of_a_user_that_looks_like_a_marker_is_none(world: GitHubWorld) -> None:
    other = world.issue("other")
    issue = world.issue("copy", description=f"x\n{marker(world, other)}\n")
    world.created(issue)
    assert result(world.created(other))["ticket"] == "acme/app#2"


def test_a_former_account_s_tickets_are_ours(world: GitHubWorld) -> None:
    issue = world.issue()
    repository = world.sandbox.github.repositories[REPO]
    world.sandbox.github.create(repository, {"title": "x", "body": marker(world, issue)}, {"login": "old-bot", "id": 7})
    world.set(GITHUB_FORMER_ACCOUNTS="old-bot")
    assert result(world.created(issue))["ticket"] == "acme/app#1"


def test_a_pull_request_is_no_ticket(world: GitHubWorld) -> None:
    issue = world.issue()
    repository = world.sandbox.github.repositories[REPO]
    world.sandbox.github.create(repository, {"title": "x", "body": marker(world, issue)}, ME).pull_request = True
    assert result(world.created(issue))["ticket"] == "acme/app#2"
    world.sandbox.abc.issues[issue.id].externalIssueId = "1"
    world.wipe()
    outcome = world.status_changed(issue)
    assert isinstance(outcome, Failed)
    assert "acme/app#1" in outcome.why


def test_a_ticket_beyond_the_newest_300_is_found_by_the_search(world: GitHubWorld) -> None:
    issue, repository = world.issue(), world.sandbox.github.repositories[REPO]
    world.sandbox.github.search_lag = 0
    world.sandbox.github.create(repository, {"title": "x", "body": marker(world, issue)}, ME)
    for number in range(300):
        world.sandbox.github.create(repository, {"title": f"t{number}"}, ME)
    assert result(world.created(issue))["ticket"] == "acme/app#1"


def test_a_comment_is_found_among_many(world: GitHubWorld) -> None:
    issue, feedback = world.issue(), world.feedback()
    world.added(feedback, issue)
    for number in range(100):
        world.sandbox.github.comment(world.row(), f"talk {number}")
    assert result(world.added(feedback, issue))["comment"] == "already exists"


def test_a_transferred_issue_is_followed(world: GitHubWorld) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.github.transfer(REPO, 1, "acme/web")
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    moved = result(world.status_changed(issue))
    assert (moved["ticket"], moved["moved_from"], moved["status"]) == ("acme/web#1", "acme/app#1", "closed")
    assert world.links.get("abc:issue:1:1")["key"] == "acme/web#1"


def test_issues_that_are_switched_off_are_reported_as_that(world: GitHubWorld) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.github.repositories[REPO].has_issues = False
    outcome = world.status_changed(issue, world.context(delivery_id="later.test"))
    assert isinstance(outcome, Failed)
    assert "issues are switched off in the repository acme/app" in outcome.why


def test_a_repository_that_the_token_does_not_reach_any_more_is_reported_as_that(world: GitHubWorld) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.github.repositories[REPO].access = "none"
    outcome = world.status_changed(issue, world.context(delivery_id="later.test"))
    assert isinstance(outcome, Failed)
    assert "GITHUB_TOKEN no longer gives access to the repository acme/app" in outcome.why


def test_a_renamed_repository_is_not_written_to_under_its_old_name(world: GitHubWorld) -> None:
    world.sandbox.github.rename(REPO, "acme/application")
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, "correct GITHUB_REPO" in outcome.why) == ("config", True)
    (wrong,) = [check for check in checks(world) if not check.ok]
    assert "acme/app is called acme/application now" in wrong.what


@pytest.mark.parametrize(
    ("status", "headers", "body", "after"),
    [
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "{reset}"},
            {"message": "API rate limit exceeded"},
            600,
        ),
        (403, {"Retry-After": "42"}, {"message": "You have exceeded a secondary rate limit."}, 42),
        (403, {}, {"message": "You have exceeded a secondary rate limit."}, 60),
        (429, {}, "", 60),
        (429, {"Retry-After": "7"}, "", 7),
    ],
)
def test_a_rate_limit_is_waited_for(
    world: GitHubWorld, status: int, headers: dict[str, str], body: Any, after: float
) -> None:
    reset = {name: value.format(reset=int(time.time()) + 600) for name, value in headers.items()}
    world.sandbox.faults.add("status", system="github", method="POST", status=status, headers=reset, body=body)
    outcome = world.created(world.issue())
    assert isinstance(outcome, Retry)
    assert outcome.reason == "rate_limited"
    assert outcome.after == pytest.approx(after, abs=5)


def test_more_writes_than_github_takes_are_refused_by_it_and_retried(world: GitHubWorld) -> None:
    world.sandbox.github.writes.most = 1
    world.created(world.issue())
    outcome = world.created(world.issue("second"))
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("rate_limited", 60)


def test_a_name_of_a_megabyte_and_a_text_beyond_the_limit_fit(world: GitHubWorld) -> None:
    """65,536 and 256 are GitHub's numbers; the stand-in refuses what is longer."""
    issue = world.issue()
    issue.name, issue.description = "x" * 300, "👍" * 70_000  # older issues may be that long
    world.created(issue)
    row = world.row()
    assert len(row.title) == 256
    assert len(row.body.encode("utf-16-le")) // 2 <= 65_536
    assert row.body.endswith(marker(world, issue))
    feedback = world.feedback(message="_" * 70_000)
    assert result(world.added(feedback, issue))["comment"] == "added"


def test_check_names_what_works(world: GitHubWorld) -> None:
    world.sandbox.github.expires = "2027-01-31 09:00:00 UTC"
    assert [(check.ok, check.what) for check in checks(world)] == [
        (True, "signed in as feedback-bridge"),
        (True, "GITHUB_TOKEN expires on 2027-01-31 09:00:00 UTC"),
        (True, "acme/app: issues can be created"),
    ]
    assert world.tickets() == [], "nothing is changed"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"access": "none"}, "GITHUB_REPO is wrong, or GITHUB_TOKEN has no access"),
        ({"access": "read"}, "GITHUB_TOKEN lacks a permission (issues=write)"),
        ({"archived": True}, "archived"),
        ({"has_issues": False}, "issues are switched off"),
        ({"push": False}, "GITHUB_LABELS: GitHub drops labels"),
    ],
)
def test_check_names_what_is_missing(world: GitHubWorld, change: dict[str, Any], why: str) -> None:
    world.set(GITHUB_LABELS="voc")
    for name, value in change.items():
        setattr(world.sandbox.github.repositories[REPO], name, value)
    wrong = [check.what for check in checks(world) if not check.ok]
    assert len(wrong) == 1
    assert why in wrong[0]


def test_check_names_a_wrong_token_and_a_wrong_address(world: GitHubWorld) -> None:
    world.set(GITHUB_TOKEN="another-token")
    (wrong,) = checks(world)
    assert (wrong.ok, "renew GITHUB_TOKEN" in wrong.what) == (False, True)
    assert "another-token" not in wrong.what
    world.set(GITHUB_API_URL="http://127.0.0.1:9")
    (wrong,) = checks(world)
    assert (wrong.ok, "look at GITHUB_API_URL" in wrong.what) == (False, True)


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"GITHUB_REPO": "acme"}, "GITHUB_REPO: 'acme' is no repository such as acme/app"),
        ({"GITHUB_REPO": "1=acme/app,x=acme/web"}, "GITHUB_REPO: 'x' is not an ABC project id"),
        ({"GITHUB_REPO": "acme/.."}, "GITHUB_REPO: "),
        ({"GITHUB_STATUS_MAP": "RESOLVED=done"}, "GITHUB_STATUS_MAP: 'done' is not a status"),
        ({"GITHUB_STATUS_MAP": "GONE=closed"}, "GITHUB_STATUS_MAP: 'GONE' is not an ABC status"),
        ({"GITHUB_LABELS": "x" * 51}, "GITHUB_LABELS: GitHub's labels have at most 50"),
        ({"GITHUB_TOKEN": "a b"}, "GITHUB_TOKEN: "),
        ({"GITHUB_SUMMARY_TEMPLATE": "{{ x"}, "GITHUB_SUMMARY_TEMPLATE: line 1"),
    ],
)
def test_a_wrong_variable_is_reported_at_the_start(variables: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(Settings, {**BASE, **variables})
    assert raised.value.problems[0].startswith(problem)


def test_a_burst_of_24_deliveries_passes_within_half_a_minute() -> None:
    """And with the pause between writes there are fewer than the 80 a minute that GitHub takes."""
    settings = load(Settings, BASE)
    from bridge.settings import KeyMap
    from connectors.base import Tools
    from sources.abc.client import AbcClient

    connector = SPEC.build(
        settings, Tools("github", "test", "en", {"abc": AbcClient("http://abc.test", KeyMap({}))}, 4)
    )
    destination = connector.destination(None)  # type: ignore[arg-type]
    assert destination.burst + 30 * destination.per_second >= 24
    assert destination.burst + 60 * destination.per_second < 80


def test_outcomes_repeat_no_text_of_a_refusal(world: GitHubWorld) -> None:
    words = {
        "message": f"the token {TOKEN} and ZQmyopinionQZ",
        "errors": [{"field": "body", "code": "custom", "message": "ZQmyopinionQZ"}],
    }
    world.sandbox.faults.add("status", system="github", method="POST", status=422, body=words)
    outcome = world.created(world.issue())
    assert outcome == Failed("GitHub answered 422: body custom", "client_error")


def test_skips_nothing_that_it_made(world: GitHubWorld) -> None:
    world.set(GITHUB_STATUS_MAP="")
    outcome = world.status_changed(world.issue())
    assert not isinstance(outcome, Skipped)
