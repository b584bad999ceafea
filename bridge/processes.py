"""What a process of the web server needs from the operating system: a port of its own, enough open files, and an end
with its parent."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import signal
import socket
import threading
import time

WATCH_SECONDS = 0.5
STOP_SECONDS = 20.0
UNREAD_SECONDS = 20
"""Linux closes a connection whose caller reads nothing of an answer for so long; nothing else would close it."""
BACKLOG = 1024


class CannotListen(Exception):
    """The port cannot be used; the message gives the reason, and what to do."""


STOPS = (signal.SIGTERM, signal.SIGINT)


def let_children_be_stopped() -> None:
    """From now on SIGTERM and SIGINT end a forked child from its first moment until it sets handlers of its own.

    It inherits this process's handlers, which would ignore a signal. A signal that arrives before Python's own clean-up
    after the fork is forgotten by that clean-up. So both signals are blocked during a fork.
    """

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def begin() -> None:
        for number in STOPS:
            signal.signal(number, signal.SIG_DFL)
        unblock()

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, STOPS), after_in_parent=unblock, after_in_child=begin
    )


def listen(port: int, patience: float) -> socket.socket:
    """A socket that listens on the port, on IPv6 and IPv4 where the machine has both, and on one of them otherwise.

    The port is this socket's alone (no SO_REUSEPORT): two web servers on one port would each get a part of the
    requests. Waits up to `patience` seconds for a process that is about to end. Raises CannotListen.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return _listen(port)
        except OSError as error:
            if error.errno == errno.EACCES:
                raise CannotListen(f"PORT {port} needs the rights of root: choose one above 1023") from None
            if error.errno != errno.EADDRINUSE:
                raise CannotListen(f"PORT {port} cannot be listened on: {os.strerror(error.errno or 0)}") from None
            if time.monotonic() > deadline:
                raise CannotListen(
                    f"PORT {port} is in use by another process: stop that one, or set another PORT"
                ) from None
        time.sleep(0.1)


def _listen(port: int) -> socket.socket:
    try:
        return _bound(socket.AF_INET6, "::", port)
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise
        return _bound(socket.AF_INET, "0.0.0.0", port)  # noqa: S104  a container's router comes from outside


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not in the way: connections that ended
        # Every connection inherits these two.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
        listener.bind((address, port))
        listener.listen(BACKLOG)  # bind() alone lets two sockets share the port
    except OSError:
        listener.close()
        raise
    return listener


def allow_open_files(wanted: int) -> int:
    """Raises the limit of open files to `wanted`, or to the hard limit where that is lower. Returns what is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(soft, wanted)


def end_with_parent() -> None:
    """Stops this process when the one that made it is gone: one that was killed cannot stop its children, and they
    would go on with the settings of before. Does nothing in a process that multiprocessing did not start."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == parent.pid:
            time.sleep(WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
