"""The base modules import what docs/architecture.md allows; import-linter (.importlinter) holds the packages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sandbox.processes import ROOT

OURS = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
ALLOWED: dict[str, set[str]] = {
    "settings": {"bridge"},
    "transport": {"bridge"},
    "redaction": {"bridge", "settings"},
    "logs": {"bridge", "redaction", "settings"},
}
BASE = set(ALLOWED) | {"bridge"}
PACKAGES: dict[str, set[str]] = {
    "bridge": set(),
    "sources": BASE,
    "connectors": BASE | {"sources"},
    "jobs": BASE | {"sources", "connectors"},
}


def imported(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in names} & OURS


@pytest.mark.parametrize("module", ALLOWED)
def test_base_modules_know_only_what_is_below_them(module: str) -> None:
    files = list((ROOT / module).glob("*.py")) or [ROOT / f"{module}.py"]
    for file in files:
        assert imported(file) <= ALLOWED[module] | {module}, f"{file.relative_to(ROOT)} looks up"


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_know_only_what_is_below_them(package: str) -> None:
    for file in (ROOT / package).rglob("*.py"):
        assert imported(file) <= PACKAGES[package] | {package}, f"{file.relative_to(ROOT)} looks up"


def test_nothing_imports_app() -> None:
    """Benchmarks and tests may: they run it."""
    for file in [
        *ROOT.glob("*.py"),
        *(file for name in OURS - {"bench", "tests"} for file in (ROOT / name).rglob("*.py")),
    ]:
        assert "app" not in imported(file), f"{file.relative_to(ROOT)} imports app"
