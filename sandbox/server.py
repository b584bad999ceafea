"""Runs the stand-ins on loopback: HTTP/1.1 with kept-alive connections, a thread for each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.app import Sandbox, create_sandbox


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60  # seconds that an idle connection is kept

    def log(self, type: str, message: str, *args: Any) -> None:
        """Says nothing: the demo's own transcript is what people read."""


def listen(sandbox: Sandbox, port: int = 0) -> BaseWSGIServer:
    """A server on 127.0.0.1 (port 0: a free one), not yet serving; tells the sandbox its address."""
    server = make_server("127.0.0.1", port, sandbox.app, threaded=True, request_handler=_Handler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    server.block_on_close = False  # type: ignore[attr-defined]
    sandbox.url = f"http://127.0.0.1:{server.server_port}"
    return server


@contextmanager
def running(sandbox: Sandbox | None = None, *, port: int = 0, **options: Any) -> Iterator[Sandbox]:
    """The stand-ins, served from a thread until the block ends. `options` are those of create_sandbox()."""
    sandbox = sandbox or create_sandbox(**options)
    server = listen(sandbox, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox", daemon=True)
    thread.start()
    try:
        yield sandbox
    finally:
        sandbox.close()
        server.shutdown()
        thread.join()
        server.server_close()
