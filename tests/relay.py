"""A TCP relay on loopback: counts the turns of a conversation, and can lead new connections elsewhere."""

from __future__ import annotations

import select
import socket
import threading
from types import TracebackType
from typing import Self


class Relay:
    """Stands before a server. `turns` counts how often a client spoke after having listened: its round trips."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.turns = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            if select.select([self._listener], [], [], 0.1)[0]:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                server = socket.create_connection(("127.0.0.1", self.target_port))
            except OSError:
                return
            with server:
                self._pump(client, server)

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        listened = True
        while not self._stopped.is_set():
            for source in select.select([client, server], [], [], 0.1)[0]:
                try:
                    data = source.recv(65536)
                    (server if source is client else client).sendall(data)
                except OSError:
                    return
                if not data:
                    return
                if source is server:
                    listened = True
                elif listened:
                    listened = False
                    self.turns += 1
