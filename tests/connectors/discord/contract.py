"""Discord in the contract tests."""

from __future__ import annotations

from connectors.discord.render import render
from tests.connectors.alerts.world import functions
from tests.connectors.contract import Case
from tools.sandbox.app import Sandbox
from tools.sandbox.discord import TOKEN, WEBHOOK, WEBHOOK_PATH


def prepare(sandbox: Sandbox) -> None:
    sandbox.discord.has_limits = False  # of 5 messages in 2 seconds


CASES = {
    "webhook": Case(
        system="discord",
        variables=lambda url: {"DISCORD_WEBHOOK_URL": f"{url}/discord/{WEBHOOK_PATH}"},
        effects=lambda sandbox: len(sandbox.discord.messages),
        secrets=(WEBHOOK_PATH, TOKEN),
        wrong_key=("DISCORD_WEBHOOK_URL", f"http://127.0.0.1:9/api/webhooks/{WEBHOOK}/another-token"),
        address="DISCORD_WEBHOOK_URL",
        finds_again=False,
        meanings={404: "auth", 410: "auth"},  # the webhook was deleted
        prepare=prepare,
    ),
}

FUNCTIONS = functions(render)
