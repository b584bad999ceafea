"""A TCP gate on loopback: passes connections on to a server and counts them; shut, it refuses them."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from types import TracebackType
from typing import Self


class Gate:
    """`opened`: connections ever made; `open_now`: those that stand."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.opened = 0
        self._accept_on(self._listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shut()
        for thread in self._threads:
            thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open_now(self) -> int:
        with self._lock:
            return len(self._connections)

    def shut(self) -> None:
        """Refuses new connections, and cuts those that stand."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes its thread
        self._listener.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def open(self) -> None:
        """Listens again, at the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._accept_on(self._listener)

    def _accept_on(self, listener: socket.socket) -> None:
        self._start(self._accept, listener)

    def _start(self, work: object, *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # shut
                return
            with self._lock:
                self._connections.add(client)
                self.opened += 1
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, socket.create_connection(("127.0.0.1", self._target_port)) as server:
                _pump(client, server)
        except OSError:
            pass
        finally:
            with self._lock:
                self._connections.discard(client)


def _pump(one: socket.socket, other: socket.socket) -> None:
    """Until either side ends. Raises OSError."""
    while True:
        for source in select.select([one, other], [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)
