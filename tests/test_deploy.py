"""What is shipped for a deployment works as it is: the units of systemd, and the form that app.json makes on Heroku."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest

from bridge.environment import EXIT_BAD_CONFIG, ConfigError
from jobs.configuration import configure
from jobs.worker import STOP_SECONDS
from tools.sandbox.processes import ROOT, Processes, answers, free_port, procfile
from tools.sandbox.service import environment

UNITS = {kind: ROOT / "deploy" / f"feedback-bridge-{kind}.service" for kind in ("web", "worker")}
INSTALLED = "/opt/feedback-bridge"
TOKEN = "0123456789abcdef" * 4  # what Heroku's generator makes


def service_of(kind: str) -> dict[str, str]:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS[kind], encoding="utf-8")
    return dict(parser["Service"])


def command_of(kind: str) -> list[str]:
    """ExecStart, as if this checkout were the installation."""
    return shlex.split(service_of(kind)["ExecStart"].replace(INSTALLED, str(ROOT)))


@pytest.mark.parametrize("kind", UNITS)
def test_a_unit_runs_the_procfiles_command_with_the_python_of_the_installation(kind: str) -> None:
    python, *arguments = shlex.split(service_of(kind)["ExecStart"])
    assert python == f"{INSTALLED}/.venv/bin/python"
    assert shlex.join(["python", *arguments]) == procfile()[kind]
    assert service_of(kind)["WorkingDirectory"] == INSTALLED


@pytest.mark.parametrize("kind", UNITS)
def test_a_unit_leaves_time_to_stop_and_does_not_repeat_a_wrong_start(kind: str) -> None:
    service = service_of(kind)
    assert int(service["TimeoutStopSec"]) >= STOP_SECONDS + 5
    assert service["RestartPreventExitStatus"] == str(EXIT_BAD_CONFIG) == "78"
    assert service["KillMode"] == "mixed"


@pytest.mark.parametrize("kind", UNITS)
def test_a_unit_holds_no_secret_and_names_a_file_for_root_alone(kind: str) -> None:
    """What a unit sets itself is shown to everybody by `systemctl show`."""
    service = service_of(kind)
    assert service["EnvironmentFile"] == "/etc/feedback-bridge/env"
    assert service["Environment"] == "PYTHONUNBUFFERED=1"
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert "install -m 0600 -o root -g root" in page
    assert service["User"] in page


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    files = [tmp_path / unit.name for unit in UNITS.values()]
    for file, unit in zip(files, UNITS.values(), strict=True):
        file.write_text(unit.read_text(encoding="utf-8").replace(INSTALLED, str(ROOT)), encoding="utf-8")
    checked = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True)
    ours = [line for line in checked.stderr.splitlines() if "feedback-bridge" in line]
    assert (checked.returncode, ours) == (0, [])


def test_the_commands_of_the_units_run_without_a_virtual_environment_on_the_path(
    tmp_path: Path, redis_url: str
) -> None:
    port = free_port()
    env = environment("http://127.0.0.1:9", redis_url) | {"PORT": str(port), "PATH": "/usr/bin:/bin"}
    with Processes(tmp_path) as processes:
        for kind in UNITS:
            processes.start(kind, command_of(kind), env)
        processes.wait_for("the service to be ready", lambda: answers(f"http://127.0.0.1:{port}/readyz"))


# app.json


def form() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "app.json").read_text(encoding="utf-8"))["env"]
    return found


ABC = {"ABC_API_URL": "https://abc.example.com", "ABC_API_KEY": "0123456789ABCDEF0123"}
JIRA = {"JIRA_URL": "https://jira.example.com", "JIRA_PROJECT": "PROJ"}
FILLED_IN: dict[str, dict[str, str]] = {
    "nothing yet": {},
    "Slack alone": {"CONNECTORS": "slack", "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_CHANNEL": "#feedback"},
    "Slack's webhook": {"CONNECTORS": "slack", "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/x"},
    "Jira Cloud": {**ABC, **JIRA, "CONNECTORS": "jira", "JIRA_EMAIL": "a@example.com", "JIRA_API_TOKEN": "t"},
    "Jira Data Center": {**ABC, **JIRA, "CONNECTORS": "jira", "JIRA_PAT": "t"},
    "libretranslate": {
        **ABC,
        "CONNECTORS": "translate",
        "TRANSLATE_PROVIDER": "libretranslate",
        "LIBRETRANSLATE_URL": "https://translate.example.com",
    },
    "deepl": {**ABC, "CONNECTORS": "translate", "TRANSLATE_PROVIDER": "deepl", "DEEPL_AUTH_KEY": "k"},
    "google": {**ABC, "CONNECTORS": "translate", "TRANSLATE_PROVIDER": "google", "GOOGLE_TRANSLATE_API_KEY": "k"},
    "openai": {
        **ABC,
        "CONNECTORS": "translate",
        "TRANSLATE_PROVIDER": "openai",
        "OPENAI_API_KEY": "k",
        "OPENAI_MODEL": "m",
    },
    "papago": {
        **ABC,
        "CONNECTORS": "translate",
        "TRANSLATE_PROVIDER": "papago",
        "PAPAGO_CLIENT_ID": "i",
        "PAPAGO_CLIENT_SECRET": "s",
    },
    "azure": {**ABC, "CONNECTORS": "translate", "TRANSLATE_PROVIDER": "azure", "AZURE_TRANSLATOR_KEY": "k"},
    "apertium": {
        **ABC,
        "CONNECTORS": "translate",
        "TRANSLATE_PROVIDER": "apertium",
        "APERTIUM_URL": "https://apertium.example.com",
    },
}


def deployed(filled_in: dict[str, str]) -> dict[str, str]:
    """The environment of the app after the form: defaults, generated secrets, and what a person typed in."""
    values = {name: str(field.get("value", "")) for name, field in form().items()}
    values |= {name: TOKEN for name, field in form().items() if field.get("generator") == "secret"}
    return values | filled_in | {"REDIS_URL": "rediss://:secret-of-the-tests@redis.example.com:6379"}


@pytest.mark.parametrize("what", FILLED_IN)
def test_what_is_filled_in_on_heroku_starts(what: str) -> None:
    """With nothing else than the form offers: whatever a connector requires is in it."""
    assert FILLED_IN[what].keys() <= form().keys()
    configuration = configure(deployed(FILLED_IN[what]))
    assert ",".join(configuration.connectors) == FILLED_IN[what].get("CONNECTORS", "")
    assert configuration.doubts == ()


@pytest.mark.parametrize("connector", ["translate", "jira", "slack", "translate,jira,slack"])
def test_whatever_is_missing_can_be_filled_in(connector: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configure(deployed({"CONNECTORS": connector}))
    assert {problem.partition(":")[0] for problem in caught.value.problems} <= form().keys()


def test_only_what_everybody_needs_is_required_in_the_form() -> None:
    required = {name for name, field in form().items() if field.get("required", True) and not field.get("value")}
    assert required - {name for name, field in form().items() if "generator" in field} == {"CONNECTORS"}
    assert form()["TRUSTED_PROXIES"]["value"] == "1"
