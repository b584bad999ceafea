"""Faults that a test, or a program through `POST /control/faults`, orders for a system."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import socket
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Kind = Literal["status", "delay", "drop_before", "drop_after", "hang"]
LONGEST_HANG = 120.0
# Finds the field of a GraphQL request.
OPERATION = re.compile(rb'"query"\s*:\s*"(?:query|mutation)?\s*(?:\([^)]{0,200}\)\s*)?\{\s*(\w+)')


@dataclass
class Fault:
    """One rule. The first rule that matches a request is applied, and used up by one.

    `system` is the first part of the path (abc, jira, slack, deepl … as in app.py) or `*`. `method` and `path` are
    regular expressions; the path includes the system. The path of a GraphQL request ends with its field:
    `/blue/graphql/createTodo`. `times` None means for ever.
    """

    kind: Kind
    system: str = "*"
    method: str = ".*"
    path: str = ".*"
    times: int | None = 1
    probability: float = 1.0
    seconds: float = 0.0
    """How long `delay` and `hang` wait (a hang of 0 waits for LONGEST_HANG); `status` and the drops also wait."""
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = ""
    """Text, or anything else to be sent as JSON."""

    def matches(self, method: str, path: str) -> bool:
        system = path.strip("/").split("/", 1)[0]
        return (
            self.times != 0
            and self.system in ("*", system)
            and re.fullmatch(self.method, method) is not None
            and re.search(self.path, path) is not None
        )


class Faults:
    """The active rules; thread-safe. `fired` lists the applied rules, in order."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 (repeatable faults, not a secret)
        self._rules: list[Fault] = []
        self._stopped = False
        self._wake = threading.Event()
        self.fired: list[dict[str, Any]] = []

    def add(self, kind: Kind, **details: Any) -> Fault:
        """Orders faults; the details are the fields of Fault."""
        fault = Fault(kind, **details)
        with self._lock:
            self._rules.append(fault)
        return fault

    def clear(self, **alike: Any) -> None:
        """Removes the rules with these values in their fields; without values, all rules."""
        with self._lock:
            self._rules = [
                rule for rule in self._rules if any(getattr(rule, key) != value for key, value in alike.items())
            ]

    def end_waits(self) -> None:
        """Ends every delay and hang that is under way; later ones wait as ordered."""
        with self._lock:
            self._wake.set()
            if not self._stopped:
                self._wake = threading.Event()

    def stop(self) -> None:
        """Ends every delay and hang at once, also later ones."""
        self._stopped = True
        self.end_waits()

    def pending(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(rule) for rule in self._rules if rule.times != 0]

    def take(self, method: str, path: str) -> Fault | None:
        """The fault to apply to this request, used up by it."""
        with self._lock:
            for rule in self._rules:
                if rule.matches(method, path) and self._random.random() < rule.probability:
                    if rule.times is not None:
                        rule.times -= 1
                    self.fired.append({"kind": rule.kind, "method": method, "path": path, "status": rule.status})
                    return rule
        return None

    @property
    def wake(self) -> threading.Event:
        """An event that is set when the waits of the present requests must end."""
        return self._wake


class FaultMiddleware:
    """Wraps the application, so that a fault can happen before, after or instead of its work."""

    def __init__(self, application: WSGIApplication, faults: Faults) -> None:
        self._application = application
        self._faults = faults

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = _path(environ)
        wake, fault = self._faults.wake, None  # in this order, so that each request that counts as held can be released
        if not path.startswith("/control"):
            fault = self._faults.take(str(environ["REQUEST_METHOD"]), path)
        if fault is None:
            return self._application(environ, start_response)
        wake.wait(fault.seconds or (LONGEST_HANG if fault.kind == "hang" else 0))
        if fault.kind == "delay":
            return self._application(environ, start_response)
        if fault.kind == "status":
            text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
            kind = "text/plain" if isinstance(fault.body, str) else "application/json"
            payload = text.encode()
            headers = {"Content-Type": kind, "Content-Length": str(len(payload)), **fault.headers}
            start_response(f"{fault.status} Fault", list(headers.items()))
            return [payload]
        if fault.kind == "drop_after":
            self._process(environ)
        _cut(environ)
        start_response("500 Dropped", [])
        return []

    def _process(self, environ: WSGIEnvironment) -> None:
        def ignore(*_: Any) -> Any:
            return lambda _data: None

        answer = self._application(environ, ignore)
        for _ in answer:
            pass
        close = getattr(answer, "close", None)
        if close is not None:
            close()


def _path(environ: WSGIEnvironment) -> str:
    path = str(environ.get("PATH_INFO", ""))
    if not path.endswith("/graphql"):
        return path
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    found = OPERATION.search(body)
    return f"{path}/{found[1].decode()}" if found else path


def _cut(environ: WSGIEnvironment) -> None:
    connection = environ.get("tools.sandbox.connection")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
