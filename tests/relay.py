"""A TCP relay before Redis, on loopback: counts round trips, and can lead new connections elsewhere."""

from __future__ import annotations

import select
import socket
import threading
from types import TracebackType
from typing import Self


class Commands:
    """Reads what a client sends, in pieces of any size, as commands (https://redis.io/docs/latest/develop/reference/protocol-spec/).

    A transaction is one round trip, and so is each command outside of one. That does not depend on how TCP and the
    client divide what is sent: redis-py sends 6,000 bytes at a time, and the answer to MULTI may arrive in between.
    """

    def __init__(self) -> None:
        self.in_transaction = False
        """Between MULTI and EXEC. A client that waits for the answers of a transaction's parts needs more round trips:
        it must not get those answers."""
        self._buffer = b""

    def feed(self, data: bytes) -> int:
        """How many round trips end with this piece."""
        self._buffer += data
        turns = 0
        while (name := self._next()) is not None:
            self.in_transaction = name == b"MULTI" or (self.in_transaction and name not in (b"EXEC", b"DISCARD"))
            turns += not self.in_transaction
        return turns

    def _next(self) -> bytes | None:
        """Takes the first command off the buffer: its name, or None where it is not complete."""
        head, end, _ = self._buffer.partition(b"\r\n")
        if not end:
            return None
        if not head.startswith(b"*"):
            raise ValueError(f"not a command in RESP: {head[:20]!r}")
        at, parts = len(head) + 2, []
        for _ in range(int(head[1:])):
            size_end = self._buffer.find(b"\r\n", at)
            if size_end < 0:
                return None
            start = size_end + 2
            at = start + int(self._buffer[at + 1 : size_end]) + 2
            if at > len(self._buffer):
                return None
            parts.append(self._buffer[start : at - 2])
        self._buffer = self._buffer[at:]
        return parts[0].upper()


class Relay:
    """Stands before a Redis. `turns`: how many round trips its clients have made."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.turns = 0
        self._counting = threading.Lock()
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
        commands = Commands()
        while not self._stopped.is_set():
            readable = [client] if commands.in_transaction else [client, server]
            for source in select.select(readable, [], [], 0.1)[0]:
                if source is server and commands.in_transaction:
                    continue  # it began with what the client has just sent
                try:
                    data = source.recv(65536)
                    if source is client:
                        turns = commands.feed(data)
                        with self._counting:  # before the answer: who has that finds the turn counted
                            self.turns += turns
                    (server if source is client else client).sendall(data)
                except OSError:
                    return
                if not data:
                    return
