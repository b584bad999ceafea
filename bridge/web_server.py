"""granian with a listening socket of ours: see docs/decisions/0012-listening-socket.md.

Overrides a method that granian does not document; `pyproject.toml` pins the versions that were tested.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from bridge.processes import BACKLOG, allow_open_files, let_children_be_stopped

CONNECTIONS = 4096
"""Connections that one process accepts. Further ones wait until others end."""
OTHER_FILES = 128
"""Open files besides the callers' connections: Redis, logs, the server's own."""
HEADER_SECONDS = 20
"""For the headers of a request, and for the silence before them on a connection that is kept. The feedback app uses a
connection again within 5 s."""
MOST_BUFFERED = 32_768
"""Bytes that the server reads ahead of each connection. Longer headers are refused; the last read may exceed it."""
KILL_SECONDS = 25

LOGS = {"incremental": True, "handlers": {}, "loggers": {}}
"""The server's own lines go where ours go (`bridge/logs.py`)."""


class WebServer(MPServer):
    """Serves HTTP/1.1 on `listener` with `processes` processes; each runs the application that `target` makes."""

    def __init__(self, target: str, listener: socket.socket, processes: int) -> None:
        address, port = listener.getsockname()[:2]
        super().__init__(
            target,
            factory=True,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,  # HTTP/2 has streams that may stall without an end
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=MOST_BUFFERED),
            address=address,
            port=port,
            backlog=BACKLOG,
            backpressure=allow_open_files(CONNECTIONS + OTHER_FILES) - OTHER_FILES,
            workers=processes,
            websockets=False,
            respawn_failed_workers=True,
            workers_kill_timeout=KILL_SECONDS,
            log_dictconfig=LOGS,
        )
        self._listener = listener
        let_children_be_stopped()

    def _init_shared_socket(self) -> None:
        """Granian's own would be open to every process that wants the same port (SO_REUSEPORT)."""
        self._listener.set_inheritable(True)
        backlog: tuple[Any, ...] = (BACKLOG,) if sys.platform == "linux" else ()
        self._sfd = self._listener.fileno()  # type: ignore[assignment]
        self._shd = SocketHolder(self._sfd, False, *backlog)  # type: ignore[call-arg, assignment]
        self._ssp, self._sso = None, self._listener
