"""What a process builds, and that `jobs` knows sources by what they declare and never by name."""

from __future__ import annotations

import ast
import gc
import re

import pytest

from jobs.configuration import configure
from jobs.runtime import Runtime
from sources import REGISTRY
from sources.abc.client import AbcClient
from tools.sandbox.processes import ROOT

ENVIRONMENT = {
    "WEBHOOK_TOKEN": "a-token-for-this-test",
    "CONNECTORS": "jira,jira.eu,slack",
    "ABC_API_URL": "http://127.0.0.1:9",
    "ABC_API_KEY": "1=a-key-for-this-test",
    "JIRA_URL": "http://127.0.0.1:9",
    "JIRA_EMAIL": "bridge@example.com",
    "JIRA_API_TOKEN": "a-token-for-this-test",
    "JIRA_PROJECT": "1=AA",
    "JIRA_PROJECT__EU": "2=BB",
    "SLACK_WEBHOOK_URL": "http://127.0.0.1:9/slack",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}
NAMES = re.compile(rf"(?<![\w-])({'|'.join(REGISTRY)})(?![\w-])")  # feedback-bridge is the service, and no source


def clients() -> int:
    gc.collect()
    return sum(isinstance(thing, AbcClient) for thing in gc.get_objects())


def test_a_process_has_one_client_for_each_source() -> None:
    """Connectors, reconcile and `flask check` share it, and with it the connections that it keeps open."""
    before = clients()
    runtime = Runtime(configure(ENVIRONMENT))
    assert len(runtime.connectors) == len(runtime.build_connectors([(1, 1)])) == 3
    assert runtime.sweep is not None
    assert list(runtime.apis) == ["abc"]
    assert clients() == before + 1


@pytest.mark.parametrize("without", ["ABC_API_URL", "SOURCES"])
def test_a_source_that_cannot_be_asked_is_not_compared(without: str) -> None:
    changed = {"CONNECTORS": "slack", "ABC_API_URL": "", "ABC_API_KEY": ""}
    if without == "SOURCES":
        changed = {"CONNECTORS": "slack", "SOURCES": "logto", "LOGTO_SIGNING_KEY": "a-key-for-this-test"}
    runtime = Runtime(configure(ENVIRONMENT | changed))
    assert runtime.sweep is None
    assert runtime.reconciler is None
    assert list(runtime.apis) == ([] if without == "ABC_API_URL" else ["abc"])


def test_jobs_name_no_source() -> None:
    """Neither in a constant nor in a Lua script; explanations may."""
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "jobs").rglob("*.lua")}
    found = [name for name, text in scripts.items() if NAMES.search(re.sub(r"--.*", "", text))]
    modules = sorted((ROOT / "jobs").rglob("*.py"))
    assert scripts
    assert modules
    for module in modules:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        explanations = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in explanations]
        found += [f"{module.name}:{text.lineno}" for text in texts if NAMES.search(str(text.value))]
    assert found == []
