"""The main job, end to end: what each of ABC's four events does at the third parties, once, and what is logged."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import count

import pytest

from tests.system.world import ENGLISH, KOREAN, World, running
from tools.sandbox import jira, slack
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.processes import wait_for
from tools.sandbox.service import PASSWORD, TOKEN

numbers = count(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("main-job")) as world:
        yield world


def a_name() -> str:
    return f"결제 오류 {next(numbers)}"


def opened(world: World, name: str, description: str | None = None) -> int:
    """An issue that has its ticket."""
    issue = world.service.open_issue(name, description)
    wait_for("its ticket's number", lambda: world.issue(issue)["externalIssueId"])
    return issue


def test_feedback_is_translated_into_its_field(world: World) -> None:
    feedback = world.service.write_feedback({"message": KOREAN, "rating": 2})
    wait_for("the translation", lambda: world.translations(feedback))
    now = world.service.abc("GET", f"channels/1/feedbacks/{feedback}")
    assert now["translatedMessage"] == ENGLISH
    assert (now["message"], now["rating"]) == (KOREAN, 2)
    assert world.translations(feedback) == [ENGLISH]


def test_an_issue_gets_one_ticket_and_its_number_and_keeps_all_else(world: World) -> None:
    name = a_name()
    issue = opened(world, name, "설명")
    [ticket] = world.tickets(issue)
    now = world.issue(issue)
    assert ticket["summary"] == name
    assert ticket["key"] == f"PROJ-{now['externalIssueId']}"
    assert (now["name"], now["description"], now["status"]) == (name, "설명", "INIT")
    assert world.writes_of_number(issue) == [now["externalIssueId"]]


def test_a_feedback_that_is_added_becomes_one_comment(world: World) -> None:
    issue, feedback = opened(world, a_name()), world.service.write_feedback({"message": "로그인이 자꾸 풀려요"})
    world.service.add_to_issue(feedback, issue)
    wait_for("the comment", lambda: world.tickets(issue)[0]["comments"])
    world.wait_until_finished(0)
    [comment] = world.tickets(issue)[0]["comments"]
    assert "로그인이 자꾸 풀려요" in comment["body"]


def test_a_feedback_that_names_its_issues_becomes_one_comment_at_each_ticket(world: World) -> None:
    """ABC announces that attachment only inside the feedback's creation. Attaching it again changes nothing."""
    known, new = a_name(), a_name()
    issue = opened(world, known)
    feedback = world.service.write_feedback({"message": "결제가 두 번 됐어요", "issueNames": [known, new]})
    made = next(row["id"] for row in world.service.state()["abc"]["issues"] if row["name"] == new)

    def comments(number: int) -> list[str]:
        return [comment["body"] for ticket in world.tickets(number) for comment in ticket["comments"]]

    wait_for("the comments", lambda: comments(issue) and comments(made))
    world.service.add_to_issue(feedback, issue)
    world.wait_until_finished(0)
    for number in (issue, made):
        [comment] = comments(number)
        assert "결제가 두 번 됐어요" in comment


def test_a_status_is_carried_and_reported_once(world: World) -> None:
    name = a_name()
    issue = opened(world, name)
    world.service.change_status(issue, "RESOLVED")
    wait_for("the message", lambda: world.messages(name))
    wait_for("the ticket's status", lambda: world.tickets(issue)[0]["status"] == "Done")
    world.wait_until_finished(0)
    [message] = world.messages(name)
    assert message["text"].startswith(f'The status of issue "{name}" changed from New to Resolved')
    ticket = world.tickets(issue)[0]["key"]  # linked without any variable but Jira's
    assert f"/jira/browse/{ticket}|" in json.dumps(message["blocks"])
    assert world.issue(issue)["status"] == "RESOLVED"


def test_the_logs_have_ids_and_neither_secrets_nor_what_users_wrote(world: World) -> None:
    words, name, description = "원문이 여기 있어요 zebra-7261", "얼룩말 yak-5512", "설명 gnu-9934"
    feedback = world.service.write_feedback({"message": words, "userEmail": "okapi-4410@example.com"})
    issue = opened(world, name, description)
    world.service.change_status(issue, "RESOLVED")
    world.service.add_to_issue(feedback, issue)
    entities = (f"abc:issue:1:{issue}", f"abc:feedback:1:{feedback}")

    def ended() -> dict[str, str]:
        """The outcome that was logged for each delivery; empty until all five were."""
        entries = [json.loads(line) for line in world.log("worker").splitlines() if line.startswith("{")]
        outcomes = {entry["delivery_id"]: entry["outcome"] for entry in entries if entry["event"] == "attempt ended"}
        ids = [row["id"] for entity in entities for row in world.rows(entity=entity)]
        return {id_: outcomes[id_] for id_ in ids} if len(ids) == 5 and set(ids) <= outcomes.keys() else {}

    outcomes = wait_for("the end of each attempt in the log", ended)
    assert set(outcomes.values()) == {"done"}
    logs = {role: world.log(role) for role in ("web", "worker")}
    for delivery_id in outcomes:
        assert delivery_id.partition(".")[0] in logs["web"]
    basic = base64.b64encode(f"{jira.EMAIL}:{jira.TOKEN}".encode()).decode()
    secrets = [TOKEN, PASSWORD, DEMO_KEY, jira.TOKEN, basic, slack.TOKEN]
    for text in [*secrets, words, "zebra-7261", "okapi-4410", name, "yak-5512", description, "gnu-9934"]:
        assert [role for role in logs if text in logs[role]] == [], text
