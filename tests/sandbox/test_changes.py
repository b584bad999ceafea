"""The stand-ins announce that a ticket was moved as their vendors do: each webhook is read as a move of that ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

import sources
from sources.base import Request
from sources.tickets import TicketEvent
from tests.sandbox.conftest import Receiver
from tools.sandbox import github, gitlab, people
from tools.sandbox.app import Sandbox
from tools.sandbox.changes import Mail, blue_listener, github_listener, gitlab_listener, jira_listener
from tools.sandbox.processes import wait_for
from tools.sandbox.senders import BlueWebhook, GitHubHook, GitLabHook, JiraHook


def move_at_jira(sandbox: Sandbox, url: str, mail: Mail) -> str:
    jira = sandbox.jira
    jira.changed = jira_listener(JiraHook(url, "made-up"), mail, jira.rules.statuses)
    fields = {"project": {"key": "PROJ"}, "issuetype": {"name": "Task"}, "summary": "x"}
    ticket = jira.create({"fields": fields})
    jira.move_status(ticket, jira.transitions(ticket)[0].id, {})
    return ticket.key


def move_at_github(sandbox: Sandbox, url: str, mail: Mail) -> str:
    sandbox.github.changed = github_listener(GitHubHook(url), mail)
    issue = sandbox.github.create(sandbox.github.repositories[github.REPO], {"title": "x"})
    sandbox.github.change(issue, {"state": "closed"})
    return f"{github.REPO}#{issue.number}"


def move_at_gitlab(sandbox: Sandbox, url: str, mail: Mail) -> str:
    sandbox.gitlab.changed = gitlab_listener(GitLabHook(url), mail)
    project = sandbox.gitlab.at(gitlab.PROJECT)
    issue = sandbox.gitlab.create(project, {"title": "x"})
    sandbox.gitlab.change(project, issue, {"state_event": "close"})
    return f"{gitlab.PROJECT}#{issue.iid}"


def move_at_blue(sandbox: Sandbox, url: str, mail: Mail) -> str:
    sandbox.blue.changed = blue_listener(BlueWebhook(url, "made-up"), mail)
    record = sandbox.blue.create(sandbox.blue.workspaces[0], {"title": "x"})
    sandbox.blue.change(record, done=True)
    return record.id


MOVES: Mapping[str, Callable[[Sandbox, str, Mail], str]] = {
    "jira": move_at_jira,
    "github": move_at_github,
    "gitlab": move_at_gitlab,
    "blue": move_at_blue,
}


@pytest.mark.parametrize("name", MOVES)
def test_a_move_is_read_as_a_move_of_its_ticket_by_each_of_its_repeats(
    sandbox: Sandbox, receiver: Receiver, name: str
) -> None:
    mail = Mail(repeats=1.0)
    key = MOVES[name](sandbox, receiver.url, mail)
    wait_for("both webhooks", lambda: mail.sent == 2)
    assert mail.waiting == 0
    requests = [
        Request("default", got.event, got.body, {header.lower(): value for header, value in got.headers})
        for got in receiver.received
    ]
    events = [sources.REGISTRY[name].parse(request) for request in requests]
    assert len(events) == 2
    for event in events:
        assert isinstance(event, TicketEvent)
        assert event.moves
        assert key in (event.ticket.key, event.ticket.id)


CLOSED = {"jira": "Done", "github": "closed", "gitlab": "closed", "blue": "done"}


@pytest.mark.parametrize("name", MOVES)
def test_a_person_who_finds_the_ticket_moved_already_changes_nothing(
    sandbox: Sandbox, receiver: Receiver, name: str
) -> None:
    key = MOVES[name](sandbox, receiver.url, Mail())
    people.connect(sandbox, receiver.url, "made-up-secret", Mail())
    before = len(sandbox.moves)
    people.move(sandbox, name, key, CLOSED[name])
    after = len(sandbox.moves)
    people.move(sandbox, name, key, CLOSED[name])
    assert len(sandbox.moves) == after
    assert after - before == (name == "jira")  # that one was elsewhere


def test_delays_and_repeats_follow_from_the_seed() -> None:
    def sent(seed: int) -> int:
        mail = Mail(repeats=0.5, seed=seed)
        for _ in range(20):
            mail.post(lambda: None)
        wait_for("all of them", lambda: mail.waiting == 0)
        return mail.sent

    assert 20 < sent(1) < 40
    assert sent(1) == sent(1)
    assert len({sent(seed) for seed in range(5)}) > 1
