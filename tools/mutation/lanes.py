"""Lanes (see `tools/mutation/lane.py`) from outside, and what is known about the tests."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.mutation.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".mutation"
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", ".mutation", ".hypothesis", ".*_cache", "__pycache__")


class Lane:
    """One copy of the project with its process; for one caller at a time."""

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=LEFT_OUT, symlinks=True)
        self._files = files
        self._start(files)

    def _start(self, files: Sequence[str], *, changed: bool = False) -> None:
        self._process = subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, *(["-B"] if changed else []), "-m", "tools.mutation.lane", *files],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._changed = changed
        self.collected = bool(self._read())
        """Whether the tests could be collected, which a change outside of functions may prevent."""

    def log(self) -> str:
        """The end of what its pytest has printed."""
        return (self.folder / "lane.log").read_text(encoding="utf-8", errors="replace")[-5000:]

    def learn(self, file: str) -> dict[str, Any]:
        """Runs a test file and records what it reaches."""
        return self._order({"tests": [file], "seconds": 900, "reach": True, "path": "", "inside": ""})

    def judge(self, path: Path, mutant: Mutant, tests: Sequence[str], seconds: float) -> dict[str, Any]:
        """Runs tests with the mutant in place: see tools.mutation.lane.Lane."""
        in_fork = path.suffix == ".lua" or bool(mutant.inside)
        if in_fork and self._changed:
            self._restart(self._files, changed=False)
        file = self.folder / path
        before = file.read_text(encoding="utf-8")
        # Python notices a change by second and size only.
        shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)
        file.write_text(mutant.text, encoding="utf-8")
        order = {"tests": list(tests), "seconds": seconds, "reach": False, "inside": mutant.inside}
        try:
            if in_fork:
                return self._order({**order, "path": str(path)})
            self._restart(sorted({test.partition("::")[0] for test in tests}), changed=True)
            return self._order({**order, "path": ""}) if self.collected else {"code": 2, "failed": ["the collection"]}
        finally:
            file.write_text(before, encoding="utf-8")

    def _restart(self, files: Sequence[str], *, changed: bool) -> None:
        self.close()
        self._start(files, changed=changed)

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or "{}")
        return answer

    def close(self) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(60)


@dataclass
class Tests:
    """`seen`: seconds and reach by test; `noticed`: how many mutants each test noticed first."""

    seen: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    noticed: Counter[str] = field(default_factory=Counter)

    def learn(self, lane: Lane, file: str) -> None:
        """Runs a test file once, unless nothing has changed since it was run. A test that fails is left out."""
        kept = KEPT / f"{_digest(file)}.json"
        if kept.exists():
            seen = json.loads(kept.read_text(encoding="utf-8"))
        else:
            answer = lane.learn(file)
            for test in answer["failed"]:
                print(f"left out, it fails without a mutant: {test}", flush=True)
                answer["seen"].pop(test, None)
            seen = answer["seen"]
            KEPT.mkdir(exist_ok=True)
            if answer["code"] == 0:
                kept.write_text(json.dumps(answer["seen"]), encoding="utf-8")
        for test, (seconds, reach) in seen.items():
            self.seen[test] = (seconds, frozenset(reach))

    def of(self, reached: str, shortest: float, longest: float) -> list[str]:
        """Tests of so many seconds that reach something, those first that are likely to notice soon: in the test file
        of the same name, or the first to notice other changes.

        `reached`: a script, a function, or a module (`jobs/delivery/flow.py:`), which means any function of it, and the
        tests that may compare its constants.
        """
        found = [
            (not is_own(test, reached), seconds / (1 + self.noticed[test]), test)
            for test, (seconds, reach) in self.seen.items()
            if shortest < seconds <= longest
            and (reached in reach or (reached[-1] == ":" and (is_own(test, reached) or _reaches(reach, reached))))
        ]
        return [test for *_, test in sorted(found)]

    def seconds(self, tests: Sequence[str]) -> float:
        return sum(self.seen[test][0] for test in tests)


def is_own(test: str, reached: str) -> bool:
    """Whether the test is in the file that is named like what it reaches: test_flow.py for flow.py."""
    return f"/test_{Path(reached.partition(':')[0]).stem}.py::" in test


def _reaches(reach: frozenset[str], start: str) -> bool:
    return any(name.startswith(start) for name in reach)


def _digest(file: str) -> str:
    """Of a test file and all the code that it may reach."""
    digest = hashlib.sha256(file.encode())
    code = [path for folder in ("jobs", "connectors", "sources", "bridge")
            for path in sorted(ROOT.glob(f"{folder}/**/*")) if path.suffix in (".py", ".lua")]  # fmt: skip
    for path in [*code, ROOT / file.partition("::")[0], ROOT / "tests/conftest.py", ROOT / "tests/jobs/world.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:24]
