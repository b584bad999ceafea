"""A third party and an ABC that trickle their answers hold every slot, and reconcile: each call ends at its deadline,
the worker stays alive, and a stop is obeyed."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests import hostile
from tests.hostile import listening
from tests.web import Web, start_web
from tools.sandbox.processes import Processes, free_port, procfile, start_valkey, wait_for

TOKEN = "token-of-a-test-0001"
PASSWORD = "password-of-a-test"
BEARER = (("Authorization", f"Bearer {PASSWORD}"),)
SLOTS = 3


def status_change(number: int) -> bytes:
    times = {"createdAt": "2026-11-22T16:00:00.000Z", "updatedAt": "2026-11-22T17:00:00.000Z"}
    issue = {"id": number, **times, "name": f"issue {number}", "status": "RESOLVED", "externalIssueId": ""}
    data = {"issue": issue, "project": {"id": 1, "name": "Demo"}, "previousStatus": "INIT"}
    return json.dumps({"event": "ISSUE_STATUS_CHANGE", "data": data}).encode()


def rows(web: Web, state: str) -> list[dict[str, Any]]:
    return list(web.get(f"/api/deliveries?state={state}&limit=100", BEARER).json["deliveries"])


@pytest.mark.timeout(240)
def test_a_worker_survives_servers_that_trickle(tmp_path: Path) -> None:
    with listening(hostile.trickles_headers) as slack, listening(hostile.trickles_chunks) as abc:
        env = {
            "CONNECTORS": "slack",
            "SLACK_BOT_TOKEN": "xoxb-of-a-test",
            "SLACK_CHANNEL": "C0FEEDBACK",
            "SLACK_API_URL": f"http://127.0.0.1:{slack}/api",
            "SLACK_RATE": "1000",
            "ABC_API_URL": f"http://127.0.0.1:{abc}",
            "ABC_API_KEY": "key-of-a-test",
            "RECONCILE_EVERY": "1",
            "RECONCILE_CHANNELS": "1:1",
            "WORKER_CONCURRENCY": str(SLOTS),
            "WEBHOOK_TOKEN": TOKEN,
            "CONSOLE_PASSWORD": PASSWORD,
        }
        with Processes(tmp_path) as processes:
            redis_url = start_valkey(processes, free_port())
            web = start_web(processes, redis_url, **env)
            worker = processes.start("worker", procfile()["worker"], env | {"REDIS_URL": redis_url})
            for number in range(SLOTS * 2):
                assert web.post(status_change(100 + number), TOKEN).status == 200
            wait_for("every slot to hang", lambda: len(rows(web, "running")) == SLOTS, 30)
            began = time.monotonic()
            while rows(web, "running") and not rows(web, "retrying"):
                reply = web.get("/readyz", ())
                assert (reply.status, reply.json["workers"]) == (200, 1), reply.json
                assert time.monotonic() - began < 60, "the calls did not end"
                time.sleep(0.5)
            held = [row for row in rows(web, "retrying") if row["attempts"]]
            assert held
            assert all("no whole answer within 25 s" in row["error"] for row in held), held
            wait_for("the other deliveries to start", lambda: len(rows(web, "running")) >= 1, 30)
            wait_for("reconcile to end its call", lambda: "could not compare" in worker.output(), 60)
            worker.signal(signal.SIGTERM)
            assert worker.wait(30) == 0
            assert "worker stopped" in worker.output()
