"""Mattermost in the contract tests."""

from __future__ import annotations

from connectors.mattermost.render import render
from tests.connectors.alerts.world import functions
from tests.connectors.contract import Case
from tools.sandbox.mattermost import HOOK, WEBHOOK_PATH

CASES = {
    "webhook": Case(
        system="mattermost",
        variables=lambda url: {"MATTERMOST_WEBHOOK_URL": f"{url}/mattermost/{WEBHOOK_PATH}"},
        effects=lambda sandbox: len(sandbox.mattermost.messages),
        secrets=(WEBHOOK_PATH, HOOK),
        wrong_key=("MATTERMOST_WEBHOOK_URL", f"http://127.0.0.1:9/hooks/{'f' * 26}"),
        address="MATTERMOST_WEBHOOK_URL",
        sees_wrong_key=False,
        finds_again=False,
        meanings={404: "auth", 410: "auth"},  # the webhook was deleted
    ),
}

FUNCTIONS = functions(render)
