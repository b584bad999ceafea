"""Plug-ins of tests, as pip installs them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bridge import plug_ins

MODULE = "made_up_plug_in"


@dataclass
class Folder:
    """A folder of `sys.path` with packages as pip installs them."""

    path: Path
    modules: set[str] = field(default_factory=set)

    def install(self, group: str, kind: str, code: str, package: str = "made-up-plug-in", name: str = "IT") -> None:
        module = package.replace("-", "_")
        info = self.path / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[feedback_bridge.{group}]\n{kind} = {module}:{name}\n")
        (self.path / f"{module}.py").write_text(code)
        self.modules.add(module)


@contextmanager
def plug_in_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    monkeypatch.syspath_prepend(str(path))
    _forget()
    folder = Folder(path)
    yield folder
    for module in folder.modules:
        sys.modules.pop(module, None)
    _forget()


def _forget() -> None:
    plug_ins._points.cache_clear()
    plug_ins._import.cache_clear()
