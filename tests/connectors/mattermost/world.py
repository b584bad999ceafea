"""What the tests of the Mattermost connector share: connectors that use the sandbox, secrets to look for."""

from __future__ import annotations

from bridge.settings import load
from connectors import mattermost
from connectors.base import Connector, Context, Outcome, TicketSystem
from sources.base import Event
from tests.connectors.alerts.world import attempt, tools
from tools.sandbox.app import Sandbox
from tools.sandbox.mattermost import HOOK, WEBHOOK_PATH


def build(sandbox: Sandbox, tickets: tuple[TicketSystem, ...] = (), **variables: str) -> Connector:
    environ = {"MATTERMOST_WEBHOOK_URL": f"{sandbox.url}/mattermost/{WEBHOOK_PATH}", **variables}
    return mattermost.SPEC.build(load(mattermost.SPEC.settings, environ), tools("mattermost", tickets=tickets))


def deliver(connector: Connector, context: Context, event: Event | None = None) -> Outcome:
    return attempt(connector, context, event, (HOOK,))
