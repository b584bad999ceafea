"""A real web process on a free port, and requests to it with every header in the caller's hand."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server

from tools.sandbox.processes import Processes, answers, free_port, procfile

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

TOKEN = "token-of-the-tests-0001"
PASSWORD = "password-of-the-tests-0001"
BEARER = (("Authorization", f"Bearer {PASSWORD}"),)
SLACK = {
    "CONNECTORS": "slack",
    "SLACK_EVENTS": "*",
    "SLACK_BOT_TOKEN": "xoxb-of-the-tests",
    "SLACK_CHANNEL": "#feedback",
}

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float = field(compare=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One kept-alive connection. Sends the headers that it is given, in that order, and no others."""

    def __init__(self, port: int, seconds: float = 10.0) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)

    def request(self, method: str, path: str, headers: Headers = (), body: bytes | Iterable[bytes] = b"") -> Reply:
        """`body` in pieces is sent chunked."""
        started = time.monotonic()
        self._http.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            self._http.putheader(name, value.encode())
        with suppress(BrokenPipeError, ConnectionResetError):  # the server may answer before it has read all
            self._http.endheaders(body or None, encode_chunked=not isinstance(body, bytes))
        response = self._http.getresponse()
        payload = response.read()
        return Reply(response.status, response.headers, payload, time.monotonic() - started)

    def post(
        self, body: bytes | Iterable[bytes], token: str | None = TOKEN, kind: str | None = None, extra: Headers = ()
    ) -> Reply:
        """`POST /webhook` as the feedback app sends it."""
        headers = [("Host", "receiver.test"), *extra]
        if kind != "":
            headers.append(("Content-Type", kind or "application/json"))
        if token is not None:
            headers.append(("x-webhook-token", token))
        sized = isinstance(body, bytes)
        headers.append(("Content-Length", str(len(body))) if sized else ("Transfer-Encoding", "chunked"))  # type: ignore[arg-type]
        return self.request("POST", "/webhook", headers, body)

    def close(self) -> None:
        self._http.close()


@dataclass(frozen=True)
class Web:
    """A web process that runs."""

    processes: Processes
    port: int
    name: str = "web"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def connected(self, seconds: float = 10.0) -> Iterator[Connection]:
        connection = Connection(self.port, seconds)
        try:
            yield connection
        finally:
            connection.close()

    def post(
        self, body: bytes | Iterable[bytes], token: str | None = TOKEN, kind: str | None = None, extra: Headers = ()
    ) -> Reply:
        with self.connected() as connection:
            return connection.post(body, token, kind, extra)

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Reply:
        more = [("Content-Length", str(len(body)))] if body else []
        with self.connected() as connection:
            return connection.request(method, path, [("Host", "receiver.test"), *headers, *more], body)

    def get(self, path: str, headers: Headers = BEARER) -> Reply:
        return self.request("GET", path, headers)

    def log(self) -> str:
        return self.processes[self.name].output()


def start_web(processes: Processes, redis_url: str, name: str = "web", **changes: str) -> Web:
    """Starts the Procfile's `web`, as `name`, and waits until it answers."""
    port = free_port()
    env = {"WEBHOOK_TOKEN": TOKEN, "CONSOLE_PASSWORD": PASSWORD, **SLACK, "REDIS_URL": redis_url, "PORT": str(port)}
    processes.start(name, procfile()["web"], env | changes)
    processes.wait_for("the web process to answer", lambda: answers(f"http://127.0.0.1:{port}/healthz"))
    return Web(processes, port, name)


@contextmanager
def serving(app: WSGIApplication) -> Iterator[str]:
    """Runs an application on loopback, with a thread for each request; the address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """No line for each request."""


def peak_memory(web: Web) -> int:
    """The most that any process of the web server ever held, in bytes."""
    lines = [line for pid in children(web) for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return max(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def cpu_seconds(web: Web) -> float:
    """CPU time of the processes that serve requests."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in children(web)]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def children(web: Web) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(web.processes[web.name].pid)], capture_output=True)
    return [int(pid) for pid in listed.stdout.split()]


def event(name: str = "ISSUE_CREATION", **data: Any) -> bytes:
    """A body; without `data` a small ISSUE_CREATION's."""
    data = data or {"issue": {"id": 3, "name": "An issue", "status": "INIT"}, "project": {"id": 1, "name": "Demo"}}
    return json.dumps({"event": name, "data": data}, ensure_ascii=False).encode()


def issue(number: int) -> bytes:
    return event(issue={"id": number, "name": f"Issue {number}", "status": "INIT"}, project={"id": 1, "name": "Demo"})


def recorded(folder: Path) -> dict[str, dict[str, Any]]:
    """The recorded requests of ABC User Feedback by name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
