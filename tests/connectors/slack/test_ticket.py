"""The ticket in a message: the event's, or the one that ABC has got since; and a message never fails for want of it."""

from __future__ import annotations

import time

import pytest
from pydantic import SecretStr

from bridge.settings import KeyMap
from connectors.alerts.flow import AlertConnector
from connectors.base import Done, TicketSystem
from jobs.configuration import configure
from jobs.runtime import Runtime
from sources.abc.client import AbcClient
from tests import hostile
from tests.connectors.alerts.world import other, status_change
from tests.connectors.context import MemoryContext
from tests.connectors.slack.world import bot, deliver
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.app import Sandbox

URL = "https://example.atlassian.net/browse/PROJ-{id}"


@pytest.fixture
def abc(sandbox: Sandbox) -> AbcClient:
    return AbcClient(f"{sandbox.url}/abc", KeyMap({"*": SecretStr(DEMO_KEY)}))


def facts(sandbox: Sandbox) -> str:
    """The small print of the last message."""
    return " ".join(element["text"] for element in sandbox.slack.messages[-1].blocks[-1]["elements"])


def issue(sandbox: Sandbox, ticket: str) -> int:
    return sandbox.abc.create_issue(1, {"name": "Cannot log in", "externalIssueId": ticket}).id


def test_the_events_own_ticket_is_linked(sandbox: Sandbox) -> None:
    deliver(bot(sandbox, SLACK_TICKET_URL=URL), MemoryContext(), status_change(ticket="12"))
    assert "Ticket: <https://example.atlassian.net/browse/PROJ-12|`12`>" in facts(sandbox)


def test_without_an_address_the_ticket_is_named(sandbox: Sandbox) -> None:
    deliver(bot(sandbox), MemoryContext(), status_change(ticket="12"))
    assert "Ticket: 12" in facts(sandbox)


def test_projects_may_have_trackers_of_their_own(sandbox: Sandbox) -> None:
    connector = bot(sandbox, SLACK_TICKET_URL="1=https://one.example/{id},2=https://two.example/{id}")
    deliver(connector, MemoryContext(), status_change(project=2, ticket="12"))
    assert "https://two.example/12" in facts(sandbox)


def test_a_ticket_made_since_the_event_is_shown(sandbox: Sandbox, abc: AbcClient) -> None:
    event = status_change(issue=issue(sandbox, "77"), ticket=None)
    deliver(bot(sandbox, abc, SLACK_TICKET_URL=URL), MemoryContext(), event)
    assert "PROJ-77" in facts(sandbox)


def test_the_ticket_of_a_later_issue_with_this_id_is_not_shown(sandbox: Sandbox, abc: AbcClient) -> None:
    event = status_change(issue=issue(sandbox, "77"), ticket=None, created="2020-01-02T00:00:00.000Z")
    deliver(bot(sandbox, abc), MemoryContext(), event)
    assert "Ticket" not in facts(sandbox)


def test_the_rest_of_the_message_stays_that_of_the_event(sandbox: Sandbox, abc: AbcClient) -> None:
    """The issue has moved on; the message reports the change that it is about."""
    number = issue(sandbox, "77")
    sandbox.abc.set_status(number, "RESOLVED")
    deliver(bot(sandbox, abc), MemoryContext(), status_change(name="Old name", issue=number))
    assert sandbox.slack.messages[-1].text == 'The status of issue "Old name" changed from New to In Progress.'


@pytest.mark.parametrize("failure", ["gone", "drop_before", "status"])
def test_a_message_does_without_when_abc_can_not_be_read(sandbox: Sandbox, abc: AbcClient, failure: str) -> None:
    number = 999 if failure == "gone" else issue(sandbox, "77")
    if failure != "gone":
        sandbox.faults.add(failure, system="abc", times=None)  # type: ignore[arg-type]
    assert isinstance(deliver(bot(sandbox, abc), MemoryContext(), status_change(issue=number)), Done)
    assert "Ticket" not in facts(sandbox)


@pytest.mark.parametrize("hang", [hostile.never_answers, hostile.trickles_the_body])
def test_a_message_does_without_when_abc_takes_too_long(sandbox: Sandbox, hang: hostile.Behaviour) -> None:
    """Other calls to ABC may take 25 s: then 5 messages beside connectors that hang took 45 s."""
    with hostile.listening(hang) as port:
        abc = AbcClient(f"http://127.0.0.1:{port}", KeyMap({"*": SecretStr(DEMO_KEY)}))
        started = time.monotonic()
        assert isinstance(deliver(bot(sandbox, abc), MemoryContext(), status_change(issue=7)), Done)
        assert time.monotonic() - started < 9
    assert "Ticket" not in facts(sandbox)


def test_a_new_issue_has_no_ticket_to_look_for(sandbox: Sandbox, abc: AbcClient) -> None:
    sandbox.faults.add("status", system="abc", times=None)
    deliver(bot(sandbox, abc), MemoryContext(), other("ISSUE_CREATION"))
    assert not sandbox.faults.fired


# Where a connector keeps tickets


def guess(project: int, external_id: str) -> str:
    return f"https://tracker.example/{project}/{external_id}" if external_id.isdecimal() else ""


TRACKER = (TicketSystem("board", guess),)


def context(**link: str) -> MemoryContext:
    found = MemoryContext()
    if link:
        found.links.of("board").set("abc:issue:1:3", "", **link)
    return found


@pytest.mark.parametrize(
    ("ticket", "link", "shown"),
    [
        ("12", {}, "<https://tracker.example/1/12|`12`>"),
        ("12", {"key": "PROJ-12", "url": "https://site.example/PROJ-12"}, "<https://site.example/PROJ-12|`PROJ-12`>"),
        (
            "PROJ-12",
            {"key": "PROJ-12", "url": "https://site.example/PROJ-12"},
            "<https://site.example/PROJ-12|`PROJ-12`>",
        ),
        ("", {"key": "PROJ-12", "url": "https://site.example/PROJ-12"}, "<https://site.example/PROJ-12|`PROJ-12`>"),
        ("13", {"key": "PROJ-12", "url": "https://site.example/PROJ-12"}, "<https://tracker.example/1/13|`13`>"),
        ("12", {"key": "PROJ-112", "url": "https://site.example/PROJ-112"}, "<https://tracker.example/1/12|`12`>"),
        ("12", {"key": "PROJ-12"}, "<https://tracker.example/1/12|`12`>"),
        ("see mail", {}, "Ticket: see mail"),
    ],
)
def test_a_ticket_is_linked_without_a_variable(sandbox: Sandbox, ticket: str, link: dict[str, str], shown: str) -> None:
    """By the record of the connector that keeps tickets, while that names the ticket that ABC names; else by its
    settings."""
    deliver(bot(sandbox, tickets=TRACKER), context(**link), status_change(ticket=ticket))
    assert shown in facts(sandbox)


def test_no_ticket_is_made_up(sandbox: Sandbox) -> None:
    deliver(bot(sandbox, tickets=TRACKER), context(), status_change(ticket=""))
    assert "Ticket" not in facts(sandbox)


def test_the_variable_overrides_the_connector(sandbox: Sandbox) -> None:
    link = {"key": "PROJ-12", "url": "https://site.example/PROJ-12"}
    connector = bot(sandbox, tickets=TRACKER, SLACK_TICKET_URL="https://ours.example/{id}")
    deliver(connector, context(**link), status_change(ticket="12"))
    assert "<https://ours.example/12|`12`>" in facts(sandbox)


def test_the_ticket_of_an_earlier_issue_with_this_id_is_not_shown(sandbox: Sandbox) -> None:
    event = status_change(ticket="", created="2026-01-02T00:00:00.000Z")
    found = MemoryContext()
    found.links.of("board").set("abc:issue:1:3", "1767225600", key="PROJ-12", url="https://site.example/PROJ-12")
    deliver(bot(sandbox, tickets=TRACKER), found, event)
    assert "Ticket" not in facts(sandbox)


@pytest.mark.parametrize(
    ("jira", "project", "external", "address"),
    [
        ({}, 1, "123", "https://example.atlassian.net/browse/PROJ-123"),
        ({}, 2, "123", "https://example.atlassian.net/browse/TWO-123"),
        ({"JIRA_EXTERNAL_ID": "key"}, 1, "OTHER-9", "https://example.atlassian.net/browse/OTHER-9"),
        ({}, 1, "see mail", ""),
        ({}, 1, "", ""),
        ({"JIRA_PROJECT": "2=TWO"}, 1, "123", ""),
        ({"JIRA_URL": "https://api.atlassian.com/ex/jira/0-1"}, 1, "123", ""),  # no address for people
        ({"CONNECTORS": "slack"}, 1, "123", ""),
    ],
)
def test_jira_is_the_ticket_system_where_it_is_in_use(
    jira: dict[str, str], project: int, external: str, address: str
) -> None:
    environ = {
        "WEBHOOK_TOKEN": "0123456789abcdef",
        "CONNECTORS": "slack,jira",
        "ABC_API_URL": "http://127.0.0.1:9",
        "ABC_API_KEY": "key",
        "SLACK_BOT_TOKEN": "xoxb-test",
        "SLACK_CHANNEL": "#feedback",
        "JIRA_URL": "https://example.atlassian.net",
        "JIRA_PAT": "pat",
        "JIRA_PROJECT": "*=PROJ,2=TWO",
        **jira,
    }
    connector = Runtime(configure(environ)).connectors["slack"]
    assert isinstance(connector, AlertConnector)
    assert "".join(system.address(project, external) for system in connector._tools.tickets) == address
