"""A lane: one pytest session that has collected its tests, and forks for each order that it reads.

Started in a copy of the project, as `python -m tools.mutation.lane <test file> …`; orders and answers are lines of
JSON. The fork puts the changed file into force by itself, so that it needs no new import: a Lua script is read again, a
Python function gets its new code. A change outside a function needs a new lane.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import Any, TextIO

import pytest

from tools.mutation.reach import Reach

OPTIONS = ["-x", "-q", "-s", "-p", "no:randomly", "-p", "no:cacheprovider", "--timeout=100"]
RESULT = Path("lane.json")
DEFECT = 70
"""The exit code where the lane itself failed; its log shows how."""


class Lane:
    """The plugin that takes the place of pytest's own loop over the tests."""

    def __init__(self, orders: TextIO, answers: TextIO) -> None:
        self._orders = orders
        self._answers = answers
        self._reach = Reach(Path.cwd())
        self._failed: list[str] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._answer({"collected": len(session.items)})
        for line in self._orders:
            self._answer(self._perform(json.loads(line), session))
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.append(report.nodeid)

    def _answer(self, answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=self._answers, flush=True)

    def _perform(self, order: dict[str, Any], session: pytest.Session) -> dict[str, Any]:
        """Runs `tests` (names of tests, or of one file) for at most `seconds`, with the code of `path` and `inside`
        read again; with `reach`, records what they reach. The answer: `code`, 0 when all passed, None when it took too
        long; `failed`, the tests that failed; `seen`, see tools.mutation.reach."""
        RESULT.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            self._run(order, session)
        code = _wait(child, order["seconds"])
        found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
        return {"failed": [], "seen": {}, **found, "code": code}

    def _run(self, order: dict[str, Any], session: pytest.Session) -> None:
        """In the child; does not return."""
        code = DEFECT
        try:
            os.setsid()
            sys.dont_write_bytecode = True
            if order["path"]:
                put_into_force(Path(order["path"]), order["inside"])
            if order["reach"]:
                session.config.pluginmanager.register(self._reach)
            run_tests(session, order["tests"], self._failed, to_the_end=order["reach"])
            RESULT.write_text(json.dumps({"failed": self._failed, "seen": self._reach.seen}), encoding="utf-8")
            code = int(bool(self._failed))
        except BaseException:  # noqa: BLE001  whatever it is, the child must not go on as its parent
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def run_tests(session: pytest.Session, names: list[str], failed: list[str], to_the_end: bool) -> None:
    """Runs tests in this order, `to_the_end` or until one fails twice in a row: on a busy machine a test may fail once
    whatever the change is. `failed`: the list that the plugin fills."""
    by_name = {item.nodeid: item for item in session.items}
    items = [by_name[name] for name in names if name in by_name]
    items = items or [item for item in session.items if item.nodeid.partition("::")[0] in names]
    try:
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if failed and not to_the_end:
                failed.clear()
                session.testsfailed, session._shouldfail = 0, False  # the property refuses to be unset
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                if failed:
                    return
    finally:
        session._setupstate.teardown_exact(None)  # the fixtures of the session, when a failure ended it


def put_into_force(path: Path, inside: str) -> None:
    """Reads the changed file again: a script, or one function of a module."""
    if path.suffix == ".lua":
        scripts: Any = importlib.import_module("jobs.ledger.scripts")
        scripts.TEXTS[path.stem] = path.read_text(encoding="utf-8")
        scripts.LUA.update({name: scripts.ready(text) for name, text in scripts.TEXTS.items()})
        return
    outer = inside.partition(".<locals>")[0]
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    whole = compile(path.read_text(encoding="utf-8"), str(path.absolute()), "exec", dont_inherit=True)
    found: Any = importlib.import_module(name)
    for part in outer.split("."):
        found = inspect.getattr_static(found, part)
    code_holder(found).__code__ = code_of(whole, outer)


def code_holder(found: Any) -> Any:
    """The function behind a property, a class method, or a decorator that uses functools.wraps."""
    if isinstance(found, property):
        found = found.fget
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    function: Callable[..., Any] = inspect.unwrap(found)
    return function


def code_of(code: CodeType, name: str) -> CodeType:
    """The code of the function with this qualified name. Raises LookupError."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == name:
                return constant
            if name.startswith(f"{constant.co_qualname}."):
                return code_of(constant, name)
    raise LookupError(name)


def _wait(child: int, seconds: float) -> int | None:
    """The exit code, or None when it took longer: then Ctrl-C first, so that fixtures end what they started."""
    deadline = time.monotonic() + seconds
    for number, grace in ((None, 0.0), (signal.SIGINT, 10.0), (signal.SIGKILL, 5.0)):
        if number is not None:
            with suppress(ProcessLookupError):
                os.kill(child, number)
            deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status) if number is None else None
            time.sleep(0.01)
    return None


def main(files: list[str]) -> int:
    orders, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    log = os.open("lane.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return int(pytest.main([*OPTIONS, *files], plugins=[Lane(orders, answers)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
