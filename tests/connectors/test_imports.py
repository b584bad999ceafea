"""Each system costs only those who use it: the web process imports no library of a connector, and a worker those of the
connectors that are on."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import connectors
from tests.connectors.contract import cases_of
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.processes import ROOT

COMMON = {"WEBHOOK_TOKEN": "a-token-for-this-test", "ABC_API_URL": "http://127.0.0.1:9", "ABC_API_KEY": DEMO_KEY}
EACH_ALONE = """
import json, os, sys
import app, jobs.worker  # first, so that each of the others starts from here
from jobs.configuration import configure
from jobs.runtime import Runtime

for kind, environ in json.load(sys.stdin).items():
    if (child := os.fork()) == 0:
        configuration = configure(environ)
        declared = set(sys.modules)
        Runtime(configuration).connectors
        print(json.dumps([kind, sorted(declared), sorted(sys.modules)]), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def imports_of(file: Path) -> Iterator[str]:
    """The packages that a file imports anywhere, also inside of functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def own_libraries() -> dict[str, set[str]]:
    """The libraries that one connector imports, and nothing else of the service."""
    inside: dict[Path, set[str]] = {}
    for folder in ("bridge", "sources", "jobs", "connectors", "console"):
        inside |= {file: set(imports_of(file)) for file in (ROOT / folder).rglob("*.py")}
    found = {}
    for kind in connectors.REGISTRY:
        home = ROOT / "connectors" / kind
        own = set().union(*(names for file, names in inside.items() if file.is_relative_to(home)))
        others = set().union(*(names for file, names in inside.items() if not file.is_relative_to(home)))
        found[kind] = own - others - sys.stdlib_module_names
    return found


LIBRARIES = own_libraries()


@pytest.fixture(scope="module")
def imported() -> dict[str, tuple[set[str], set[str]]]:
    """Of each connector alone: what is imported with its settings, as the web process needs them, and what once it is
    built, as in a worker."""
    variables = {kind: next(iter(cases_of(kind).values())).variables("http://127.0.0.1:9") for kind in LIBRARIES}
    environs = {kind: {**COMMON, "CONNECTORS": kind, **own} for kind, own in variables.items()}
    run: Any = subprocess.run(
        [sys.executable, "-W", "error", "-c", EACH_ALONE],
        cwd=ROOT,
        input=json.dumps(environs),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert [kind for kind, *_ in lines] == list(LIBRARIES), run.stderr
    return {kind: (set(declared), set(built)) for kind, declared, built in lines}


def test_what_each_system_needs_is_found_in_its_folder() -> None:
    known = {"slack": {"slack_sdk"}, "jira": {"jira"}, "translate": {"deepl", "gcld3"}}
    assert {kind: names for kind, names in LIBRARIES.items() if names} == known


@pytest.mark.parametrize("kind", LIBRARIES)
def test_only_the_libraries_of_the_connector_in_use_are_imported(
    imported: dict[str, tuple[set[str], set[str]]], kind: str
) -> None:
    declared, built = imported[kind]
    every = set().union(*LIBRARIES.values())
    assert every & declared == set(), "the web process reads the settings of every connector"
    assert every & built <= LIBRARIES[kind]
    assert kind == "translate" or every & built == LIBRARIES[kind], "else nothing would show that they are loaded"
