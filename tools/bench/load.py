"""A small client that keeps many connections busy: `python -m tools.bench.load PORT SECONDS CONNECTIONS FIRST`.

Each connection sends the next event as soon as the last one was answered. One thread, an epoll and bytes that are ready
to be sent: a few per cent of what the server spends on a request. Prints one JSON object.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from itertools import count

from tools.bench.common import TOKEN, body, percentile


class Connection:
    """One keep-alive connection with one request under way at most."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0.0
        self._answer = b""

    def send(self, request: bytes) -> None:
        self._answer = b""
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int:
        """The status once the answer is whole, before that 0. Raises ConnectionError when the server hung up."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._answer += chunk
        head, end, rest = self._answer.partition(b"\r\n\r\n")
        if not end:
            return 0
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        return int(lines[0][9:12]) if len(rest) >= length else 0


class Requests:
    """Whole requests as bytes, each with an event that no one sent before; made of one by putting its number in."""

    def __init__(self, first: int) -> None:
        self._numbers = count(1_000_000_000 + first)  # all of one length
        number = 1_000_000_000
        payload = body(number)
        head = (
            f"POST /webhook HTTP/1.1\r\nhost: localhost\r\nx-webhook-token: {TOKEN}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(payload)}\r\n\r\n"
        )
        self._before, self._after = (head.encode() + payload).split(str(number).encode())

    def next(self) -> bytes:
        return self._before + str(next(self._numbers)).encode() + self._after


def run(port: int, seconds: float, connections: int, first: int) -> dict[str, float]:
    """Requests per second, percentiles of the answer's time in ms, and how much of a core this client used."""
    requests = Requests(first)
    taken: list[float] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(requests.next())
        started, busy = time.perf_counter(), time.process_time()
        while (now := time.perf_counter()) < started + seconds:
            for key, _ in selector.select(1):
                status = key.data.receive()
                if status == 0:
                    continue
                if status != 200:
                    raise SystemExit(f"the server answered {status}")
                taken.append(time.perf_counter() - key.data.sent)
                key.data.send(requests.next())
        busy = time.process_time() - busy
    return {
        "count": len(taken),
        "rate": len(taken) / (now - started),
        "p50": percentile(taken, 0.5) * 1000,
        "p99": percentile(taken, 0.99) * 1000,
        "client": busy / (now - started),
    }


if __name__ == "__main__":
    port, seconds, connections, first = sys.argv[1:]
    print(json.dumps(run(int(port), float(seconds), int(connections), int(first))))
