"""Delivering to Teams over real HTTP: what each answer of a workflow means. What holds for every webhook is in
tests/connectors/alerts/test_webhooks.py."""

from __future__ import annotations

from typing import Any

import pytest

import connectors
from bridge.environment import ConfigError
from bridge.settings import load
from connectors.base import Check, Destination, Done, Failed, Reason, Retry, TicketSystem
from connectors.teams.client import Teams
from connectors.teams.settings import TeamsSettings
from tests.connectors.alerts.world import status_change, why
from tests.connectors.context import MemoryContext
from tests.connectors.teams.world import build, deliver
from tools.sandbox.app import Sandbox
from tools.sandbox.teams import PATH, SIG, WEBHOOK_PATH, Message

SENTENCE = 'The status of issue "Cannot log in" changed from New to In Progress.'
ACCEPTED = Done({"state": "accepted by the workflow"})


def test_a_status_change_is_one_card(sandbox: Sandbox) -> None:
    tracker = TicketSystem("board", lambda project, id_: f"https://tracker.example/{project}/{id_}")
    assert deliver(build(sandbox, (tracker,)), MemoryContext(), status_change(ticket="12")) == ACCEPTED
    lines = [SENTENCE, "Project: My Project", "Issue: #3"]
    assert sandbox.teams.messages == [Message(lines, "warning", {"Ticket 12": "https://tracker.example/1/12"})]


def test_an_address_in_a_template_is_a_link(sandbox: Sandbox) -> None:
    template = r"{{ text }}\n\n{{ ticket.url }}"
    connector = build(sandbox, TEAMS_TEMPLATE=template, TEAMS_TICKET_URL="https://tracker.example/{id}")
    assert deliver(connector, MemoryContext(), status_change(ticket="12")) == ACCEPTED
    (message,) = sandbox.teams.messages
    assert message.lines == [SENTENCE, " ", "https://tracker.example/12"]
    assert message.links == {"https://tracker.example/12": "https://tracker.example/12"}


@pytest.mark.parametrize(
    "name", ["<" * 5000, "{{DATE(2026-01-01T00:00:00Z)}}", "**b** [a](https://evil.example)", "\ud800"]
)
def test_no_name_breaks_a_card(sandbox: Sandbox, name: str) -> None:
    assert deliver(build(sandbox), MemoryContext(), status_change(name=name, status=name)) == ACCEPTED
    assert len(sandbox.teams.messages) == 1
    assert not sandbox.teams.broken


def test_the_query_arrives_as_it_was_given(sandbox: Sandbox) -> None:
    """The stand-in compares it byte for byte: `sp` holds %2F, which no one may decode."""
    assert "%2F" in WEBHOOK_PATH
    assert deliver(build(sandbox), MemoryContext()) == ACCEPTED


@pytest.mark.parametrize(
    ("changes", "reason", "advice"),
    [
        ({"state": "Gone"}, "auth", "(WorkflowNotFound): the workflow was deleted: make a new one in Teams"),
        ({"state": "Stopped"}, "config", "(WorkflowTriggerIsNotEnabled): the workflow is off: turn it on"),
        ({"anyone": False}, "auth", "(DirectApiAuthorizationRequired): the workflow's trigger must accept Anyone"),
    ],
)
def test_what_a_workflow_refuses(sandbox: Sandbox, changes: dict[str, Any], reason: Reason, advice: str) -> None:
    for name, value in changes.items():
        setattr(sandbox.teams, name, value)
    outcome = deliver(build(sandbox), MemoryContext())
    assert isinstance(outcome, Failed)
    assert outcome.reason == reason
    assert outcome.why.startswith(f"Teams refused {advice}")
    assert "TEAMS_WEBHOOK_URL" in outcome.why


@pytest.mark.parametrize(
    ("query", "code"),
    [("?sig=x", "MissingApiVersionParameter"), ("?api-version=1&sig=x", "DirectApiAuthorizationRequired")],
)
def test_a_part_of_an_address_is_reported(sandbox: Sandbox, query: str, code: str) -> None:
    connector = build(sandbox, TEAMS_WEBHOOK_URL=f"{sandbox.url}/teams/powerautomate/{PATH}{query}")
    assert f"({code})" in why(deliver(connector, MemoryContext()))


def test_a_trigger_that_expects_something_else_is_reported(sandbox: Sandbox) -> None:
    body = {"error": {"code": "TriggerInputSchemaMismatch", "message": "free text"}}
    sandbox.faults.add("status", system="teams", status=400, body=body)
    outcome = deliver(build(sandbox), MemoryContext())
    assert isinstance(outcome, Failed)
    assert outcome.why.startswith("Teams refused (TriggerInputSchemaMismatch): the workflow's trigger expects")
    assert "free text" not in outcome.why


@pytest.mark.parametrize("odd", ["", "x", [], {"error": None}, {"error": "x"}, {"error": {"code": [1]}}])
def test_an_odd_refusal_goes_by_the_status(sandbox: Sandbox, odd: Any) -> None:
    sandbox.faults.add("status", system="teams", status=400, body=odd)
    assert deliver(build(sandbox), MemoryContext()) == Failed("Teams answered 400", "client_error")


@pytest.mark.parametrize("status", [200, 202])
def test_a_workflow_may_answer_by_itself(sandbox: Sandbox, status: int) -> None:
    sandbox.faults.add("status", system="teams", status=status, body={"any": "thing"})
    assert deliver(build(sandbox), MemoryContext()) == ACCEPTED


# Limits


def test_the_pace_keeps_4_messages_in_a_second(sandbox: Sandbox) -> None:
    where = build(sandbox).destination(status_change())
    assert where == Destination("teams webhook", 1, 3)
    assert where.burst + where.per_second <= 4


@pytest.mark.parametrize(("names_time", "after"), [(True, 1.0), (False, None)])
def test_the_fifth_message_in_a_second_is_refused_by_the_stand_in(
    sandbox: Sandbox, names_time: bool, after: float | None
) -> None:
    sandbox.teams.names_time = names_time
    connector = build(sandbox)
    outcomes = [deliver(connector, MemoryContext(delivery_id=f"e{number}")) for number in range(5)]
    assert outcomes == [ACCEPTED] * 4 + [Retry("Teams answered 429: TooManyRequests", "rate_limited", after)]


# Variables and `flask check`


OLD = f"https://prod-01.westeurope.logic.azure.com:443/workflows/0a1b/triggers/manual/paths/invoke?sig={SIG}"
NEW = f"https://0a1b.2.environment.api.powerplatform.com/powerautomate/{PATH}?api-version=1&sig={SIG}"


def settings(address: str) -> TeamsSettings:
    return load(TeamsSettings, {"TEAMS_WEBHOOK_URL": address})


@pytest.mark.parametrize("address", [OLD, NEW, NEW.replace(".com/", ".com:443/"), "https://flow.example.com/any"])
def test_the_address_of_a_workflow_is_taken_as_it_is(address: str) -> None:
    assert settings(address).addresses() == {"webhook": address}


@pytest.mark.parametrize(
    "address",
    [
        NEW.partition("&sig")[0],
        NEW.partition("?")[0],
        f"https://0a1b.2.environment.api.powerplatform.com/?sig={SIG}",
        f"https://acme.webhook.office.com/webhookb2/{SIG}",
    ],
)
def test_another_address_of_microsofts_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="Office 365 connectors have ended") as caught:
        settings(address)
    assert str(caught.value).startswith("TEAMS_WEBHOOK_URL: ")
    assert SIG not in str(caught.value)


def test_check_reports_an_address_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = Check(True, "reached")
    monkeypatch.setattr(Teams, "_reached", lambda *_: reached)  # it would dial Microsoft
    new, (_, ended, *old) = list(Teams(settings(NEW), 1).check()), Teams(settings(OLD), 1).check()
    assert new == [reached, *old]
    assert ended.is_note
    assert ended.what.startswith("TEAMS_WEBHOOK_URL, webhook: logic.azure.com ended on 30 November 2025")


def test_its_kind_is_registered() -> None:
    assert connectors.find("teams.mobile").settings is TeamsSettings
