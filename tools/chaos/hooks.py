"""Runs inside the attacked process: kills it before or after a named step, or changes its wall clock, on order.

The service does not contain this code: `inject/sitecustomize.py` installs it through Python's own start-up, in the
processes that the suite starts. A step is an outgoing HTTP request or a record in the ledger. Its name is what it does
(`jira POST /issue`, `ledger settle`), so the steps of a new connector need no change here.

Orders are files in the folder CHAOS_FOLDER: `orders/<step>.<before|after>` (only the first process that reaches the
step takes it), `clock` (seconds by which the wall clock is wrong). `steps` lists every step that was reached.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlsplit

from tools.chaos.sabotage import PROTECTIONS

CLOCK_READ_EVERY = 0.1
"""Seconds, by the monotonic clock, after which the clock's offset is read again."""

GRAPHQL = re.compile(rb'\{"query": ?"(?:query|mutation) \{ (\w+)')
"""Finds the field in a request of connectors/tickets/graphql.py."""


def install() -> None:
    """Does nothing without CHAOS_FOLDER."""
    folder = os.environ.get("CHAOS_FOLDER")
    if folder is None:
        return
    steps = Steps(Path(folder))
    time.time = _jumping_clock(Path(folder) / "clock")
    patches: dict[str, list[Callable[[ModuleType], None]]] = {
        "requests.sessions": [lambda module: _watch_requests(module, steps)],
        "jobs.ledger.ledger": [lambda module: _watch_ledger(module, steps)],
        "jobs.ledger.links": [lambda module: _watch_links(module, steps)],
        "jobs.accept": [lambda module: _watch_acceptor(module, steps)],
    }
    scale = float(os.environ.get("CHAOS_SCALE", "1"))
    if scale != 1:
        for place in ("jobs.reconcile.comparison", "jobs.reconcile.changed"):
            patches[place] = [lambda module: _hurry_reconcile(module, scale)]
    if without := os.environ.get("CHAOS_WITHOUT"):
        place, switch_off = PROTECTIONS[without]
        patches.setdefault(place, []).append(switch_off)
    sys.meta_path.insert(0, _AfterImport(patches))


class Steps:
    """The steps of this process, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[str] = set()

    def reach(self, step: str, when: str) -> None:
        """Kills the process if there is an order for this step."""
        if step not in self._known:
            self._known.add(step)
            with (self._folder / "steps").open("a", encoding="utf-8") as file:
                file.write(f"{step}\n")
        order = order_file(self._folder, step, when)
        with suppress(FileNotFoundError):
            os.rename(order, f"{order}.taken")  # only one process can
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: Callable[..., str], function: Callable[..., Any]) -> Callable[..., Any]:
        """Makes `function` a step; `name` is called with the function's arguments and returns the step's name."""

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            step = name(*args, **kwargs)
            self.reach(step, "before")
            try:
                return function(*args, **kwargs)
            finally:
                self.reach(step, "after")

        return call


def order_file(folder: Path, step: str, when: str) -> str:
    return str(folder / "orders" / f"{quote(step, safe=' ')}.{when}")


def request_step(method: str, url: str, body: Any = None) -> str:
    """`jira POST /issue/*/comment`: the system (first part of the stand-ins' paths), the method, the path without
    ids; and the field of a GraphQL request (`blue POST /graphql/createTodo`)."""
    system, *parts = urlsplit(url).path.strip("/").split("/")
    while parts and (parts[0] in ("rest", "api") or parts[0].isdigit()):
        parts.pop(0)
    field = GRAPHQL.match(body) if isinstance(body, bytes) and parts and parts[-1] == "graphql" else None
    parts += [field[1].decode()] if field else []
    return f"{system} {method} /{'/'.join('*' if re.search(r'[0-9]', part) else part for part in parts)}"


def _watch_requests(module: ModuleType, steps: Steps) -> None:
    def name(_session: Any, request: Any, **_: Any) -> str:
        return request_step(request.method, request.url, request.body)

    module.Session.send = steps.around(name, module.Session.send)


def _watch_ledger(module: Any, steps: Steps) -> None:
    def of_script(_ledger: Any, script: str, *_: Any, **__: Any) -> str:
        return f"ledger {script}"

    def of_notes(_ledger: Any, _lease: Any, notes: Any, *_: Any) -> str:
        return " ".join(["ledger keep", *sorted(notes or ())])

    module.Ledger._run = steps.around(of_script, module.Ledger._run)
    module.Ledger.keep = steps.around(of_notes, module.Ledger.keep)


def _watch_links(module: Any, steps: Steps) -> None:
    def of_link(links: Any, _entity: str, _created: str, **values: str) -> str:
        connector = links._prefix.split(":")[-2]
        return " ".join([f"ledger link {connector}", *sorted(values)])

    module.RedisLinks.set = steps.around(of_link, module.RedisLinks.set)


def _watch_acceptor(module: Any, steps: Steps) -> None:
    """Makes accepting a step: in `web` it is between a webhook and its answer."""
    module.Acceptor.accept = steps.around(lambda *_, **__: "ledger accept", module.Acceptor.accept)


def _hurry_reconcile(module: Any, scale: float) -> None:
    """Shortens the time for which reconcile waits for the sender, because the sender of a run is faster, too."""
    module.SETTLED_SECONDS /= scale
    if hasattr(module, "REPAIR_PAUSE"):
        module.REPAIR_PAUSE /= scale


def _jumping_clock(file: Path) -> Callable[[], float]:
    real = time.time
    believed = [0.0, -1.0]  # the offset, and until when (monotonic)

    def read() -> float:
        with suppress(FileNotFoundError, ValueError):
            return float(file.read_text())
        return 0.0

    def jumping() -> float:
        now = time.monotonic()
        if now > believed[1]:
            believed[:] = [read(), now + CLOCK_READ_EVERY]
        return real() + believed[0]

    return jumping


class _AfterImport(importlib.abc.MetaPathFinder):
    """Calls a function with a module right after the module was imported."""

    def __init__(self, patches: dict[str, list[Callable[[ModuleType], None]]]) -> None:
        self._patches = patches

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        patches = self._patches.pop(name, None)
        if patches is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            raise ImportError(f"chaos: {name}, which should be attacked, does not exist")
        run = spec.loader.exec_module

        def run_and_patch(module: ModuleType) -> None:
            run(module)
            for patch in patches:
                patch(module)

        spec.loader.exec_module = run_and_patch  # type: ignore[method-assign]
        return spec
