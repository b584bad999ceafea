"""The documentation can't go stale: variables, links, commands and endpoints in it are those of the code."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import get_args

import pytest
import yaml
from dotenv import dotenv_values
from honcho.environ import parse as honcho_values

import connectors
import sources
from bridge.service import ServiceSettings
from connectors.base import Reason
from connectors.translate import providers
from jobs.configuration import configure
from jobs.delivery import schedule
from sources.configuration import variables as source_variables
from tools import figures, reference, site
from tools.sandbox.processes import ROOT, procfile

OPERATIONS = ROOT / "docs" / "operations.md"
CONFIGURATION = ROOT / "docs" / "configuration.md"
ENV_EXAMPLE = ROOT / ".env.example"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def variables() -> set[str]:
    """Every variable that the code reads, from the settings classes themselves; `crm` is the example of a generic
    source."""
    names = set(ServiceSettings.variables().values()) | source_variables(["crm"])
    for connector in connectors.REGISTRY:
        spec = connectors.find(connector)
        names |= {*spec.settings.variables().values(), *spec.routing}
    for provider in providers.REGISTRY:
        names |= set(providers.find(provider).settings.variables().values())
    return names


def uncommented() -> str:
    """.env.example with every `#NAME=…` line taken into use."""
    return re.sub(r"(?m)^#(?=[A-Z][A-Z0-9_]*=)", "", ENV_EXAMPLE.read_text(encoding="utf-8"))


def documented() -> set[str]:
    cells = re.findall(r"(?m)^\|([^|]*)\|", CONFIGURATION.read_text(encoding="utf-8"))
    return {name for cell in cells for name in re.findall(r"`([A-Z][A-Z0-9_]*)`", cell)}


def test_every_variable_is_documented_and_nothing_else() -> None:
    assert documented() == variables()


def test_every_variable_is_in_the_example_and_nothing_else() -> None:
    assert set(re.findall(r"(?m)^([A-Z][A-Z0-9_]*)=", uncommented())) == variables()


LISTS_OF_CONNECTORS = {
    "docs/configuration.md": r"\| `CONNECTORS` \|.*",
    "docs/architecture.md": r"connectors/ .*",
    "docs/glossary.md": r"\| connector \|.*",
    ".env.example": r"# Any of .*(?=\nCONNECTORS=)",
    "app.json": r"Which connectors run: .*",
}


@pytest.mark.parametrize("file", LISTS_OF_CONNECTORS)
def test_a_list_of_connectors_names_every_one(file: str) -> None:
    found = re.search(rf"(?m)^.*{LISTS_OF_CONNECTORS[file]}", (ROOT / file).read_text(encoding="utf-8"))
    assert found
    assert connectors.REGISTRY.keys() - set(re.findall(r"[a-z]+", found.group())) == set()


@pytest.mark.parametrize("variable", ["ABC_API_URL", "ABC_API_KEY"])
def test_the_variables_of_abc_are_required_by_the_connectors_that_need_it(variable: str) -> None:
    [required] = re.findall(
        rf"(?m)^\| `{variable}` \|.*\| required by ([^|]*)\|$", CONFIGURATION.read_text(encoding="utf-8")
    )
    needing = {kind for kind in connectors.REGISTRY if "abc" in connectors.find(kind).needs}
    assert set(re.findall(r"`([a-z]+)`", required)) == needing


def test_every_source_and_its_secret_are_documented() -> None:
    page = CONFIGURATION.read_text(encoding="utf-8")
    [row] = re.findall(r"(?m)^\| `SOURCES` \|.*$", page)
    for name, source in sources.REGISTRY.items():
        if not source.secret:  # the service itself, which is not listed
            continue
        assert f"`{name}`" in row
        assert re.search(rf"(?m)^\| `{source.secret}` \|.*\| required with the source `{name}` \|$", page)


def test_the_example_means_the_same_to_honcho_and_to_flask(tmp_path: Path) -> None:
    """Both read .env, with parsers of their own: an unquoted blank or # would make them differ."""
    file = tmp_path / "env"
    file.write_text(uncommented(), encoding="utf-8")
    flask_values = {name: value for name, value in dotenv_values(file, interpolate=False).items() if value}
    assert flask_values == honcho_values(uncommented())  # type: ignore[no-untyped-call]


def test_the_app_manifest_names_known_variables_only() -> None:
    manifest = json.loads((ROOT / "app.json").read_text(encoding="utf-8"))
    assert set(manifest["env"]) <= variables()
    assert set(manifest["formation"]) == set(procfile())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    """Links between pages lead to files, and their anchors to headings."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}, which does not exist"
        if anchor:
            assert anchor in set(anchors(file)), f"{page.name} links to {target}: no such heading"


def anchors(page: Path) -> Iterator[str]:
    """The anchors that GitHub makes of a page's headings."""
    for heading in re.findall(r"(?m)^#+ +(.+)$", page.read_text(encoding="utf-8")):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    """What people are to run according to a page (`bin/…`, `.ci/run`) exists and can be run."""
    text = page.read_text(encoding="utf-8")
    for command in re.findall(r"(?<![\w./-])((?:bin|\.ci)/[a-z_]+)(?![\w/.])", text):
        file = ROOT / command
        assert file.is_file(), f"{page.name} names {command}, which does not exist"
        assert file.stat().st_mode & 0o111, f"{command} can't be run"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_flask_commands_exist(page: Path) -> None:
    from app import create_app

    app = create_app({"WEBHOOK_TOKEN": "a-token-for-this-test"})
    words = set(re.findall(r"\bflask ([a-z][a-z-]+)\b", page.read_text(encoding="utf-8")))
    assert words <= set(app.cli.commands), f"{page.name} names commands that do not exist"


def test_every_page_is_in_the_navigation_of_the_site_and_looks_there_as_on_github() -> None:
    """Cheap parts of a strict build; bin/docs does it all."""
    assert sum(map(len, site.navigation().values())) == len(PAGES) + 1  # and the example's page
    assert list(site.badly_indented(ROOT)) == []


def test_the_steps_of_getting_started_fit_the_code() -> None:
    """Its .env is a valid one, and its Slack app has the scopes that the connector's page requires."""
    page = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    [block] = re.findall(r"(?s)```sh\n(WEBHOOK_TOKEN=.*?)```", page)
    values = dotenv_values(stream=StringIO(re.sub(r"<.*>", "xoxb-0123456789-abcdef", block)))
    configuration = configure({name: value or "" for name, value in values.items()})
    assert (list(configuration.connectors), configuration.doubts) == (["slack"], ())
    [manifest] = re.findall(r"(?s)```yaml\n(.*?)```", page)
    scopes = set(yaml.safe_load(manifest)["oauth_config"]["scopes"]["bot"])
    slack = (ROOT / "docs" / "connectors" / "slack.md").read_text(encoding="utf-8")
    assert scopes == {"chat:write", "channels:history", "channels:read"}
    assert all(f"`{scope}`" in slack for scope in scopes)


def test_the_symptoms_of_the_runbook_are_those_of_the_code() -> None:
    """Each reason of a failure has a row, among what is retried or what is dead, and each metric exists."""
    page = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    cells = [cell for row in re.findall(r"(?m)^\|([^|]*)\|", page) for cell in re.findall(r"`([a-z_]+)`", row)]
    assert set(get_args(Reason)) - set(cells) == set()
    operations = OPERATIONS.read_text(encoding="utf-8")
    metrics = set(re.findall(r"feedback_bridge_[a-z_]+", page + (ROOT / "docs/maintenance.md").read_text("utf-8")))
    assert len(metrics) > 5
    assert [name for name in metrics if f"`{name}`" not in operations] == []


def test_the_reference_is_that_of_the_code(redis_url: str) -> None:
    written = figures.blocks(reference.PAGE.read_text(encoding="utf-8"))
    made = reference.blocks(redis_url)
    assert written.keys() == made.keys()
    stale = [name for name, text in made.items() if written[name] != text]
    assert stale == [], f"run {reference.COMMAND}"


@pytest.mark.parametrize(
    "page", [CONFIGURATION, *sorted((ROOT / "docs/connectors").glob("*.md"))], ids=lambda p: p.stem
)
def test_a_default_that_a_page_names_is_that_of_the_code(page: Path) -> None:
    """In the last cell of a variable's row. Where the code has none, or a secret one, the page may explain one."""
    default = dict(re.findall(r"(?m)^\| `([A-Z0-9_]+)` \| `(.*?)` \|", reference.variables()))
    named = re.findall(r"(?m)^\| `([A-Z0-9_]+)` \|.*\| `([^`|]*)` \|$", page.read_text(encoding="utf-8"))
    assert [(name, text) for name, text in named if default.get(name, text) != text] == []


def test_every_metric_and_endpoint_is_explained() -> None:
    """By name, in the page that the reference leads to."""
    listed = figures.blocks(reference.PAGE.read_text(encoding="utf-8"))
    metrics = set(re.findall(r"(?m)^\| `(\w+)`", listed[f"{reference.COMMAND} metrics"]))
    explained = re.findall(r"`(feedback_bridge_\w+)`", OPERATIONS.read_text(encoding="utf-8"))
    assert (len(metrics) > 10, metrics - set(explained)) == (True, set())
    endpoints = set(re.findall(r"(?m)^\| `(\w+ [^`]+)`", listed[f"{reference.COMMAND} endpoints"]))
    api = re.findall(r"`((?:GET|POST) /api[^`]*)`", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"))
    plain = {re.sub(r"<\w+>", "{}", request) for request in api}
    assert (len(endpoints) > 5, {re.sub(r"{\w+}", "{}", name) for name in endpoints} - plain) == (True, set())


def test_the_reference_has_every_variable() -> None:
    listed = set(re.findall(r"(?m)^\| `([A-Z0-9_]+)` \|", reference.variables()))
    assert listed == {name for name in variables() if not name.startswith("SOURCE_CRM_")}


def test_the_procfile_runs_what_exists() -> None:
    commands = {name: shlex.split(command) for name, command in procfile().items()}
    assert set(commands) == {"web", "worker"}
    assert commands["web"][0] == "python"
    assert (ROOT / commands["web"][1]).is_file()
    assert commands["worker"][:2] == ["python", "-m"]
    assert (ROOT / (commands["worker"][2].replace(".", "/") + ".py")).is_file()


def test_the_schedule_in_operations_is_the_real_one() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    [row] = re.findall(r"(?m)^\| seconds after the one before \|(.*)\|$", text)
    assert [float(cell) for cell in row.split("|")] == list(schedule.DELAYS)
    assert "grows by up to a fifth" in text
    assert schedule.JITTER == 0.2
    assert "up to an hour" in text
    assert schedule.LONGEST_RETRY_AFTER == 3600
    assert "end 3 days after" in text
    assert schedule.GIVE_UP_AFTER == 3 * 86_400
    assert "every 15 minutes" in text
    assert schedule.QUOTA_PAUSE == 15 * 60
    assert "without a time after\n  5 seconds" in text
    assert schedule.BUSY_SECONDS == 5


def test_the_security_page_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.py)`", page))
    assert len(named) > 20
    assert not [name for name in named if not (ROOT / "tests" / name).is_file()]
