"""Servers that do not want to answer: each is a function that gets a connection and does its worst with it.

Everything ends with the block; a client that waits for them waits until then.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

PAUSE = 0.05
"""Seconds between two bytes of a trickle: far below any time-out of a single read."""

Behaviour = Callable[[socket.socket, threading.Event], None]


@contextmanager
def listening(behave: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server on 127.0.0.1 that runs `behave` for each connection, over TLS with a `context`."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server, ExitStack() as connections:

        def accept() -> None:
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                connections.callback(_close, connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        def serve(connection: socket.socket) -> None:
            with suppress(OSError):
                if context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
                    connections.callback(_close, connection)
                behave(connection, stop)
            _close(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def request(connection: socket.socket) -> bytes:
    """Reads a request whole: its head, and its body by Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    sizes = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(sizes[0] if sizes else 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(answer: bytes) -> Behaviour:
    """Answers every request of a connection with these bytes."""

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        while not stop.is_set():
            request(connection)
            connection.sendall(answer)

    return behave


def http(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _trickle(connection: socket.socket, stop: threading.Event, first: bytes, again: bytes) -> None:
    request(connection)
    connection.sendall(first)
    while not stop.wait(PAUSE):
        connection.sendall(again)


def never_answers(connection: socket.socket, stop: threading.Event) -> None:
    request(connection)
    stop.wait()


def never_reads(connection: socket.socket, stop: threading.Event) -> None:
    stop.wait()


def trickles_the_status(connection: socket.socket, stop: threading.Event) -> None:
    _trickle(connection, stop, b"HTTP/1.1 200 ", b"O")


def trickles_headers(connection: socket.socket, stop: threading.Event) -> None:
    _trickle(connection, stop, b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")


def continues_for_ever(connection: socket.socket, stop: threading.Event) -> None:
    _trickle(connection, stop, b"", b"HTTP/1.1 100 Continue\r\n\r\n")


def trickles_the_body(connection: socket.socket, stop: threading.Event) -> None:
    _trickle(connection, stop, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" ")


def trickles_a_body_without_length(connection: socket.socket, stop: threading.Event) -> None:
    _trickle(connection, stop, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" ")


def trickles_chunks(connection: socket.socket, stop: threading.Event) -> None:
    _trickle(connection, stop, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n")


def trickles_a_chunk_size(connection: socket.socket, stop: threading.Event) -> None:
    _trickle(connection, stop, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0")


def trickles_a_refusal(connection: socket.socket, stop: threading.Event) -> None:
    _trickle(connection, stop, b"HTTP/1.1 500 X\r\nContent-Length: 1000000\r\n\r\n", b" ")


def trickles_the_handshake(connection: socket.socket, stop: threading.Event) -> None:
    """The head of a long TLS record, and then its bytes one by one."""
    connection.sendall(b"\x16\x03\x03\x40\x00")
    while not stop.wait(PAUSE):
        connection.sendall(b"\x02")


SLOW: tuple[Behaviour, ...] = (
    never_answers,
    trickles_the_status,
    trickles_headers,
    continues_for_ever,
    trickles_the_body,
    trickles_a_body_without_length,
    trickles_chunks,
    trickles_a_chunk_size,
    trickles_a_refusal,
)
