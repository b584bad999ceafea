"""JANDI in the contract tests."""

from __future__ import annotations

from connectors.jandi.render import render
from tests.connectors.alerts.world import functions
from tests.connectors.contract import Case
from tools.sandbox.app import Sandbox
from tools.sandbox.jandi import TEAM, TOKEN, WEBHOOK_PATH


def prepare(sandbox: Sandbox) -> None:
    sandbox.jandi.has_limits = False  # of 60 messages a minute


CASES = {
    "webhook": Case(
        system="jandi",
        variables=lambda url: {"JANDI_WEBHOOK_URL": f"{url}/jandi/{WEBHOOK_PATH}"},
        effects=lambda sandbox: len(sandbox.jandi.messages),
        secrets=(WEBHOOK_PATH, TOKEN),
        wrong_key=("JANDI_WEBHOOK_URL", f"http://127.0.0.1:9/connect-api/webhook/{TEAM}/{'f' * 32}"),
        address="JANDI_WEBHOOK_URL",
        sees_wrong_key=False,
        finds_again=False,
        meanings={404: "auth", 410: "auth"},  # the webhook was deleted
        prepare=prepare,
    ),
}

FUNCTIONS = functions(render)
