"""The webhook senders of ticket systems and NocoBase, as the vendors document them: the signature of each, its number
of attempts, and when it gives up. They do not wait between attempts: the attempts of an hour are sent at once here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

SECRETS = ("JIRA_WEBHOOK_SECRET", "GITHUB_WEBHOOK_SECRET", "GITLAB_WEBHOOK_TOKEN", "BLUE_WEBHOOK_SECRET")
"""Variables of the service: what each ticket system signs with."""


@dataclass(frozen=True)
class Attempt:
    """One request and its answer; `status` is None if there was no answer."""

    headers: Mapping[str, str]
    body: bytes
    status: int | None
    answer: str = ""

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def json(self) -> Any:
        return json.loads(self.answer)


@dataclass
class Sender:
    """`attempts`: all requests, in order."""

    url: str
    attempts: list[Attempt] = field(default_factory=list, kw_only=True)

    def post(self, headers: Mapping[str, str], body: bytes, seconds: float) -> Attempt:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=seconds)
        try:
            connection.request("POST", parts.path, body, {"content-type": "application/json", **headers})
            response = connection.getresponse()
            attempt = Attempt(headers, body, response.status, response.read().decode("utf-8", "replace"))
        except OSError as error:
            attempt = Attempt(headers, body, None, type(error).__name__)
        finally:
            connection.close()
        self.attempts.append(attempt)
        return attempt


def compact(value: object) -> bytes:
    """JSON as JavaScript and Ruby write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def hmac_of(key: str | bytes, body: bytes) -> bytes:
    return hmac.new(key.encode() if isinstance(key, str) else key, body, hashlib.sha256).digest()


@dataclass
class GitHubHook(Sender):
    """One attempt of at most 10 s, also after an error; a redelivery has the same id. Without a secret it does not
    sign."""

    secret: str = ""

    def ping(self) -> Attempt:
        """Sends the ping that follows the creation of a webhook."""
        return self.send("ping", {"zen": "Keep it logically awesome.", "hook_id": 1, "hook": {"type": "Repository"}})

    def send(self, event: str, body: Mapping[str, Any] | bytes) -> Attempt:
        raw = body if isinstance(body, bytes) else compact(body)
        headers = {
            "user-agent": "GitHub-Hookshot/0123456",
            "x-github-event": event,
            "x-github-delivery": str(uuid4()),
            "x-github-hook-id": "1",
        }
        if self.secret:
            headers["x-hub-signature-256"] = f"sha256={hmac_of(self.secret, raw).hex()}"
        return self.post(headers, raw, 10.0)

    def redeliver(self, attempt: Attempt) -> Attempt:
        return self.post(attempt.headers, attempt.body, 10.0)


@dataclass
class GitLabHook(Sender):
    """One attempt of at most 10 s. After the fourth failure in a row the hook is off, until a test request succeeds."""

    token: str = ""
    signing_key: str = ""
    """`whsec_…`, in newer releases."""
    failures: int = field(default=0, kw_only=True)

    @property
    def is_off(self) -> bool:
        return self.failures >= 4

    def send(self, hook: str, body: Mapping[str, Any] | bytes, id_: str = "") -> Attempt | None:
        """`hook`: such as `Issue Hook`. Returns None if the hook is off."""
        return None if self.is_off else self.test(hook, body, id_)

    def test(self, hook: str, body: Mapping[str, Any] | bytes, id_: str = "") -> Attempt:
        raw, id_ = body if isinstance(body, bytes) else compact(body), id_ or str(uuid4())
        headers = {
            "user-agent": "GitLab/18.0.0",
            "x-gitlab-event": hook,
            "idempotency-key": id_,
            "x-gitlab-webhook-uuid": str(uuid4()),
            "x-gitlab-instance": "https://gitlab.example.com",
        }
        if self.token:
            headers["x-gitlab-token"] = self.token
        if self.signing_key:
            headers |= standard_webhook(self.signing_key, id_, raw)
        attempt = self.post(headers, raw, 10.0)
        # Redirects count as success.
        self.failures = 0 if attempt.status is not None and attempt.status < 400 else self.failures + 1
        return attempt


def standard_webhook(key: str, id_: str, body: bytes, at: int | None = None) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    stamp = str(int(time.time()) if at is None else at)
    signed = f"{id_}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac_of(base64.b64decode(key.removeprefix("whsec_")), signed)).decode()
    return {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}


@dataclass
class BlueWebhook(Sender):
    """Five attempts of 7 s for an event, then the webhook is off until somebody switches it on. Switching on sends a
    health check first."""

    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    is_on: bool = field(default=True, kw_only=True)

    def send(self, event: str, **values: Any) -> list[Attempt]:
        """`values`: `previousValue`, `currentValue`. Returns every attempt; none if the webhook is off."""
        return self.send_body(compact({"event": event, "webhook": self._shown(), **values})) if self.is_on else []

    def send_body(self, body: bytes) -> list[Attempt]:
        made: list[Attempt] = []
        while len(made) < 5 and not (made and made[-1].ok):
            made.append(self.post(self._signed(body), body, 7.0))
        self.is_on = made[-1].ok
        return made

    def switch_on(self) -> Attempt:
        """Sends a health check, which has no values, and switches the webhook on if it succeeds."""
        body = compact({"event": "WEBHOOK_HEALTH_CHECK", "webhook": self._shown()})
        attempt = self.post(self._signed(body), body, 7.0)
        self.is_on = attempt.ok
        return attempt

    def _shown(self) -> dict[str, Any]:
        return {"id": "w1", "name": "bridge", "secret": "", "enabled": self.is_on, "status": "HEALTHY"}

    def _signed(self, body: bytes) -> dict[str, str]:
        return {"x-signature": hmac_of(self.secret, body).hex()}


@dataclass
class JiraHook(Sender):
    """Cloud repeats after some answers, five times, with the same identifier. Data Center sends once, without an
    identifier, and signs since release 10."""

    secret: str = ""
    is_cloud: bool = field(default=True, kw_only=True)

    def send(self, body: Mapping[str, Any] | bytes) -> list[Attempt]:
        raw, identifier = body if isinstance(body, bytes) else compact(body), str(uuid4())
        made: list[Attempt] = []
        while not made or (self.is_cloud and len(made) < 6 and self._is_worth_more(made[-1])):
            headers = {"user-agent": "Atlassian Webhook HTTP Client"}
            if self.is_cloud:
                headers |= {"x-atlassian-webhook-identifier": identifier, "x-atlassian-webhook-flow": "Primary"}
                headers |= {"x-atlassian-webhook-retry": str(len(made))} if made else {}
            if self.secret:
                headers["x-hub-signature"] = f"sha256={hmac_of(self.secret, raw).hex()}"
            made.append(self.post(headers, raw, 20.0))
        return made

    @staticmethod
    def _is_worth_more(attempt: Attempt) -> bool:
        return attempt.status is None or attempt.status in (408, 409, 425, 429) or attempt.status >= 500


@dataclass
class NocoBaseNode(Sender):
    """The HTTP request node of a workflow: one attempt of at most 5 s, with the headers that the operator wrote."""

    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, body: Mapping[str, Any]) -> Attempt:
        return self.post(self.headers, compact(body), 5.0)
