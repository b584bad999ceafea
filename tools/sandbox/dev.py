"""`bin/dev`: runs the Procfile with the operator's `.env`, and with its own Valkey if REDIS_URL is unset.

This Valkey keeps its data in `.dev/`, so that queued work still exists after a restart.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import FrameType

from dotenv import dotenv_values

from tools.sandbox.processes import ROOT, Processes, end_on_signals, free_port, start_valkey

FOLDER = ROOT / ".dev"
PORT = "8000"
REDIS_PORT = 6379


def main() -> int:
    env_file = ROOT / ".env"
    if not env_file.exists():
        print("bin/dev: there is no .env yet. Copy .env.example to .env and fill in what is marked as required.")
    given = {name: value for name, value in {**os.environ, **dotenv_values(env_file)}.items() if value}
    end_on_signals()
    FOLDER.mkdir(exist_ok=True)
    # Two servers with the same files would damage them.
    with (FOLDER / "lock").open("w") as guard, Processes(FOLDER) as processes:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("bin/dev: it is already running in this folder", file=sys.stderr)
            return 1
        added = FOLDER / "env"
        added.write_text("")
        if "REDIS_URL" not in given and "REDIS_URL_FILE" not in given:
            url = start_valkey(processes, _redis_port(), "--appendonly", "yes", folder=FOLDER)
            added.write_text(f"REDIS_URL={url}\n")
            print(f"bin/dev: REDIS_URL is not set: a Valkey of our own is at {url}, its data in .dev/", flush=True)
            if not url.endswith(f":{REDIS_PORT}/0"):
                taken = f"another server has port {REDIS_PORT}"
                print(f"bin/dev: {taken}: in other terminals, begin each command with REDIS_URL={url}", flush=True)
        return _honcho(env_file, added, given.get("PORT", PORT))


def _redis_port() -> int:
    """Redis's default port if it is free, so that `flask events` in another terminal needs no REDIS_URL."""
    with socket.socket() as probe:
        return free_port() if probe.connect_ex(("127.0.0.1", REDIS_PORT)) == 0 else REDIS_PORT


def _honcho(env_file: Path, added: Path, port: str) -> int:
    """Runs the Procfile until it ends. Ctrl-C reaches honcho directly, SIGTERM is passed on; honcho stops its
    processes."""
    honcho = Path(sys.executable).with_name("honcho")
    # The shell commands of the Procfile call `python`: it must be this environment's.
    environ = {**os.environ, "PATH": f"{honcho.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    child = subprocess.Popen(  # noqa: S603 - our own command
        [honcho, "--env", f"{env_file},{added}", "start", "--port", port, *sys.argv[1:]], cwd=ROOT, env=environ
    )

    def hand_on(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT:
            child.send_signal(signal.SIGTERM)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, hand_on)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
