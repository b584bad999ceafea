"""What the tests of the Discord connector share: connectors that use the sandbox, secrets to look for."""

from __future__ import annotations

from bridge.settings import load
from connectors import discord
from connectors.base import Connector, Context, Outcome, TicketSystem
from sources.base import Event
from tests.connectors.alerts.world import attempt, tools
from tools.sandbox.app import Sandbox
from tools.sandbox.discord import TOKEN, WEBHOOK_PATH

SECRETS = (TOKEN, WEBHOOK_PATH)


def address(sandbox: Sandbox) -> str:
    return f"{sandbox.url}/discord/{WEBHOOK_PATH}"


def build(sandbox: Sandbox, tickets: tuple[TicketSystem, ...] = (), **variables: str) -> Connector:
    environ = {"DISCORD_WEBHOOK_URL": address(sandbox), **variables}
    return discord.SPEC.build(load(discord.SPEC.settings, environ), tools("discord", tickets=tickets))


def deliver(connector: Connector, context: Context, event: Event | None = None) -> Outcome:
    return attempt(connector, context, event, SECRETS)
