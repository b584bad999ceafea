"""Third parties on loopback that answer as badly as they can, for `bin/bench attacks`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

TRICKLE_SECONDS = 1.0
"""Between two bytes of a trickle: far below every time-out of a single read."""
HUGE = "the app does not open when people press this button " * 150_000
"""7.8 million characters."""


class Server(ThreadingHTTPServer):
    """Ends its answers when the block of `listening` ends."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, handler: type[Handler]) -> None:
        self.over = Event()
        super().__init__(("127.0.0.1", 0), handler)


class Handler(BaseHTTPRequestHandler):
    """Reads a request whole, then answers it with `answer`."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with suppress(OSError):  # the client lost patience
            self.answer(body)

    do_POST = do_PUT = do_GET

    def answer(self, body: bytes) -> None:
        raise NotImplementedError

    def log_message(self, *_: object) -> None:
        """Prints nothing."""


class Trickling(Handler):
    """Sends a body of a million bytes, one byte at a time."""

    def answer(self, body: bytes) -> None:  # noqa: ARG002
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while not self.server.over.wait(TRICKLE_SECONDS):
            self.wfile.write(b" ")


class Endless(Handler):
    """A LibreTranslate whose every translation is HUGE."""

    def answer(self, body: bytes) -> None:
        if not body:
            given = [{"code": code, "targets": ["en", "ko"]} for code in ("en", "ko")]
            return self._send(json.dumps(given if self.path.endswith("/languages") else {}).encode())
        asked = json.loads(body)["q"]
        texts = [HUGE] * len(asked) if isinstance(asked, list) else HUGE
        source = {"confidence": 100, "language": "ko"}
        found = {"translatedText": texts, "detectedLanguage": [source] * len(asked) if texts is not HUGE else source}
        return self._send(json.dumps(found).encode())

    def _send(self, payload: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


@contextmanager
def listening(handler: type[Handler]) -> Iterator[str]:
    """The address of a server that answers with `handler`."""
    with Server(handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.over.set()
            server.shutdown()
            thread.join()
