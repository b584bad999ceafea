"""What the tests of the Slack connector share: connectors that use the sandbox, secrets to look for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from bridge.service import Language
from bridge.settings import load
from connectors import slack
from connectors.alerts.contents import Ticket, alert
from connectors.alerts.poster import Marker
from connectors.alerts.tickets import linked
from connectors.base import Connector, Context, Outcome, TicketSystem
from connectors.slack.render import Message, metadata_of
from connectors.slack.render import render as render_content
from sources.abc.client import AbcClient
from sources.base import Event
from tests.connectors.alerts import world as shared
from tests.connectors.alerts.world import attempt, digest_of
from tools.sandbox.app import Sandbox
from tools.sandbox.slack import TOKEN, WEBHOOK_PATH

SECRETS = (TOKEN, WEBHOOK_PATH, "demo-webhook-secret")


tools = partial(shared.tools, "slack")


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
    return render_content(digest_of(events, language), MARKER)


def deliver(connector: Connector, context: Context, event: Event | None = None) -> Outcome:
    return attempt(connector, context, event, SECRETS)
