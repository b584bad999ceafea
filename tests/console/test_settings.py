"""`flask settings`: what is in force, where it comes from, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

from app import create_app
from bridge.settings import load
from connectors import REGISTRY, find
from console.settings import listed
from jobs.configuration import configure
from tests.connectors.contract import cases_of

SECRETS = {
    "WEBHOOK_TOKEN": "made-up-token-0123456789",
    "CONSOLE_PASSWORD": "made-up-password",
    "REDIS_URL": "redis://:made-up-redis-password@127.0.0.1:1/0",
    "SLACK_BOT_TOKEN__OPS": "xoxb-made-up-ops",
    "JANDI_WEBHOOK_URL": "1=https://wh.jandi.com/connect-api/webhook/1/made-up-jandi",
}


def environ(folder: Path) -> dict[str, str]:
    token = folder / "token"
    token.write_text("xoxb-made-up-file\n")
    return {
        **SECRETS,
        "CONNECTORS": "slack,slack.ops,jandi",
        "SLACK_BOT_TOKEN_FILE": str(token),
        "SLACK_CHANNEL": "#feedback",
        "SLACK_EVENTS__OPS": "bridge.*",
        "SLACK_RATE": "2",
        "SLACK_RATE__OPS": "-",
    }


def shown(folder: Path, *options: str) -> str:
    result = create_app(environ(folder)).test_cli_runner().invoke(args=["settings", *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_each_value_has_its_origin(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in shown(tmp_path, "--json").splitlines()]
    found = {row["variable"]: (row["value"], row["origin"]) for row in rows}
    assert len(found) == len(rows), "each variable once"
    expected = {
        "CONNECTORS": ("slack,slack.ops,jandi", "environment"),
        "SOURCES": ("abc", "default"),
        "WORKER_CONCURRENCY": ("16", "default"),
        "WEBHOOK_TOKEN": ("<secret>", "environment"),
        "SLACK_BOT_TOKEN": ("<secret>", "file"),
        "SLACK_BOT_TOKEN__OPS": ("<secret>", "environment"),
        "SLACK_CHANNEL": ("#feedback", "environment"),
        "SLACK_CHANNEL__OPS": ("#feedback", "base"),
        "SLACK_EVENTS": ("ISSUE_STATUS_CHANGE", "default"),
        "SLACK_EVENTS__OPS": ("bridge.*", "environment"),
        "SLACK_RATE": ("2", "environment"),
        "SLACK_RATE__OPS": ("-", "environment"),
        "JANDI_RATE": ("0.8", "default"),
    }
    assert {name: found.get(name) for name in expected} == expected
    assert "SLACK_FILTER" not in found


def test_no_secret_is_shown(tmp_path: Path) -> None:
    output = shown(tmp_path) + shown(tmp_path, "--json")
    assert "SLACK_BOT_TOKEN__OPS" in output
    assert [secret for secret in ("made-up", *SECRETS.values()) if secret in output] == []


def test_the_credentials_of_every_connector_are_masked() -> None:
    """Those of its contract: what it sends to its system as a proof."""
    for kind in REGISTRY:
        for case in cases_of(kind).values():
            own = case.variables("http://127.0.0.1:9")
            common = {
                "WEBHOOK_TOKEN": SECRETS["WEBHOOK_TOKEN"],
                "ABC_API_URL": "http://127.0.0.1:9",
                "ABC_API_KEY": "made-up",
            }
            variables = {**common, "CONNECTORS": kind, **own}
            output = repr(list(listed(configure(variables), variables)))
            assert [secret for secret in case.secrets if secret in output] == [], kind
            assert load(find(kind).settings, variables), "the variables are complete"
