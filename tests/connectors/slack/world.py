"""What the tests of the Slack connector share: events, connectors that use the sandbox, secrets to look for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.settings import Language, load
from connectors import slack
from connectors.alerts.contents import Ticket, alert, digest
from connectors.alerts.poster import Marker
from connectors.alerts.tickets import linked
from connectors.base import Connector, Context, Failed, Outcome, Retry, Skipped, TicketSystem, Tools
from connectors.slack.render import Message, metadata_of
from connectors.slack.render import render as render_content
from sources.abc.client import AbcClient
from sources.abc.models import AbcEvent, Feedback, Issue, Named
from sources.base import Event, Subject
from tools.sandbox.app import Sandbox
from tools.sandbox.slack import TOKEN, WEBHOOK_PATH

SECRETS = (TOKEN, WEBHOOK_PATH, "demo-webhook-secret")


def status_change(
    name: str = "Cannot log in",
    previous: str = "INIT",
    status: str = "IN_PROGRESS",
    *,
    project: int = 1,
    issue: int = 3,
    ticket: str | None = "",
    created: str = "",
) -> Event:
    return AbcEvent(
        id="e1",
        source="abc",
        name="ISSUE_STATUS_CHANGE",
        subject=Subject("abc", "issue", project, issue),
        occurred=1_795_367_330.9,
        body={},
        project=Named(id=project, name="My Project"),
        issue=Issue(id=issue, name=name, status=status, externalIssueId=ticket, createdAt=created),
        previous_status=previous,
    )


def other(name: str, **values: Any) -> Event:
    """An event of another name; `values` replace the usual ones."""
    usual: dict[str, Any] = {
        "project": Named(id=1, name="My Project"),
        "channel": Named(id=7, name="Website"),
        "feedback": Feedback.model_validate({"id": 17, "message": "It fails.", "userEmail": "someone@example.com"}),
        "issue": Issue(id=3, name="Cannot log in", status="INIT"),
    }
    return AbcEvent(
        id="e2",
        source="abc",
        name=name,
        subject=Subject("abc", "issue", 1, 3),
        occurred=0.0,
        body={},
        **(usual | values),
    )


def tools(language: Language = "en", abc: AbcClient | None = None, tickets: tuple[TicketSystem, ...] = ()) -> Tools:
    return Tools(name="slack", instance="test", language=language, abc=abc, concurrency=4, tickets=tickets)


def bot(
    sandbox: Sandbox, abc: AbcClient | None = None, tickets: tuple[TicketSystem, ...] = (), **variables: str
) -> Connector:
    """The connector with a bot token, as the environment would make it."""
    environ = {
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_CHANNEL": "C0FEEDBACK",
        "SLACK_API_URL": f"{sandbox.url}/slack/api",
        **variables,
    }
    return slack.SPEC.build(load(slack.SPEC.settings, environ), tools(abc=abc, tickets=tickets))


def webhook(sandbox: Sandbox, **variables: str) -> Connector:
    environ = {"SLACK_WEBHOOK_URL": f"{sandbox.url}/slack/services/{WEBHOOK_PATH}", **variables}
    return slack.SPEC.build(load(slack.SPEC.settings, environ), tools())


MARKER = Marker("test", ("e1.slack",))


def marker(scope: str, *deliveries: str) -> dict[str, Any]:
    """The metadata of the message for these deliveries."""
    return metadata_of(Marker(scope, deliveries))


def render(
    event: Event, language: Language = "en", *, ticket: str = "", ticket_url: str = "", feedback_field: str = "message"
) -> Message | None:
    """The message for an event; None where there is none."""
    content = alert(event, language, linked(ticket, ticket_url) if ticket_url else Ticket(ticket), feedback_field)
    return render_content(content, MARKER) if content else None


def render_digest(events: Sequence[Event], language: Language) -> Message:
    return render_content(digest(events, language), MARKER)


def deliver(connector: Connector, context: Context, event: Event | None = None) -> Outcome:
    """One attempt; no outcome may hold a secret."""
    outcome = connector.deliver(event or status_change(), context)
    assert not any(secret in repr(outcome) for secret in SECRETS)
    return outcome


def why(outcome: Outcome) -> str:
    assert isinstance(outcome, Retry | Failed | Skipped), outcome
    return outcome.why
