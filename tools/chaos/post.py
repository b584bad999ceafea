"""The way between the source and the receiver: passes on webhooks, records requests and answers, and makes faults.

It takes the place of a proxy, a load balancer or the internet. What it records is what the service can know.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import urlsplit

Mood = Literal["good", "repeating", "disordered", "answers lost"]
PATIENCE_SECONDS = 30.0
LATEST_SECONDS = 2.0  # for out of order
COPIES = 3


@dataclass(frozen=True, slots=True)
class Received:
    """One webhook that was passed on, and what the receiver answered: a status, or None for no answer."""

    body: bytes
    status: int | None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def event(self) -> str:
        return str(json.loads(self.body)["event"])

    @property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.body)["data"])


class Post:
    """Listens on loopback; `target` is the receiver's address (set before the first webhook arrives)."""

    def __init__(self, seed: int) -> None:
        self.target = ""
        self.mood: Mood = "good"
        self.lost_before = 0
        """How many of the webhooks were sent before Redis was wiped."""
        self._began: list[Received | None] = []
        self._headers: dict[str, str] = {}
        self._lock = threading.Lock()
        self._dice = random.Random(f"post {seed}")
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.post = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/webhook"

    def carry(self, body: bytes, headers: Mapping[str, str]) -> int | None:
        """Passes on a webhook; returns the receiver's status, or None if the sender gets no answer."""
        mood = self.mood
        with self._lock:
            self._headers = dict(headers)
            wait, lost = self._dice.uniform(0, LATEST_SECONDS), self._dice.random() < 0.5
        if mood == "disordered":
            time.sleep(wait)
        if mood == "repeating":
            with ThreadPoolExecutor(COPIES) as pool:
                first, *_ = pool.map(lambda _: self._deliver(body, headers), range(COPIES))
                return first
        status = self._deliver(body, headers)
        return None if mood == "answers lost" and lost else status

    @property
    def received(self) -> list[Received]:
        """The webhooks that have arrived, in the order in which they were sent."""
        with self._lock:
            return [received for received in self._began if received]

    @property
    def under_way(self) -> int:
        with self._lock:
            return self._began.count(None)

    def forget(self) -> None:
        """Called when Redis was wiped: it may already have had each webhook that is under way."""
        with self._lock:
            self.lost_before = len(self._began)

    def again(self, number: int) -> None:
        """Sends `number` of the webhooks again, in random order and all at once. Leaves out those from before a wipe of
        Redis (`forget`), because the real sender repeats only for seconds."""
        with self._lock:
            known = [received.body for received in self._began[self.lost_before :] if received]
            bodies = self._dice.sample(known, min(number, len(known)))
            headers = self._headers
        if bodies:
            with ThreadPoolExecutor(len(bodies)) as pool:
                list(pool.map(lambda body: self._deliver(body, headers), bodies))

    def _deliver(self, body: bytes, headers: Mapping[str, str]) -> int | None:
        target = urlsplit(self.target)
        with self._lock:
            number = len(self._began)
            self._began.append(None)
        connection = http.client.HTTPConnection(target.netloc, timeout=PATIENCE_SECONDS)
        status = None
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.request("POST", target.path, body, {**headers, "Connection": "close"})
            status = connection.getresponse().status
        with self._lock:
            self._began[number] = Received(body, status)
        return status


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    post: Post


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: value for name, value in self.headers.items() if name not in ("Content-Length", "Host")}
        status = self.server.post.carry(body, headers)
        if status is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def finish(self) -> None:
        with suppress(OSError):  # we cut the connection ourselves
            super().finish()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True  # the sender gave up

    def log_message(self, *_: Any) -> None:
        """Logs nothing."""
