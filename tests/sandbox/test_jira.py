"""The stand-in for Jira, through the `jira` library that the bridge uses and plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from jira import JIRA, JIRAError

from tools.sandbox.app import Sandbox
from tools.sandbox.jira import EMAIL, TOKEN
from tools.sandbox.jira_rules import JqlError, Transition, parse_jql
from tools.sandbox.server import running

FIELDS = {"project": {"key": "PROJ"}, "issuetype": {"name": "Task"}, "summary": "s", "labels": ["fb-1"]}
MINE = 'project = "PROJ" AND labels = "fb-1"'


@pytest.fixture
def cloud(sandbox: Sandbox) -> JIRA:
    return JIRA(f"{sandbox.url}/jira", basic_auth=(EMAIL, TOKEN), max_retries=0, timeout=5)


@pytest.fixture
def server() -> Iterator[tuple[Sandbox, JIRA]]:
    with running(deployment="Server") as sandbox:
        yield sandbox, JIRA(f"{sandbox.url}/jira", token_auth=TOKEN, max_retries=0, timeout=5)


def refusal(call: Any, *arguments: Any, **named: Any) -> tuple[int, dict[str, str]]:
    with pytest.raises(JIRAError) as caught:
        call(*arguments, **named)
    answer = caught.value.response
    assert answer is not None
    return answer.status_code, answer.json()["errors"]


def test_a_ticket_from_beginning_to_end(cloud: JIRA, sandbox: Sandbox) -> None:
    ticket = cloud.create_issue(fields={**FIELDS, "description": "d", "priority": {"name": "High"}})
    assert (ticket.key, ticket.fields.status.name, ticket.fields.summary) == ("PROJ-1", "To Do", "s")
    cloud.add_comment(ticket, "hello")
    assert [comment.body for comment in cloud.comments(ticket)] == ["hello"]
    cloud.add_issue_property(ticket.key, "bridge", {"issue": 1})
    assert cloud.issue_property(ticket.key, "bridge").value.issue == 1
    ticket.update(fields={"summary": "t"})
    cloud.transition_issue(ticket, "21")
    again = cloud.issue(ticket.key)
    assert (again.fields.summary, again.fields.status.name) == ("t", "In Progress")
    assert sandbox.state()["jira"]["tickets"][0]["comments"][0]["body"] == "hello"


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"project": {"key": "NOPE"}}, "project", "valid project"),
        ({"issuetype": {"name": "Nope"}}, "issuetype", "valid issue type"),
        ({"priority": {"name": "Nope"}}, "priority", "not valid"),
        ({"summary": ""}, "summary", "must specify a summary"),
        ({"summary": "a\nb"}, "summary", "newline"),
        ({"summary": "x" * 256}, "summary", "255"),
        ({"description": "x" * 32_768}, "description", "32,767"),
        ({"labels": ["two words"]}, "labels", "spaces"),
        ({"labels": ["x" * 256]}, "labels", "255"),
        ({"customfield_99": "x"}, "customfield_99", "not on the appropriate screen"),
    ],
)
def test_what_it_refuses(cloud: JIRA, sandbox: Sandbox, fields: dict[str, Any], field: str, words: str) -> None:
    status, errors = refusal(cloud.create_issue, fields={**FIELDS, **fields})
    assert status == 400
    assert list(errors) == [field]
    assert words in errors[field]
    assert sandbox.jira.created_count == 0


def test_screens_differ(cloud: JIRA, sandbox: Sandbox) -> None:
    """Labels may be missing from the screen, and a field of their own may be required; createmeta shows it."""
    sandbox.jira.rules.labels_on_screen = False
    sandbox.jira.rules.required_fields = {"customfield_10010"}
    status, errors = refusal(cloud.create_issue, fields=FIELDS)
    assert (status, sorted(errors)) == (400, ["customfield_10010", "labels"])
    url = f"{sandbox.url}/jira/rest/api/2/issue/createmeta/PROJ/issuetypes/10001"
    meta = requests.get(url, auth=(EMAIL, TOKEN), timeout=5).json()
    fields = {field["fieldId"]: field["required"] for field in meta["fields"]}
    assert fields["customfield_10010"]
    assert "labels" not in fields


class TestTransitions:
    def test_a_missing_way_and_a_localised_one(self, cloud: JIRA, sandbox: Sandbox) -> None:
        sandbox.jira.rules.statuses["5"] = ("완료", "done")
        sandbox.jira.rules.transitions = [Transition("41", "완료하기", "5", sources=("3",))]
        ticket = cloud.create_issue(fields=FIELDS)
        assert cloud.transitions(ticket) == []
        assert refusal(cloud.transition_issue, ticket, "41")[0] == 400
        sandbox.jira.tickets["PROJ-1"].status = "3"
        (way,) = cloud.transitions(ticket)
        assert (way["name"], way["to"]["name"], way["to"]["statusCategory"]["key"]) == ("완료하기", "완료", "done")

    def test_a_resolution_is_demanded(self, cloud: JIRA, sandbox: Sandbox) -> None:
        sandbox.jira.rules.transitions = [Transition("41", "Done", "5", resolution=True)]
        ticket = cloud.create_issue(fields=FIELDS)
        assert refusal(cloud.transition_issue, ticket, "41") == (400, {"resolution": "Resolution is required."})
        assert cloud.transitions(ticket, expand="transitions.fields")[0]["fields"]["resolution"]["required"]
        cloud.transition_issue(ticket, "41", fields={"resolution": {"name": "Done"}})
        assert sandbox.jira.tickets["PROJ-1"].status == "5"


class TestSearch:
    def test_cloud_lags_behind(self, cloud: JIRA, sandbox: Sandbox) -> None:
        """What was just made is not found, unless its id is given to be reconciled."""
        sandbox.jira.search_lag = 60
        ticket = cloud.create_issue(fields=FIELDS)
        assert not cloud.enhanced_search_issues(MINE)
        found = cloud.enhanced_search_issues(MINE, reconcileIssues=[int(ticket.id)])
        assert [each.key for each in found] == ["PROJ-1"]

    def test_cloud_has_no_old_search(self, sandbox: Sandbox) -> None:
        for version in ("2", "3"):
            url = f"{sandbox.url}/jira/rest/api/{version}/search"
            assert requests.get(url, params={"jql": MINE}, auth=(EMAIL, TOKEN), timeout=5).status_code == 410

    def test_cloud_answers_ids_only_and_refuses_an_unbounded_search(self, cloud: JIRA, sandbox: Sandbox) -> None:
        cloud.create_issue(fields=FIELDS)
        url = f"{sandbox.url}/jira/rest/api/3/search/jql"

        def search(jql: str) -> requests.Response:
            return requests.get(url, params={"jql": jql}, auth=(EMAIL, TOKEN), timeout=5)

        assert search(MINE).json() == {"issues": [{"id": "10001"}], "isLast": True}
        for jql in ("", "ORDER BY created"):
            assert search(jql).status_code == 400

    def test_pages_by_token(self, cloud: JIRA) -> None:
        for _ in range(5):
            cloud.create_issue(fields=FIELDS, prefetch=False)
        page = cloud.enhanced_search_issues(MINE, maxResults=2, json_result=True, fields="key")
        assert isinstance(page, dict)
        assert (len(page["issues"]), page["isLast"], page["nextPageToken"]) == (2, False, "2")
        assert len(cloud.enhanced_search_issues(MINE, maxResults=0, fields="key")) == 5

    def test_data_center_has_the_old_one(self, server: tuple[Sandbox, JIRA]) -> None:
        sandbox, jira = server
        sandbox.jira.search_lag = 60
        jira.create_issue(fields=FIELDS)
        assert [ticket.key for ticket in jira.search_issues(MINE)] == ["PROJ-1"]
        assert [kind.name for kind in jira.project_issue_types("PROJ")] == ["Task", "Bug", "Story"]

    def test_an_unknown_project(self, cloud: JIRA) -> None:
        assert refusal(cloud.enhanced_search_issues, "project = NOPE")[0] == 400

    @pytest.mark.parametrize("jql", ["labels ~ x", "project = A OR labels = b", "project = A AND", "nonsense = 1"])
    def test_jql_that_is_not_understood_is_refused(self, jql: str) -> None:
        with pytest.raises(JqlError):
            parse_jql(jql)

    def test_jql_is_read_with_its_quotes(self) -> None:
        found = parse_jql('project = "A" and labels in ("x\\"y", z) ORDER BY created DESC')
        assert found == [("project", ["A"]), ("labels", ['x"y', "z"])]


def test_deleted_and_moved(cloud: JIRA, sandbox: Sandbox) -> None:
    """A moved ticket answers to its old key; a deleted one is 404."""
    cloud.create_issue(fields=FIELDS)
    cloud.create_issue(fields=FIELDS)
    sandbox.jira.move("PROJ-1", "MOBILE")
    sandbox.jira.delete("PROJ-2")
    assert cloud.issue("PROJ-1").key == "MOBILE-1"
    with pytest.raises(JIRAError, match="does not exist"):
        cloud.issue("PROJ-2")
    assert sandbox.jira.created_count == 2


@pytest.mark.parametrize("authorization", [None, "Basic eDp5", f"Bearer {TOKEN}"])
def test_who_may_not_in(sandbox: Sandbox, authorization: str | None) -> None:
    """Cloud wants e-mail and token, so a personal token is as wrong as none."""
    headers = {"Authorization": authorization} if authorization else {}
    answer = requests.get(f"{sandbox.url}/jira/rest/api/2/myself", headers=headers, timeout=5)
    assert answer.status_code == 401


def test_permissions(cloud: JIRA, sandbox: Sandbox) -> None:
    sandbox.jira.permissions.discard("ADD_COMMENTS")
    permissions = cloud.my_permissions(projectKey="PROJ", permissions="ADD_COMMENTS,CREATE_ISSUES")["permissions"]
    assert [name for name, have in permissions.items() if have["havePermission"]] == ["CREATE_ISSUES"]
    ticket = cloud.create_issue(fields=FIELDS)
    assert refusal(cloud.add_comment, ticket, "x")[0] == 403
