"""Slack in the contract tests: with a bot token, and with an incoming webhook."""

from __future__ import annotations

from connectors.slack.render import render
from tests.connectors.alerts.world import functions
from tests.connectors.contract import Case
from tests.connectors.slack.world import MARKER
from tools.sandbox.slack import TOKEN, WEBHOOK_PATH

CASES = {
    "bot": Case(
        system="slack",
        variables=lambda url: {
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_CHANNEL": "#feedback",
            "SLACK_API_URL": f"{url}/slack/api",
        },
        effects=lambda sandbox: len(sandbox.slack.messages),
        secrets=(TOKEN,),
        wrong_key=("SLACK_BOT_TOKEN", "xoxb-of-another-workspace"),
        address="SLACK_API_URL",
        write="chat.postMessage$",
    ),
    "webhook": Case(
        system="slack",
        variables=lambda url: {"SLACK_WEBHOOK_URL": f"{url}/slack/services/{WEBHOOK_PATH}"},
        effects=lambda sandbox: len(sandbox.slack.messages),
        secrets=(WEBHOOK_PATH, "demo-webhook-secret"),
        wrong_key=("SLACK_WEBHOOK_URL", "http://127.0.0.1:9/slack/services/T000/B000/another"),
        address="SLACK_WEBHOOK_URL",
        sees_wrong_key=False,
        sees_unreachable=False,
        finds_again=False,
    ),
}

FUNCTIONS = functions(lambda content: render(content, MARKER))
