"""The service of a checkout against stand-ins, through its public interface alone: what `bin/bench attacks` attacks."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import requests

from tools.bench.common import measured_core
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.processes import Processes, answers, free_port, procfile, python_command
from tools.sandbox.service import PASSWORD, TOKEN, Service, call, environment, get

READY_SECONDS = 60.0
UNFINISHED = ("queued", "running", "retrying")
STATES = re.compile(r'^feedback_bridge_deliveries\{state="(\w+)"\} (\S+)$', re.MULTILINE)
PROJECT = {"id": 1, "name": "Demo project"}
TIMES = {"createdAt": "2026-01-05T09:30:00.000Z", "updatedAt": "2026-01-05T09:30:00.000Z"}
CHANNEL = {"id": 1, "name": "App reviews"}
QUIET = {"JIRA_EVENTS": "ISSUE_CREATION"}
"""Normal webhooks are for Slack alone."""
_ids = count(1_000_000)


def event(name: str, **data: Any) -> bytes:
    """The body of a webhook."""
    return as_json({"event": name, "data": {"project": PROJECT, **data}})


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@dataclass
class Target:
    """A running service. `stack` keeps what an attack opens until the attack is over."""

    service: Service
    processes: Processes
    stack: ExitStack

    @property
    def port(self) -> int:
        return int(self.service.web.rpartition(":")[2])

    def pids(self) -> tuple[int, int]:
        """(web, worker)"""
        return self.processes["web"].pid, self.processes["worker"].pid

    def connect(self, *sent: bytes) -> socket.socket:
        """A connection that stays open and does not wait: what can't be sent at once is not sent. Raises OSError."""
        connection = self.stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=2))
        connection.setblocking(False)
        for part in sent:
            connection.send(part)
        return connection

    def post(self, body: bytes, seconds: float = 5.0) -> int:
        """The status of a webhook with the token; 0 when there was no answer in time."""
        headers = {"x-webhook-token": TOKEN, "content-type": "application/json"}
        try:
            with requests.Session() as session:
                session.trust_env = False
                url = f"{self.service.web}/webhook"
                return session.post(url, data=body, headers=headers, timeout=seconds).status_code
        except requests.RequestException:
            return 0

    def post_all(self, bodies: Sequence[bytes]) -> None:
        """Eight at a time; returns at once."""
        pool = ThreadPoolExecutor(8)
        self.stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        for body in bodies:
            pool.submit(self.post, body, 60)

    def feedback(self, **values: Any) -> bytes:
        """Writes a feedback in ABC; the webhook that announces it."""
        url = f"{self.service.sandbox}/abc/api/projects/1/channels/1/feedbacks"
        number = call("POST", url, {"x-api-key": DEMO_KEY}, data=as_json(values))["id"]
        written = self.service.abc("GET", f"channels/1/feedbacks/{number}")
        return event("FEEDBACK_CREATION", feedback=written, channel=CHANNEL)

    def status_change(self, name: str) -> bytes:
        """Opens an issue in ABC and resolves it; the webhook that announces the change."""
        number = self.service.open_issue(name)
        self.service.change_status(number, "RESOLVED")
        issue = self.service.abc("GET", f"issues/{number}")
        return event("ISSUE_STATUS_CHANGE", issue=issue, previousStatus="INIT")

    def unwritten_feedback(self, **values: Any) -> bytes:
        """The webhook that announces a feedback which ABC does not have."""
        return event("FEEDBACK_CREATION", feedback={"id": next(_ids), **TIMES, "issues": [], **values}, channel=CHANNEL)

    def unwritten_issue(self, **data: Any) -> bytes:
        """The webhook that announces an issue which ABC does not have."""
        issue = {"id": next(_ids), **TIMES, "name": "An issue", "status": "INIT", "externalIssueId": ""}
        return event("ISSUE_CREATION", issue=issue, **data)

    def unfinished(self) -> int:
        """Deliveries that are not finished. Raises requests.RequestException."""
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": f"Bearer {PASSWORD}"}
            metrics = session.get(f"{self.service.web}/metrics", headers=headers, timeout=5).text
        states = {state: float(number) for state, number in STATES.findall(metrics)}
        return int(sum(states[state] for state in UNFINISHED))

    def translator_calls(self) -> int:
        return int(get(f"{self.service.sandbox}/control/state")["translate"]["libretranslate"]["calls"])


def start(
    processes: Processes, checkout: Path, redis_url: str, hook: str, variables: Mapping[str, str], stack: ExitStack
) -> Target:
    """Starts the stand-ins of this checkout, web and a worker of `checkout`, and waits until they are ready. Slack is
    the address `hook`."""
    sandbox_port, web_port = free_port(), free_port()
    sandbox, web = f"http://127.0.0.1:{sandbox_port}", f"http://127.0.0.1:{web_port}"
    given = environment(sandbox, redis_url)
    kept = {name: value for name, value in given.items() if not name.startswith("SLACK_")}
    programs = f"{checkout / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = {**kept, "SLACK_WEBHOOK_URL": hook, "PORT": str(web_port), "PATH": programs, **QUIET, **variables}
    with measured_core(alone=False):
        processes.start("sandbox", python_command("-m", "tools.sandbox", "--port", str(sandbox_port)))
        for name, command in procfile(checkout / "Procfile").items():
            processes.start(name, ["/bin/sh", "-c", f'cd "$0" && exec {command}', str(checkout)], env)
    processes.wait_for("the stand-ins to answer", lambda: answers(f"{sandbox}/control/state"), READY_SECONDS)
    processes.wait_for("the service to be ready", lambda: answers(f"{web}/readyz"), READY_SECONDS)
    return Target(Service(web, sandbox, redis_url, env), processes, stack)


def stop(processes: Processes) -> None:
    """Kills what `start` started: a service that hangs would not stop in order."""
    for name in ("sandbox", "web", "worker"):
        with suppress(KeyError):  # it was not reached
            processes[name].kill()
