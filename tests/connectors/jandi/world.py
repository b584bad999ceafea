"""What the tests of the JANDI connector share: connectors that use the sandbox, secrets to look for."""

from __future__ import annotations

from bridge.settings import Language, load
from connectors import jandi
from connectors.base import Connector, Context, Failed, Outcome, Retry, Skipped, TicketSystem, Tools
from sources.abc.client import AbcClient
from sources.base import Event
from tests.connectors.slack.world import status_change
from tools.sandbox.app import Sandbox
from tools.sandbox.jandi import TOKEN, WEBHOOK_PATH

SECRETS = (TOKEN, WEBHOOK_PATH)


def address(sandbox: Sandbox) -> str:
    return f"{sandbox.url}/jandi/{WEBHOOK_PATH}"


def tools(
    language: Language = "en", abc: AbcClient | None = None, tickets: tuple[TicketSystem, ...] = (), name: str = "jandi"
) -> Tools:
    return Tools(name=name, instance="test", language=language, abc=abc, concurrency=4, tickets=tickets)


def build(
    sandbox: Sandbox, language: Language = "en", tickets: tuple[TicketSystem, ...] = (), **variables: str
) -> Connector:
    """The connector as the environment would make it."""
    environ = {"JANDI_WEBHOOK_URL": address(sandbox), **variables}
    return jandi.SPEC.build(load(jandi.SPEC.settings, environ), tools(language, tickets=tickets))


def deliver(connector: Connector, context: Context, event: Event | None = None) -> Outcome:
    """One attempt; no outcome may hold a secret."""
    outcome = connector.deliver(event or status_change(), context)
    assert not any(secret in repr(outcome) for secret in SECRETS)
    return outcome


def why(outcome: Outcome) -> str:
    assert isinstance(outcome, Retry | Failed | Skipped), outcome
    return outcome.why
