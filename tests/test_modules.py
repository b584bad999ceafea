"""The size of the modules: one that grows past it holds two things, which a reader looks for separately."""

from __future__ import annotations

from tools.sandbox.processes import ROOT

LONGEST = 300
"""Lines."""
FOLDERS = ("bridge", "sources", "jobs", "connectors", "console", "tools")


def test_no_module_is_longer_than_300_lines() -> None:
    modules = [ROOT / "app.py", *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))]
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}
