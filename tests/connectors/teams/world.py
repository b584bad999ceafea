"""What the tests of the Teams connector share: connectors that use the sandbox, secrets to look for."""

from __future__ import annotations

from bridge.settings import load
from connectors import teams
from connectors.base import Connector, Context, Outcome, TicketSystem
from sources.base import Event
from tests.connectors.alerts.world import attempt, tools
from tools.sandbox.app import Sandbox
from tools.sandbox.teams import SIG, WEBHOOK_PATH, WORKFLOW


def build(sandbox: Sandbox, tickets: tuple[TicketSystem, ...] = (), **variables: str) -> Connector:
    environ = {"TEAMS_WEBHOOK_URL": f"{sandbox.url}/teams/{WEBHOOK_PATH}", **variables}
    return teams.SPEC.build(load(teams.SPEC.settings, environ), tools("teams", tickets=tickets))


def deliver(connector: Connector, context: Context, event: Event | None = None) -> Outcome:
    return attempt(connector, context, event, (SIG, WORKFLOW))
