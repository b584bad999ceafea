"""`honcho start` with the variables in place is the production service."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.system.world import BEARER
from tools.sandbox.processes import Processes, answers, free_port, start_valkey, wait_for
from tools.sandbox.service import call, environment

HONCHO = ["honcho", "--env", "/dev/null", "start"]  # a developer's own .env is none of the test's business


def test_honcho_start_serves_and_stops_all(tmp_path: Path) -> None:
    port = free_port()
    with Processes(tmp_path) as processes:
        env = environment("http://127.0.0.1:9", start_valkey(processes, free_port())) | {"PORT": str(port)}
        honcho = processes.start("honcho", HONCHO, env)
        processes.wait_for("the service to be ready", lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        assert call("GET", f"http://127.0.0.1:{port}/api/deliveries", BEARER) == {
            "deliveries": [],
            "next": None,
            "searched_until": None,
        }
        honcho.signal(signal.SIGTERM)  # its children have groups of their own: it passes it on
        assert honcho.wait(30) == 128 + signal.SIGTERM
        wait_for("web to be gone", lambda: not answers(f"http://127.0.0.1:{port}/healthz"))
        output = honcho.output()
        assert "worker started" in output
        assert "worker stopped" in output
