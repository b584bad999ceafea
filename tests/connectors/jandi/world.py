"""What the tests of the JANDI connector share: connectors that use the sandbox, secrets to look for."""

from __future__ import annotations

from bridge.service import Language
from bridge.settings import load
from connectors import jandi
from connectors.base import Connector, Context, Outcome, TicketSystem
from sources.base import Event
from tests.connectors.alerts.world import attempt, tools
from tools.sandbox.app import Sandbox
from tools.sandbox.jandi import TOKEN, WEBHOOK_PATH

SECRETS = (TOKEN, WEBHOOK_PATH)


def address(sandbox: Sandbox) -> str:
    return f"{sandbox.url}/jandi/{WEBHOOK_PATH}"


def build(
    sandbox: Sandbox, language: Language = "en", tickets: tuple[TicketSystem, ...] = (), **variables: str
) -> Connector:
    """The connector as the environment would make it."""
    environ = {"JANDI_WEBHOOK_URL": address(sandbox), **variables}
    return jandi.SPEC.build(load(jandi.SPEC.settings, environ), tools("jandi", language, tickets=tickets))


def deliver(connector: Connector, context: Context, event: Event | None = None) -> Outcome:
    return attempt(connector, context, event, SECRETS)
