"""A deadline for a whole call, whatever it is doing: looking a name up, connecting, TLS, sending, headers, body.

The time-outs of a socket are for each single read or write: a server that sends a byte now and then never meets one.
So a thread shuts the socket down at the deadline, which ends every read and write that waits on it. That works below
everything that is built on the socket: TLS, tunnels through proxies, buffered files.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any

from urllib3.util.connection import allowed_gai_family

from bridge.http.failures import Forbidden

Addresses = list[tuple[str, int]]
"""Numeric hosts and ports, in the order in which they should be tried."""


class Call:
    """One request and its answer; used as a context, in one thread."""

    def __init__(self, seconds: float, allowed: Callable[[str], bool] | None = None) -> None:
        """`allowed`: whether an address may be connected to, by its numbers; without it each may."""
        self.seconds = seconds
        self._allowed = allowed
        self.deadline = time.monotonic() + seconds
        self.sent = False
        """Whether the request, or a part of it, may have reached the server."""
        self._expired = False
        self._line: socket.socket | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Call:
        _current.call = self
        _watchdog.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.call = None
        _watchdog.remove(self)
        with self._lock:
            self._let_go()

    @property
    def expired(self) -> bool:
        return self._expired or time.monotonic() >= self.deadline

    def left(self, most: float) -> float:
        """Seconds for the next step, at most `most`. Raises TimeoutError after the deadline."""
        seconds = min(most, self.deadline - time.monotonic())
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def reachable(self, found: Addresses) -> Addresses:
        """Those of a host's addresses that may be connected to. Raises Forbidden when there are some and none may."""
        allowed = found if self._allowed is None else [(host, port) for host, port in found if self._allowed(host)]
        if found and not allowed:
            raise Forbidden
        return allowed

    def hold(self, sock: Any) -> None:
        """Shuts this socket down at the deadline; it takes the place of the one before.

        Through a descriptor of its own: the library may close its own at any moment, and the number may be given to
        another connection.
        """
        with self._lock:
            self._let_go()
            self._line = socket.socket(fileno=os.dup(sock.fileno()))
            if self._expired:
                self._shut_down()

    def expire(self) -> None:
        with self._lock:
            self._expired = True
            self._shut_down()

    def _shut_down(self) -> None:
        if self._line is not None:
            with suppress(OSError):  # it was never connected, or the other side was quicker
                self._line.shutdown(socket.SHUT_RDWR)

    def _let_go(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class _Watchdog:
    """The thread that ends calls at their deadlines; started by the first call of the process."""

    def __init__(self) -> None:
        self._calls: set[Call] = set()
        self._changed = threading.Condition()
        self._wakes = float("inf")
        self._thread: threading.Thread | None = None

    def add(self, call: Call) -> None:
        with self._changed:
            self._calls.add(call)
            if self._thread is None or not self._thread.is_alive():  # after a fork it is not
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            if call.deadline < self._wakes:
                self._changed.notify()

    def remove(self, call: Call) -> None:
        with self._changed:
            self._calls.discard(call)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for call in [call for call in self._calls if call.deadline <= now]:
                    self._calls.discard(call)
                    call.expire()
                self._wakes = min((call.deadline for call in self._calls), default=float("inf"))
                self._changed.wait(self._wakes - now if self._calls else None)


class _Resolver:
    """Looks names up in threads of their own, because getaddrinfo can't be interrupted. Callers who ask for the same
    name share one thread, so that a name server that hangs holds one thread for each host."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], Future[Addresses]] = {}
        self._lock = threading.Lock()

    def find(self, host: str, port: int, seconds: float) -> Addresses:
        """Raises TimeoutError and socket.gaierror."""
        with suppress(socket.gaierror, UnicodeError):
            return _look_up(host, port, socket.AI_NUMERICHOST)
        key = (host, port)
        with self._lock:
            future = self._asked.get(key)
            if future is None:
                future = self._asked[key] = Future()
                threading.Thread(target=self._ask, args=(key, future), name="resolver", daemon=True).start()
        return future.result(seconds)

    def _ask(self, key: tuple[str, int], future: Future[Addresses]) -> None:
        found: Addresses = []
        failure: Exception | None = None
        try:
            found = _look_up(*key)
        except UnicodeError:
            failure = socket.gaierror(socket.EAI_NONAME, "no host can have this name")
        except Exception as error:  # noqa: BLE001  whatever it is, the waiting thread must get it
            failure = error
        with self._lock:
            del self._asked[key]  # before the answer is known: a caller after that gets an answer of its own
        if failure is None:
            future.set_result(found)
        else:
            future.set_exception(failure)


def _look_up(host: str, port: int, flags: int = 0) -> Addresses:
    found = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM, 0, flags)
    return [(_host(address), port) for _, _, _, _, address in found]


def _host(address: Any) -> str:
    """A link-local IPv6 address keeps its scope."""
    host, _, *rest = address
    return f"{host}%{rest[1]}" if len(rest) == 2 and rest[1] and "%" not in host else str(host)


class _Current(threading.local):
    call: Call | None = None


def current() -> Call:
    """The call that this thread is making; a connection is used inside one only."""
    call = _current.call
    if call is None:
        raise RuntimeError("a connection was used outside bridge.http.adapter.Adapter.send")
    return call


_current = _Current()
_watchdog = _Watchdog()
resolver = _Resolver()
