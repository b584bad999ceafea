"""The stand-ins, served on loopback, and a receiver of webhooks whose behaviour a test decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tools.sandbox.app import Sandbox
from tools.sandbox.server import running


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(interval=0.05, timeout=3) as sandbox:
        yield sandbox


@dataclass
class Received:
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """`answer` decides, by the number of the request (0 first): status and headers; it may take its time."""

    answer: Callable[[int], tuple[int, dict[str, str]]] = lambda _: (200, {})
    received: list[Received] = field(default_factory=list)
    url: str = ""
    let_go: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                number = len(receiver.received)
                connection = self.client_address[1]
                receiver.received.append(
                    Received(self.command, self.path, list(self.headers.items()), body, connection)
                )
            status, headers = receiver.answer(number)
            try:
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
            except OSError:  # the sender lost patience
                self.close_connection = True

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    lock = threading.Lock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/webhook"
    yield receiver
    receiver.let_go.set()
    server.shutdown()
    thread.join()
    server.server_close()
