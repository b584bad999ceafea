"""Microsoft Teams in the contract tests."""

from __future__ import annotations

from connectors.teams.render import render
from tests.connectors.alerts.world import functions
from tests.connectors.contract import Case
from tools.sandbox.app import Sandbox
from tools.sandbox.teams import SIG, WEBHOOK_PATH


def prepare(sandbox: Sandbox) -> None:
    sandbox.teams.has_limits = False  # of 4 requests in a second


CASES = {
    "webhook": Case(
        system="teams",
        variables=lambda url: {"TEAMS_WEBHOOK_URL": f"{url}/teams/{WEBHOOK_PATH}"},
        effects=lambda sandbox: len(sandbox.teams.messages),
        secrets=(WEBHOOK_PATH, SIG),
        wrong_key=("TEAMS_WEBHOOK_URL", f"http://127.0.0.1:9/{WEBHOOK_PATH}-of-another-workflow"),
        address="TEAMS_WEBHOOK_URL",
        sees_wrong_key=False,
        finds_again=False,
        meanings={404: "auth", 410: "auth"},  # the workflow was deleted
        prepare=prepare,
    ),
}

FUNCTIONS = functions(render)
