"""What a process of the web server needs from the operating system: a port of its own, and an end with its parent."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

WATCH_SECONDS = 0.5
STOP_SECONDS = 20.0


class PortInUse(Exception):
    """Another process listens on the port."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to listen on a port: `address` is the one to listen at. Held until the process ends."""

    address: str
    lock: socket.socket | None


def claim_port(port: int, patience: float) -> Claim:
    """Waits up to `patience` seconds until nobody else listens on the port. Raises PortInUse.

    The web server itself shares the port with whoever else wants it (SO_REUSEPORT): two servers would each get a part
    of the requests.
    """
    address = listening_address()
    deadline = time.monotonic() + patience
    while True:
        try:
            lock = _lock(port)
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not in the way: connections that ended
                probe.bind((address, port))
            return Claim(address, lock)
        except OSError as error:
            if error.errno == errno.EACCES:
                raise PortInUse(f"PORT {port} needs the rights of root: choose one above 1023") from None
            if error.errno != errno.EADDRINUSE:
                raise
            if time.monotonic() > deadline:
                raise PortInUse(
                    f"PORT {port} is in use by another process: stop that one, or set another PORT"
                ) from None
        time.sleep(0.1)


def _lock(port: int) -> socket.socket | None:
    """Held by at most one process of this machine (of its network namespace): two that start in the same moment would
    both find the port free. Only Linux has such names; the kernel drops them with the process."""
    if sys.platform != "linux":
        return None
    lock = socket.socket(socket.AF_UNIX)
    try:
        lock.bind(f"\0feedback-bridge-web-{port}")
    except OSError:
        lock.close()
        raise
    return lock


def listening_address() -> str:
    """`::` where that serves IPv4 and IPv6, or where there is no IPv4; else `0.0.0.0`."""
    with suppress(OSError), socket.socket(socket.AF_INET6) as six:
        if not six.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) or not _has_ipv4():
            six.bind(("::", 0))  # fails where IPv6 is switched off
            return "::"
    return "0.0.0.0"  # noqa: S104  a container's router comes from outside


def _has_ipv4() -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET) as four:
        four.bind(("127.0.0.1", 0))
        return True
    return False


def end_with_parent() -> None:
    """Stops this process when its parent is gone: one that was killed cannot stop its children, and they would go on
    with the settings of before."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
