"""Sessions on the server: a random number in a cookie, and a hash in Redis that only this number and our key find.

docs/decisions/0125-console-sessions.md explains the keys.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from redis import Redis

from bridge.service import ServiceSettings

SECONDS = 12 * 3600
"""How long a session lasts at most."""
COOKIE = "fb_session"
_FORM = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Session:
    """`who`: `password`, or the name that OIDC gave; `csrf`: the token of its forms."""

    who: str
    csrf: str


class Signer:
    """Recognizes its own cookies without Redis. Every change of the settings that decide who may sign in gives another
    key."""

    def __init__(self, service: ServiceSettings) -> None:
        hidden = (service.console_secret, service.console_password, service.oidc_client_secret)
        secret = [value.get_secret_value() if value else "" for value in hidden]
        allow = service.oidc_allow
        who = [sorted(names) for names in (allow.addresses, allow.domains, allow.roles)] if allow else []
        parts = [service.bridge_instance, *secret, service.oidc_issuer, service.oidc_client_id, who]
        self._material = json.dumps(parts)

    def sign(self, purpose: str, text: str) -> str:
        return hmac.digest(_key(self._material), f"{purpose}:{text}".encode(), "sha256").hex()

    def cookie(self, number: str) -> str:
        return f"{number}.{self.sign('cookie', number)}"

    def is_ours(self, cookie: str) -> bool:
        return bool(self.number(cookie))

    def number(self, cookie: str) -> str:
        """The number in a cookie of ours, "" for any other text."""
        found = _FORM.fullmatch(cookie)
        number, mac = found.groups() if found else ("", "")
        return number if hmac.compare_digest(mac, self.sign("cookie", number)) else ""


@lru_cache(maxsize=8)
def _key(material: str) -> bytes:
    """50 ms, once for each configuration."""
    return hashlib.scrypt(material.encode(), salt=b"feedback-bridge console", n=2**14, r=8, p=1, dklen=32)


class Sessions:
    """The hashes `session:<digest>`. Methods raise RedisError."""

    def __init__(self, redis: Redis, instance: str, signer: Signer) -> None:
        self._redis: Any = redis  # redis-py types each answer as the union of all its modes
        self._prefix = f"fb:{instance}:session:"
        self._signer = signer

    def begin(self, who: str) -> str:
        """The value of the cookie."""
        number = secrets.token_urlsafe(32)
        key = self._key(number)
        with self._redis.pipeline() as pipeline:
            pipeline.hset(key, mapping={"who": who.encode("utf-8", "replace")})
            pipeline.expire(key, SECONDS)
            pipeline.execute()
        return self._signer.cookie(number)

    def find(self, cookie: str) -> Session | None:
        number = self._signer.number(cookie)
        who = self._redis.hget(self._key(number), "who") if number else None
        if who is None:
            return None
        return Session(who.decode("utf-8", "replace"), self._signer.sign("csrf", number))

    def end(self, cookie: str) -> None:
        if number := self._signer.number(cookie):
            self._redis.delete(self._key(number))

    def _key(self, number: str) -> str:
        return self._prefix + self._signer.sign("session", number)
