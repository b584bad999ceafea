"""The whole service as real processes: the Procfile's own commands, a real Valkey, the stand-ins over real HTTP.

Between the service and each third party stands a gate of its own, so that one can be away while the others are not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from tests.system.gate import Gate
from tests.web import Reply, Web
from tools.sandbox.processes import (
    Process,
    Processes,
    answers,
    free_port,
    procfile,
    python_command,
    start_valkey,
    wait_for,
)
from tools.sandbox.service import PASSWORD, TOKEN, Service, call, date_ledger_back, environment

KOREAN = "결제가 안 돼요"
ENGLISH = "Payment does not work"
UNFINISHED = ("queued", "running", "retrying")
BEARER = {"Authorization": f"Bearer {PASSWORD}"}
VARIABLES = {
    "abc": ("ABC_API_URL", "/abc"),
    "jira": ("JIRA_URL", "/jira"),
    "slack": ("SLACK_API_URL", "/slack/api/"),
    "libretranslate": ("LIBRETRANSLATE_URL", "/libretranslate"),
}
"""Which variable leads to which third party, and the path of its API."""
UNLIMITED = {"JIRA_RATE": "1000", "SLACK_RATE": "1000", "TRANSLATE_RATE": "1000"}
"""Rates are promised elsewhere (tests/jobs/test_flow.py); here they would only cost time."""
RECOVERY_SECONDS = 30.0
"""Within which what a killed worker held is finished by another one."""


@dataclass(frozen=True)
class World:
    processes: Processes
    service: Service
    gates: Mapping[str, Gate]
    valkey_port: int
    valkey_folder: Path
    valkey_options: tuple[str, ...]

    # Processes

    def start(self, role: str, name: str = "") -> Process:
        """Starts one more, or once more, of the Procfile's processes."""
        return self.processes.start(name or role, procfile()[role], self.service.environment)

    def start_redis(self) -> None:
        """Once more, at the same address, with what it saved."""
        start_valkey(self.processes, self.valkey_port, *self.valkey_options, folder=self.valkey_folder)

    def redis(self) -> Redis:
        return Redis(port=self.valkey_port, socket_timeout=5)

    def wait_until_ready(self) -> None:
        wait_for("the service to be ready", lambda: answers(f"{self.service.web}/readyz"))

    def wait_until_web_answers(self) -> None:
        wait_for("web to answer", lambda: answers(f"{self.service.web}/healthz"))

    def log(self, name: str) -> str:
        return self.processes[name].output()

    # Faults

    def order(self, *faults: Mapping[str, Any]) -> None:
        call("POST", f"{self.service.sandbox}/control/faults", json=list(faults))

    def fired(self) -> int:
        """How many requests have met a fault; those that are being held included."""
        return sum(self.service.state()["faults"]["fired"].values())

    def end_faults(self) -> None:
        """From now on; a request that is being held stays so."""
        call("DELETE", f"{self.service.sandbox}/control/faults")

    def peace(self) -> None:
        """No more faults, and no breaker that remembers it."""
        self.end_faults()
        with self.redis() as redis:
            for key in redis.scan_iter("fb:default:breaker:*"):
                redis.delete(key)

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """What happens in ABC meanwhile is reported to somebody else, who takes it."""
        webhook = f"{self.service.sandbox}/control/webhook"
        call("POST", webhook, json={"url": f"{self.service.sandbox}/control/settings"})
        try:
            yield
            wait_for("the sender to be through", lambda: not self.service.state()["sender"]["pending"])
        finally:
            call("POST", webhook, json={"url": f"{self.service.web}/webhook", "token": TOKEN})

    # What the service shows

    def attempts(self, event_id: str, connector: str) -> list[dict[str, Any]]:
        """What the record holds of each attempt that a connector made for an event, the first one first."""
        event = call("GET", f"{self.service.web}/api/events/{event_id}", BEARER)
        [delivery] = [row for row in event["deliveries"] if row["connector"] == connector]
        return list(delivery["attempts_log"])

    def rows(self, **query: str) -> list[dict[str, Any]]:
        return self.service.deliveries(limit="500", **query)

    def replay(self, delivery_id: str) -> None:
        call("POST", f"{self.service.web}/api/deliveries/{delivery_id}/replay", BEARER)

    def unfinished(self) -> list[dict[str, Any]]:
        return [row for state in UNFINISHED for row in self.rows(state=state)]

    def wait_until_finished(self, deliveries: int, seconds: float = 30.0) -> float:
        """Waits until there are so many deliveries and none of them has anything left to do; answers for how long."""
        started = time.monotonic()

        def finished() -> bool:
            rows = self.rows()
            return len(rows) >= deliveries and not any(row["state"] in UNFINISHED for row in rows)

        try:
            wait_for(f"{deliveries} deliveries to be finished", finished, seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; there are {summary(self.rows())}") from None
        return time.monotonic() - started

    # What others see

    def tickets(self, issue: int) -> list[dict[str, Any]]:
        """Those that carry the issue's marker, and so belong to it."""
        marker = f"abc-default-1-{issue}-t"
        tickets = self.service.state()["jira"]["tickets"]
        return [ticket for ticket in tickets if any(label.startswith(marker) for label in ticket["labels"])]

    def translations(self, feedback: int) -> list[str]:
        """What was ever written into translatedMessage."""
        return [
            write["values"]["translatedMessage"]
            for write in self.service.state()["abc"]["writes"]
            if (write["what"], write["entity"]) == ("feedback.update", feedback)
        ]

    def messages(self, name: str) -> list[dict[str, Any]]:
        """Slack's messages about the issue of that name."""
        return [message for message in self.service.state()["slack"]["messages"] if f'"{name}"' in message["text"]]

    def issue(self, number: int) -> dict[str, Any]:
        return next(row for row in self.service.state()["abc"]["issues"] if row["id"] == number)

    def writes_of_number(self, issue: int) -> list[str]:
        """Every externalIssueId that was ever written and was not there before."""
        written = [
            str(write["values"].get("externalIssueId") or "")
            for write in self.service.state()["abc"]["writes"]
            if (write["what"], write["entity"]) == ("issue.update", issue)
        ]
        return [now for before, now in zip(["", *written], written, strict=False) if now != before]

    @property
    def web(self) -> Web:
        return Web(self.processes, int(self.service.web.rpartition(":")[2]))

    def post(self, body: bytes) -> Reply:
        return self.web.post(body, TOKEN)


@contextmanager
def running(
    folder: Path, *, sender: tuple[str, ...] = (), valkey: tuple[str, ...] = (), **changes: str
) -> Iterator[World]:
    """`sender`: options of the stand-ins' sender (`--interval`, `--timeout`); `valkey`: of the server; `changes`:
    variables of web and worker."""
    port, sandbox_port, web_port = free_port(), free_port(), free_port()
    sandbox, web = f"http://127.0.0.1:{sandbox_port}", f"http://127.0.0.1:{web_port}"
    with ExitStack() as stack:
        gates = {name: stack.enter_context(Gate(sandbox_port)) for name in VARIABLES}
        processes = stack.enter_context(Processes(folder))
        redis_url = start_valkey(processes, port, *valkey, folder=folder)
        date_ledger_back(redis_url)
        command = ("-m", "tools.sandbox", "--port", str(sandbox_port), "--webhook", f"{web}/webhook", "--token", TOKEN)
        processes.start("sandbox", python_command(*command, *sender))
        addresses = {variable: gates[name].url + path for name, (variable, path) in VARIABLES.items()}
        env = {**environment(sandbox, redis_url), **addresses, **UNLIMITED, "PORT": str(web_port), **changes}
        world = World(processes, Service(web, sandbox, redis_url, env), gates, port, folder, valkey)
        world.start("web")
        world.start("worker")
        processes.wait_for("the stand-ins to answer", lambda: answers(f"{sandbox}/control/state"))
        processes.wait_for("the service to be ready", lambda: answers(f"{web}/readyz"))
        yield world


def summary(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What a failing test prints of the deliveries."""
    return [(row["connector"], row["entity"], row["state"], row["attempts"], row["error"]) for row in rows]


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
