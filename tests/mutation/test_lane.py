"""A lane runs tests until one fails, and believes a failure only when it comes twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.sandbox.processes import ROOT

TESTS = """
from pathlib import Path

runs = Path("runs")
runs.touch()

def note(name):
    runs.write_text(runs.read_text() + name + " ")

def test_right():
    note("right")

def test_wrong():
    note("wrong")
    assert False

def test_unlucky():
    note("unlucky")
    assert runs.read_text().count("unlucky") == 2
"""


@pytest.mark.parametrize(
    ("names", "code", "failed", "runs"),
    [
        (["unlucky", "right"], 0, [], "unlucky unlucky right"),
        (["wrong", "right"], 1, ["wrong"], "wrong wrong"),
        (["unlucky", "wrong", "right"], 1, ["wrong"], "unlucky unlucky wrong wrong"),
    ],
    ids=["fails once", "fails twice", "both"],
)
def test_a_failure_counts_when_it_comes_twice_in_a_row(
    tmp_path: Path, names: list[str], code: int, failed: list[str], runs: str
) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")  # as in the project
    order = {"tests": [f"test_it.py::test_{name}" for name in names], "seconds": 60, "path": "", "inside": ""}
    done = subprocess.run(
        [sys.executable, "-m", "tools.mutation.lane", "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=json.dumps({**order, "reach": False}) + "\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert (answer["code"], answer["failed"]) == (code, [f"test_it.py::test_{name}" for name in failed])
    assert (tmp_path / "runs").read_text().split() == runs.split()
