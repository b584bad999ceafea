"""`bin/demo`: every effect is seen, what is missing is named, and nothing is left running."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools.sandbox import demo as demo_module
from tools.sandbox.demo import Demo
from tools.sandbox.effects import Effect
from tools.sandbox.processes import ROOT, Processes, answers, child_environment, python_command, wait_for
from tools.sandbox.service import Service


def test_once_shows_every_effect_and_ends_with_0() -> None:
    """`bin/demo --once`, as a newcomer or a check runs it."""
    command = [sys.executable, "-m", "tools.sandbox.demo", "--once"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=child_environment({}))
    assert result.returncode == 0, result.stdout + result.stderr
    for line in (
        'ABC: feedback 1 has translatedMessage "Payment does not work',
        'ABC: issue 3 has externalIssueId "3"; untouched: name "API issue 🚀", description "설명", status "INIT"',
        "Jira: PROJ-4 has the comment",
        'Jira: PROJ-3 is "In Progress"',
        'GitHub: one ticket, acme/app#1 "결제 버튼이 안 보여요 (2)", is "closed"',
        'Blue: one ticket, cltodo0000000000000000001 "결제 버튼이 안 보여요 (4)", is "done"',
        'GitLab: one ticket, acme/app#1 "결제 버튼이 안 보여요 (3)", is "closed"',
        "Slack: one message in #feedback",
        "JANDI: one message",
        "Discord: one message",
        "Mattermost: one message",
        "Teams: one message",
        'Slack: "GitHub: acme/web#7',
        'Slack: "crm: deal.won"',
        *(f"{name} · ABC: feedback" for name in ("deepl", "google", "openai", "papago", "azure", "apertium")),
        "ABC: issue 3 of project 1 is RESOLVED",
        *(f"ABC: issue {issue} of project {project} is ON_REVIEW" for project, issue in ((2, 5), (3, 6), (4, 7))),
        'Slack, for operators: "Feedback Bridge: nocobase – a setting is wrong (auth)',
        "6 × 200, each known already",
    ):
        assert f"✓ {line}" in result.stdout
    assert_gone(result.stdout)


def test_it_stays_until_it_is_asked_to_end_and_takes_everything_with_it(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        demo = processes.start("demo", python_command("-m", "tools.sandbox.demo"))
        output = processes.wait_for(
            "the farewell", lambda: demo.output() if "until Ctrl-C" in demo.output() else None, 60
        )
        assert answers(web_of(output) + "/healthz")
        demo.signal(signal.SIGTERM)
        assert demo.wait(30) == 128 + signal.SIGTERM
        assert_gone(output)


def test_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo_module, "SECONDS", 0.05)
    demo = Demo(Processes(tmp_path), Service("", "", "", {}))
    demo.scene("Nothing comes", Effect("the first", lambda: None), Effect("the second", lambda: "is there"))
    assert demo.missing == ["the first"]
    assert "✗ MISSING: the first" in capsys.readouterr().out


def web_of(output: str) -> str:
    found = re.search(r"web (http://127\.0\.0\.1:\d+)", output)
    assert found
    return found[1]


def assert_gone(output: str) -> None:
    for url in re.findall(r"http://127\.0\.0\.1:\d+", output):
        wait_for(f"{url} to be closed", lambda url=url: not answers(f"{url}/healthz"), 5)  # type: ignore[misc]
