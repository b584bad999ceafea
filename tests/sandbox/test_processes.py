"""Children are started with nothing of ours that they should not have, and none is ever left behind."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from redis import Redis

from tools.sandbox.processes import (
    ROOT,
    Process,
    ProcessEnded,
    Processes,
    child_environment,
    free_port,
    procfile,
    python_command,
    start_valkey,
    wait_for,
)

# Prints its own child's pid, then waits for ever; neither of the two listens to SIGTERM.
STUBBORN_FAMILY = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def is_running(pid: int) -> bool:
    try:
        # A zombie that nobody has waited for yet has ended, too.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_stopping_ends_the_whole_group(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        family = processes.start("family", [sys.executable, "-c", STUBBORN_FAMILY])
        child = int(wait_for("the child's pid", family.output))
        assert family.stop(seconds=0.1) == -signal.SIGKILL
        wait_for("the child to end", lambda: not is_running(child))


def test_leaving_the_block_ends_all_even_after_a_failure(tmp_path: Path) -> None:
    sleepers: list[Process] = []

    def fail() -> None:
        with Processes(tmp_path) as processes:
            sleepers.extend(processes.start(name, "sleep 600") for name in ("one", "two"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [sleeper.returncode for sleeper in sleepers] == [-signal.SIGTERM] * 2


def test_a_process_that_ended_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("short", python_command("-c", "print('no such luck'); raise SystemExit(78)"))
        with pytest.raises(ProcessEnded, match=r"short ended with 78[\s\S]*no such luck"):
            processes.wait_for("what never comes", lambda: None)


def test_waiting_in_vain_names_what_was_waited_for() -> None:
    with pytest.raises(TimeoutError, match="for the sun"):
        wait_for("the sun", lambda: None, seconds=0.1)


def test_a_name_is_free_again_once_its_process_has_ended(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        first = processes.start("sleeper", "sleep 600")
        with pytest.raises(ValueError, match="already running"):
            processes.start("sleeper", "sleep 600")
        first.kill()
        assert processes.start("sleeper", "sleep 600").pid != first.pid


def test_children_get_neither_the_operators_variables_nor_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEBHOOK_TOKEN", "REDIS_URL", "HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://of-the-operator")
    env = child_environment({"PORT": "1"})
    assert "http://of-the-operator" not in env.values()
    assert env["PORT"] == "1"
    assert env["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_valkey_comes_back_at_its_address_with_what_it_saved(tmp_path: Path) -> None:
    """As the chaos suite needs it: killed, started again with the same files."""
    port = free_port()
    with Processes(tmp_path) as processes:
        url = start_valkey(processes, port, "--appendonly", "yes", "--appendfsync", "always")
        with Redis.from_url(url) as client:
            client.set("kept", "yes")
        processes["valkey"].kill()
        assert start_valkey(processes, port, "--appendonly", "yes") == url
        with Redis.from_url(url, decode_responses=True) as client:
            assert client.get("kept") == "yes"


def test_the_procfile_is_read_as_honcho_does() -> None:
    from honcho.environ import parse_procfile

    text = (ROOT / "Procfile").read_text(encoding="utf-8")
    assert procfile() == dict(parse_procfile(text).processes)  # type: ignore[no-untyped-call]
