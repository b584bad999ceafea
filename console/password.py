"""The password of the console and of the JSON API: CONSOLE_PASSWORD, as text or as an argon2 hash."""

from __future__ import annotations

import hmac
import secrets
import threading

from pydantic import SecretStr

LONGEST_PASSWORD = 1024
"""Characters."""


def bearer(authorization: str) -> str:
    """The credentials in a header `Authorization: Bearer …`, "" for any other. The scheme may have any case (RFC 9110,
    11.1)."""
    scheme, _, given = authorization.partition(" ")
    return given.lstrip(" ") if scheme.lower() == "bearer" else ""


class Password:
    """Used by many threads."""

    def __init__(self, configured: SecretStr) -> None:
        self._configured = configured.get_secret_value()
        self.is_hash = self._configured.startswith("$argon2")
        """Whether looking at a password takes time and memory: attempts must be limited."""
        self._key = secrets.token_bytes(32)
        self._known = b""
        self._lock = threading.Lock()

    def fits(self, given: str) -> bool:
        """Whether this is the password. Texts are compared in constant time. Against a hash, a password that was right
        before is recognized without computing it again, and one thread computes at a time: each needs much memory."""
        if self.is_known(given) or not self.is_hash:
            return self.is_known(given)
        with self._lock:
            fits = self._computes_to_hash(given)
        if fits:
            self._known = self._digest(given)
        return fits

    def is_known(self, given: str) -> bool:
        """Whether it is seen without computing anything that it is right: a text is compared; against a hash, whether
        it was right before, in this process."""
        if not self.is_hash:
            return _same(given.encode("utf-8", "replace"), self._configured.encode())
        return _same(self._digest(given), self._known)

    def _digest(self, given: str) -> bytes:
        return hmac.digest(self._key, given.encode("utf-8", "replace"), "sha256")

    def _computes_to_hash(self, given: str) -> bool:
        from argon2 import PasswordHasher
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return PasswordHasher().verify(self._configured, given.encode("utf-8", "replace"))
        except (VerificationError, InvalidHashError):
            return False


def _same(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)
