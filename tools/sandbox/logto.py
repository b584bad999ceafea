"""The webhook sender of Logto as measured: only one attempt, 10 s for it, a signature over the raw body.

Each attempt is recorded as in Logto's audit log: success for a 2xx, else error with the answer.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from tools.sandbox.times import now

TIMEOUT_SECONDS = 10.0
KEY_LENGTH = 32
MOST_REDIRECTS = 20


@dataclass(frozen=True)
class Entry:
    """The audit log's entry of one webhook."""

    event: str
    result: str
    """Success or Error."""
    status: int | None
    answer: str


@dataclass
class Hook:
    """One webhook of a tenant. `headers`: the administrator's own, which can't replace the signature."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    signing_key: str = ""
    id: str = ""
    log: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.signing_key = self.signing_key or new_key()
        self.id = self.id or _random(string.ascii_lowercase + string.digits, 21)

    def send(self, event: str, **parts: Any) -> Entry:
        """Sends an event once. A failure is only recorded in the log."""
        payload = {"event": event, "createdAt": now(), "userAgent": "curl/8", **parts, "hookId": self.id}
        return self.send_body(event, json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())

    def send_body(self, event: str, body: bytes) -> Entry:
        headers = {
            "user-agent": "Logto (https://logto.io/)",
            "content-type": "application/json",
            **{name.lower(): value for name, value in self.headers.items()},
            "logto-signature-sha-256": hmac.new(self.signing_key.encode(), body, hashlib.sha256).hexdigest(),
        }
        entry = self._attempt(event, headers, body)
        self.log.append(entry)
        return entry

    def _attempt(self, event: str, headers: Mapping[str, str], body: bytes) -> Entry:
        method, url = "POST", self.url
        try:
            for _ in range(MOST_REDIRECTS):
                status, location, answer = _call(method, url, headers, body)
                if status not in (301, 302, 303) or not location:
                    return Entry(event, "Success" if 200 <= status < 300 else "Error", status, answer)
                method, url, body = "GET", urljoin(url, location), b""  # as a browser does; so the event is lost
        except OSError as error:
            return Entry(event, "Error", None, type(error).__name__)
        return Entry(event, "Error", None, "too many redirects")


def new_key() -> str:
    """A signing key as Logto makes them. A new one replaces the old one at once."""
    return _random(string.ascii_letters + string.digits, KEY_LENGTH)


def _random(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


def _call(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, f"{parts.path}?{parts.query}".rstrip("?"), body or None, dict(headers))
        response = connection.getresponse()
        return response.status, response.getheader("location") or "", response.read().decode("utf-8", "replace")
    finally:
        connection.close()
