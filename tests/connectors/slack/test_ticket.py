"""The ticket in a message: the event's, or the one that ABC has got since; and a message never fails for want of it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from connectors.base import Done
from sandbox.abc_store import DEMO_KEY
from sandbox.app import Sandbox
from settings import KeyMap
from sources.abc.client import AbcClient
from tests.connectors.context import MemoryContext
from tests.connectors.slack.world import bot, deliver, other, status_change

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


def test_the_rest_of_the_message_stays_what_the_event_says(sandbox: Sandbox, abc: AbcClient) -> None:
    """The issue has moved on; the message tells the change that it is about."""
    number = issue(sandbox, "77")
    sandbox.abc.set_status(number, "RESOLVED")
    deliver(bot(sandbox, abc), MemoryContext(), status_change(name="Old name", issue=number))
    assert sandbox.slack.messages[-1].text == 'The status of issue "Old name" changed from New to In Progress.'


@pytest.mark.parametrize("trouble", ["gone", "drop_before", "status"])
def test_a_message_does_without_when_abc_can_not_be_read(sandbox: Sandbox, abc: AbcClient, trouble: str) -> None:
    number = 999 if trouble == "gone" else issue(sandbox, "77")
    if trouble != "gone":
        sandbox.faults.add(trouble, system="abc", times=None)  # type: ignore[arg-type]
    assert isinstance(deliver(bot(sandbox, abc), MemoryContext(), status_change(issue=number)), Done)
    assert "Ticket" not in facts(sandbox)


def test_a_new_issue_has_no_ticket_to_look_for(sandbox: Sandbox, abc: AbcClient) -> None:
    sandbox.faults.add("status", system="abc", times=None)
    deliver(bot(sandbox, abc), MemoryContext(), other("ISSUE_CREATION"))
    assert not sandbox.faults.fired
