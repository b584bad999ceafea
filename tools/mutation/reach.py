"""A pytest plugin: which code each test reaches, and how long it takes."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

PACKAGES = ("jobs", "connectors", "sources", "bridge/http")


class Scripts(dict[str, str]):
    """The Lua scripts by name; notes which ones are taken."""

    def __init__(self, scripts: dict[str, str], taken: set[str]) -> None:
        super().__init__(scripts)
        self._taken = taken

    def __getitem__(self, name: str) -> str:
        self._taken.add(name)
        return super().__getitem__(name)


class Reach:
    """`seen`: for each test its seconds and what it reached: `jobs/ledger/lua/<script>.lua`, `<module>.py:<function>`.

    Only what runs in the process of the tests is seen, not what the processes do that a test starts.
    """

    def __init__(self, root: Path) -> None:
        import jobs.ledger.scripts

        self.seen: dict[str, tuple[float, list[str]]] = {}
        self._root = f"{root}/"
        self._scripts: set[str] = set()
        self._functions: set[str] = set()
        self._packages = tuple(f"{root}/{package}/" for package in PACKAGES)
        texts = {path.stem: path.read_text(encoding="utf-8") for path in root.glob("jobs/**/lua/*.lua")}
        self._included = {name: re.findall(r"--!include (\w+)", text) for name, text in texts.items()}
        jobs.ledger.scripts.LUA = Scripts(jobs.ledger.scripts.LUA, self._scripts)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._scripts.clear()
        self._functions.clear()
        started = time.monotonic()
        threading.settrace(self._trace)
        sys.settrace(self._trace)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            self.seen[item.nodeid] = (time.monotonic() - started, sorted(self._reached()))

    def _trace(self, frame: FrameType, _event: str, _argument: object) -> None:
        file = frame.f_code.co_filename
        if file.startswith(self._packages):
            self._functions.add(f"{file.removeprefix(self._root)}:{frame.f_code.co_qualname}")

    def _reached(self) -> set[str]:
        names = {part for name in self._scripts for part in (name, *self._included.get(name, ()))}
        return {f"jobs/ledger/lua/{name}.lua" for name in names} | self._functions
