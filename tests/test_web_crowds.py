"""The web process under crowds of callers without a token: a webhook is answered all the same."""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

import pytest

from tests.web import Web, cpu_seconds, issue, peak_memory, start_web
from tools.sandbox.processes import ROOT, Processes, wait_for

CROWD = 1100
"""More than the 1,024 connections that granian accepts unless it is configured otherwise."""
PATIENCE = 15.0
"""Less than the 20 s after which a silent connection is closed, so that nobody is answered just because of that."""
ATTEMPTS = 4
"""As many as the sender makes: on a busy machine Redis may be too late for one (503)."""
numbers = count(7000)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[Web]:
    with Processes(tmp_path_factory.mktemp("crowds")) as processes:
        yield start_web(processes, valkey_url)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[Web]:
    """A process of its own where memory and CPU time are measured: no requests of a crowd wait there."""
    with Processes(tmp_path_factory.mktemp("quiet")) as processes:
        yield start_web(processes, valkey_url)


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    """Room for as many connections as a crowd has; all are closed at the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * CROWD:
        pytest.skip("this machine does not allow so many open files")
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * CROWD), hard))
    with ExitStack() as stack:
        yield stack
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def caller(crowd: ExitStack, web: Web, sends: bytes) -> socket.socket:
    """A connection that sends as much of `sends` as the server takes within half a second, and reads nothing."""
    connection = crowd.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # the server soon waits for it to read
    connection.settimeout(30)
    connection.connect(("127.0.0.1", web.port))
    connection.settimeout(0.5)
    with suppress(OSError):
        connection.sendall(sends)
    return connection


@pytest.mark.parametrize(
    ("sends", "many"),
    [
        pytest.param(b"", CROWD, id="nothing"),
        pytest.param(b"POST /webhook HTTP/1.1\r\nHost: x\r\n", CROWD, id="half of the headers"),
        pytest.param(
            b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 50, CROWD, id="requests without reading the answers"
        ),
        pytest.param(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n" + b"x" * 65_000, 300, id="bodies"),
    ],
)
def test_a_crowd_keeps_no_webhook_out(web: Web, crowd: ExitStack, sends: bytes, many: int) -> None:
    for _ in range(many):
        caller(crowd, web, sends)
    for _ in range(3):
        webhook = issue(next(numbers))
        assert any(posted(web, webhook) == 200 for _ in range(ATTEMPTS))


def posted(web: Web, webhook: bytes) -> int:
    with web.connected(PATIENCE) as connection:
        return connection.post(webhook).status


def test_endless_headers_are_refused_early(quiet: Web, crowd: ExitStack) -> None:
    """390 kB of each of 400 connections would be 156 MB."""
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nx-long: "
    before = peak_memory(quiet)
    connections = [caller(crowd, quiet, head + b"x" * 390_000) for _ in range(400)]
    assert {ending(connection) for connection in connections} <= {b"HTTP/1.1 431 ", b""}
    assert peak_memory(quiet) - before < 60_000_000
    assert ending(caller(crowd, quiet, head + b"x" * 25_000 + b"\r\n\r\n")) == b"HTTP/1.1 200 "


def ending(connection: socket.socket) -> bytes:
    """The start of the answer; nothing where the connection was reset before it was read."""
    connection.settimeout(60)
    with suppress(ConnectionError):
        return connection.recv(13)
    return b""


@pytest.mark.parametrize("path", ["/x", "/webhook"])
def test_a_body_in_tiny_chunks_costs_no_work_without_a_token(quiet: Web, crowd: ExitStack, path: str) -> None:
    """390 kB on the wire. Each chunk would be a step of Python: reading them all took 2 to 3 s of CPU time."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    before = cpu_seconds(quiet)
    connection = caller(crowd, quiet, head + b"1\r\nx\r\n" * 65_000 + b"0\r\n\r\n")
    assert ending(connection) in (b"HTTP/1.1 404 ", b"HTTP/1.1 401 ", b"")
    assert cpu_seconds(quiet) - before < 0.6


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux closes such connections")
def test_a_connection_whose_answers_nobody_reads_is_closed(web: Web, crowd: ExitStack) -> None:
    connection = caller(crowd, web, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
    own = connection.getsockname()[1]
    assert is_established(web.port, own)
    wait_for("the server to close it", lambda: not is_established(web.port, own), seconds=120)


def is_established(port: int, other: int) -> bool:
    """Whether the server still holds its side of the connection."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            local, remote, state = line.split()[1:4]
            ports = int(local.rpartition(":")[2], 16), int(remote.rpartition(":")[2], 16)
            if ports == (port, other) and state == "01":
                return True
    return False


def test_the_limit_of_open_files_is_raised_as_far_as_allowed() -> None:
    """The operator's hard limit holds for root, too."""
    code = "from bridge.processes import allow_open_files as allow; print(allow(400), allow(900))"
    command = f"ulimit -Sn 100 && ulimit -Hn 600 && exec {sys.executable} -c '{code}'"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["400", "600"]
