"""`flask preview`: what would be sent, and where; without a request, and without a secret."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app import create_app
from jobs.configuration import configure
from jobs.ledger.links import RedisLinks
from jobs.runtime import Runtime
from sources.abc.events import parse
from sources.abc.samples import body
from sources.github.samples import sample
from tools.sandbox.processes import free_port

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-made-up-0123456789",
    "JANDI_WEBHOOK_URL": "https://wh.jandi.com/connect-api/webhook/1/madeupjandi0123456789",
    "OUTGOING_URL": "https://hooks.example.com/made-up-path-0123456789",
    "OUTGOING_SECRET": "whsec_bWFkZS11cC1zZWNyZXQtMDEyMzQ1Njc4OQ==",
    "OUTGOING_HEADERS": '{"x-key": "made-up-key-0123456789"}',
}


def environ(redis_url: str = "", **changes: str) -> dict[str, str]:
    """Without `redis_url` nobody listens there."""
    return {
        **SECRETS,
        "WEBHOOK_TOKEN": "a-token-for-this-test",
        "CONNECTORS": "slack,jandi,outgoing,slack.ops",
        "SOURCES": "abc,crm",
        "SOURCE_CRM_SECRET": "another-token-for-this-test",
        "SOURCE_CRM_EVENT": "body.kind",
        "SLACK_CHANNEL": "#feedback",
        "SLACK_EVENTS__OPS": "bridge.*,crm.*,github.*",
        "REDIS_URL": redis_url or f"redis://127.0.0.1:{free_port()}/0",
        **changes,
    }


def run(*arguments: str, **changes: str) -> tuple[int, str]:
    result = create_app(environ(**changes)).test_cli_runner().invoke(args=["preview", *arguments])
    return result.exit_code, result.output


def found(*arguments: str, **changes: str) -> dict[str, Any]:
    code, output = run(*arguments, "--json", **changes)
    shown: dict[str, Any] = json.loads(output)
    assert code == (1 if shown["outcome"] == "failed" else 0)
    return shown


def test_a_sample_is_shown_as_it_would_be_sent() -> None:
    code, output = run("ISSUE_STATUS_CHANGE", "jandi")
    first, where, *shown = output.splitlines()
    assert (code, first) == (0, "jandi would send this for ISSUE_STATUS_CHANGE:")
    assert where == "to: jandi webhook"
    assert json.loads("\n".join(shown))["body"].startswith('The status of issue "Sample issue" changed from')


def test_each_source_has_samples() -> None:
    assert found("bridge.dead_letter", "slack.ops")["outcome"] == "sent"
    shown = found("crm.deal.won", "slack.ops")
    assert (shown["outcome"], shown["content"]["text"]) == ("sent", "crm: deal.won")


def test_the_message_of_a_template_is_shown() -> None:
    shown = found("ISSUE_STATUS_CHANGE", "slack", SLACK_TEMPLATE="[{{ project.name }}] {{ issue.name }}")
    assert shown["content"]["text"] == "[Sample project] Sample issue"


def test_a_template_that_does_not_fit_the_event_fails() -> None:
    shown = found("ISSUE_STATUS_CHANGE", "slack", SLACK_TEMPLATE="{{ data.issue.name + 1 }}")
    assert (shown["outcome"], shown["content"]) == ("failed", None)
    assert shown["why"].startswith("SLACK_TEMPLATE, line 1: ")


@pytest.mark.parametrize(
    ("event", "connector", "changes", "why"),
    [
        ("ISSUE_CREATION", "slack", {}, "SLACK_EVENTS does not name ISSUE_CREATION"),
        ("ISSUE_CREATION", "slack.ops", {}, "SLACK_EVENTS__OPS does not name ISSUE_CREATION"),
        ("ISSUE_STATUS_CHANGE", "slack", {"SLACK_FILTER": "project.id == 2"}, "excluded by SLACK_FILTER"),
    ],
)
def test_what_is_not_routed_names_the_variable(event: str, connector: str, changes: dict[str, str], why: str) -> None:
    """And shows what would be sent."""
    shown = found(event, connector, **changes)
    assert (shown["outcome"], shown["why"]) == ("unrouted", why)
    assert shown["where"] == f"{connector} #feedback"
    assert shown["content"]["text"]
    code, output = run(event, connector, **changes)
    assert (code, output.splitlines()[0]) == (0, f"{connector} would send nothing for {event} (unrouted): {why}")


def test_what_is_skipped_names_the_variable() -> None:
    shown = found("ISSUE_STATUS_CHANGE", "slack", SLACK_CHANNEL="2=#other")
    assert (shown["outcome"], shown["where"]) == ("skipped", None)
    assert shown["why"] == "SLACK_CHANNEL names no channel for project 1, and no default (*)"


def test_no_secret_is_shown() -> None:
    for connector in ("slack", "jandi", "outgoing"):
        for options in ((), ("--json",)):
            code, output = run("ISSUE_STATUS_CHANGE", connector, *options)
            assert code == 0
            assert "made-up" not in output
            assert "madeup" not in output
    assert "headers: x-key, webhook-id" in run("ISSUE_CREATION", "outgoing", OUTGOING_METHOD="GET")[1]


def test_a_secret_in_an_event_is_masked() -> None:
    shown = found("ISSUE_STATUS_CHANGE", "slack", SLACK_TEMPLATE=f"{{{{ event }}}} {SECRETS['SLACK_BOT_TOKEN']}")
    assert "made-up" not in shown["content"]["text"]


def test_a_file_is_the_body_of_a_request(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_bytes(body("ISSUE_STATUS_CHANGE", project=1, channel=1, issue=7, feedback=1))
    assert found(str(file), "outgoing")["content"]["data"]["issue"]["id"] == 7
    request = sample("github.issues.closed")
    file.write_bytes(request.body)
    headers = [word for name, value in request.headers.items() for word in ("--header", f"{name.upper()}={value}")]
    shown = found(str(file), "slack.ops", "--source", "github", *headers)
    assert (shown["outcome"], shown["event"]) == ("sent", "github.issues.closed")


def test_an_event_without_a_time_happens_when_it_is_previewed(tmp_path: Path) -> None:
    """As one that is received: it has the time of its arrival."""
    file = tmp_path / "event.json"
    whole = json.loads(body("ISSUE_CREATION", project=1, channel=1, issue=7, feedback=1))
    for name in ("createdAt", "updatedAt"):
        whole["data"]["issue"].pop(name, None)
    file.write_text(json.dumps(whole))
    shown = found(str(file), "outgoing")["content"]["timestamp"]
    assert abs(datetime.fromisoformat(shown) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("content", "options", "why"),
    [
        ("{", (), "holds no JSON (JSONDecodeError)"),
        ("[]", (), "holds no JSON object"),
        ("{}", (), "has no such event"),
        ("{}", ("--source", "pager"), "there is no source 'pager'"),
        ("{}", ("--header", "x"), "should be NAME=VALUE"),
    ],
)
def test_a_file_that_holds_no_event_ends_with_a_sentence(
    tmp_path: Path, content: str, options: tuple[str, ...], why: str
) -> None:
    (tmp_path / "event.json").write_text(content)
    code, output = run(str(tmp_path / "event.json"), "slack", *options)
    assert code > 0
    assert why in output


@pytest.mark.parametrize(
    ("event", "connector", "why"),
    [
        ("ISSUE_CREATION", "pager", "CONNECTORS names no 'pager'; there are: slack, jandi, outgoing, slack.ops"),
        (
            "ISSUE_DELETION",
            "slack",
            "ISSUE_DELETION is not a file, not the id of an event and not the name of an event",
        ),
        ("nobody.happened", "slack", "nobody.happened is not a file"),
        ("0123456789abcdef0123", "slack", "look at REDIS_URL"),
    ],
)
def test_what_can_not_be_shown_ends_with_a_sentence(event: str, connector: str, why: str) -> None:
    code, output = run(event, connector)
    assert code == 1
    assert why in output


def test_an_event_of_the_ledger_counts_with_what_is_known_of_it(redis: Redis, redis_url: str) -> None:
    """The thread of its issue."""
    raw = body("ISSUE_STATUS_CHANGE", project=1, channel=1, issue=7, feedback=1)
    runtime = Runtime(configure(environ(redis_url)), redis=redis)
    event = parse(json.loads(raw), runtime.instance)
    runtime.acceptor.accept("abc", event, raw)
    RedisLinks(runtime.ledger, "slack").set(
        str(event.subject), event.creation, channel="#feedback", thread="1767323045.000100"
    )
    shown = found(event.id, "slack", redis_url=redis_url, SLACK_THREADS="true")
    assert (shown["outcome"], shown["content"]["thread_ts"]) == ("sent", "1767323045.000100")
    code, output = run("0123456789abcdef0123", "slack", redis_url=redis_url)
    assert (code, "there is no event 0123456789abcdef0123" in output) == (1, True)
