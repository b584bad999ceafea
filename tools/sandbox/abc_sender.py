"""The webhook sender of ABC User Feedback as measured: 4 attempts, 3 s apart, 5 s for each; every failure is retried.

Attempts are parallel and unordered. Nothing is stored, so pending events are lost when the sender stops, as in the real
one. Attempts run on a bounded pool of threads and share kept-alive connections; waiting retries use no thread.
"""

from __future__ import annotations

import heapq
import http.client
import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

ATTEMPTS = 4
INTERVAL_SECONDS = 3.0
TIMEOUT_SECONDS = 5.0
IDLE_SECONDS = 5.0  # an idle connection was used again after 4.6 s, not after 5.5 s
MOST_REDIRECTS = 21
KEEP_METHOD = (307, 308)
REDIRECTS = (301, 302, 303, *KEEP_METHOD)


@dataclass(frozen=True)
class Webhook:
    """A subscription. `project`, `events`, `channels`: None means all. `registered`: made through the admin API, not by
    a test."""

    url: str
    token: str | None = None
    project: int | None = None
    events: frozenset[str] | None = None
    channels: frozenset[int] | None = None
    registered: bool = False

    def wants(self, project: int, event: str, channel: int | None) -> bool:
        of_channel = self.channels is None or channel in self.channels
        return self.project in (None, project) and (self.events is None or event in self.events) and of_channel


@dataclass(frozen=True)
class Attempt:
    """The result of one attempt: a status, or the name of the exception."""

    event: str
    number: int
    result: int | str


@dataclass
class _Delivery:
    webhook: Webhook
    event: str
    body: bytes
    tries: int = 0


@dataclass
class Counts:
    events: int = 0
    """The number of ABC's events, with or without a subscribed webhook."""
    emitted: int = 0
    """The number of started deliveries: one for each event and subscription."""
    attempts: int = 0
    delivered: int = 0
    given_up: int = 0


class Connections:
    """Kept-alive connections by address; the last used one is taken first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str], list[tuple[float, http.client.HTTPConnection]]] = {}

    def take(self, scheme: str, netloc: str) -> http.client.HTTPConnection | None:
        with self._lock:
            idle = self._idle.get((scheme, netloc), [])
            while idle:
                since, connection = idle.pop()
                if time.monotonic() - since < IDLE_SECONDS:
                    return connection
                connection.close()
        return None

    def give_back(self, scheme: str, netloc: str, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._idle.setdefault((scheme, netloc), []).append((time.monotonic(), connection))

    def close(self) -> None:
        with self._lock:
            for idle in self._idle.values():
                for _, connection in idle:
                    connection.close()
            self._idle.clear()


@dataclass
class Sender:
    """Thread-safe. `stop()` ends its threads within one attempt's timeout."""

    interval: float = INTERVAL_SECONDS
    timeout: float = TIMEOUT_SECONDS
    parallel: int = 64
    """Attempts at once; the real one has no limit."""
    webhooks: list[Webhook] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    log: deque[Attempt] = field(default_factory=lambda: deque(maxlen=20_000))

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._running = 0
        self._stopped = False
        self._connections = Connections()
        self._pool = ThreadPoolExecutor(self.parallel, "abc-sender")
        self._clock = threading.Thread(target=self._tick, name="abc-sender-clock", daemon=True)
        self._clock.start()

    def subscribe(self, url: str, token: str | None = None, **details: Any) -> None:
        """Makes this the only subscription."""
        self.webhooks = [Webhook(url, token, **details)]

    def emit(
        self, project: int, event: str, read: Callable[[], Mapping[str, Any] | None], channel: int | None = None
    ) -> None:
        """Sends an event. The subscription is looked up now. `read` is called later, when the event is processed, so it
        shows the data at that time; if it returns None (the entity was deleted), nothing is sent."""
        webhooks = [webhook for webhook in self.webhooks if webhook.wants(project, event, channel)]
        with self._changed:
            self.counts.events += 1
            self.counts.emitted += len(webhooks)
        for webhook in webhooks:
            self._submit(0, lambda webhook=webhook: self._start(webhook, event, read))  # type: ignore[misc]

    def wait_idle(self, seconds: float = 30.0) -> bool:
        """Waits until no attempt is running or waiting for a retry; returns False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._running, seconds)

    @property
    def pending(self) -> int:
        with self._changed:
            return len(self._waiting) + self._running

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()
        self._clock.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._connections.close()

    def _submit(self, delay: float, work: Callable[[], None]) -> None:
        with self._changed:
            if self._stopped:
                return
            heapq.heappush(self._waiting, (time.monotonic() + delay, next(self._order), work))
            self._changed.notify_all()

    def _tick(self) -> None:
        with self._changed:
            while not self._stopped:
                wait = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                _, _, work = heapq.heappop(self._waiting)
                self._running += 1
                self._pool.submit(self._run, work)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _start(self, webhook: Webhook, event: str, read: Callable[[], Mapping[str, Any] | None]) -> None:
        data = read()
        if data is None:
            with self._changed:
                self.counts.emitted -= 1
            return
        body = json.dumps({"event": event, "data": data}, ensure_ascii=False, separators=(",", ":"))
        self._attempt(_Delivery(webhook, event, body.encode()))

    def _attempt(self, delivery: _Delivery) -> None:
        if self._stopped:
            return
        delivery.tries += 1
        result: int | str
        try:
            result = self._post(delivery.webhook, delivery.body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            result = type(error).__name__
        delivered = isinstance(result, int) and 200 <= result < 300
        last = delivery.tries >= ATTEMPTS
        with self._changed:
            self.counts.attempts += 1
            self.counts.delivered += delivered
            self.counts.given_up += last and not delivered
            self.log.append(Attempt(delivery.event, delivery.tries, result))
        if not delivered and not last:
            self._submit(self.interval, lambda: self._attempt(delivery))

    def _post(self, webhook: Webhook, body: bytes) -> int:
        """The final status; follows redirects as the real sender does. Raises OSError or HTTPException."""
        url, method, payload = webhook.url, "POST", body
        deadline = time.monotonic() + self.timeout
        for _ in range(MOST_REDIRECTS + 1):
            status, location = self._request(method, url, webhook.token, payload, deadline)
            if status not in REDIRECTS or not location:
                return status
            url = urljoin(url, location)
            if status not in KEEP_METHOD:
                method, payload = "GET", b""  # the body is lost here, and a 2xx counts as delivered
        raise OSError("too many redirects")

    def _request(
        self, method: str, url: str, token: str | None, body: bytes, deadline: float
    ) -> tuple[int, str | None]:
        parts = urlsplit(url)
        connection = self._connections.take(parts.scheme, parts.netloc)
        if connection is None:
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(parts.netloc, timeout=_left(deadline))
        elif connection.sock is not None:
            connection.sock.settimeout(_left(deadline))
        try:
            connection.putrequest(method, _target(parts), skip_host=True, skip_accept_encoding=True)
            for name, value in _headers(method, parts.netloc, token, len(body)):
                connection.putheader(name, value)
            connection.endheaders(body or None)
            wire = connection.sock  # http.client forgets it when the answer has `Connection: close`
            response = connection.getresponse()
            while not response.isclosed():
                wire.settimeout(_left(deadline))
                if not response.read1(65536):
                    response.close()  # an empty body is not noticed as its own end
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None and not response.will_close:
            self._connections.give_back(parts.scheme, parts.netloc, connection)
        else:
            connection.close()
        return response.status, response.headers.get("Location")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no whole answer in time")
    return left


def _target(parts: Any) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(method: str, host: str, token: str | None, length: int) -> list[tuple[str, str]]:
    headers = [("Accept", "application/json, text/plain, */*")]
    if method == "POST":
        headers.append(("Content-Type", "application/json"))
    if token is not None:
        headers.append(("x-webhook-token", token))
    headers.append(("User-Agent", "axios/1.15.0"))
    if method == "POST":
        headers.append(("Content-Length", str(length)))
    headers += [("Accept-Encoding", "gzip, compress, deflate, br"), ("Host", host), ("Connection", "keep-alive")]
    return headers
