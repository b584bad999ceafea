"""How a request proves that it comes from its source: pure, over the raw body, in constant time.

Each proof takes several secrets, of which one must fit, so that a secret can be replaced without losing a request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, Protocol

from bridge.signing import standard_key, standard_signature

Headers = Mapping[str, str]
"""By lower-case name."""

WINDOW_SECONDS = 300
"""How far the timestamp of a Standard Webhook may be from our clock
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md)."""
MOST_SIGNATURES = 20
"""Signatures of one request that are looked at: a sender that replaces its secret sends two."""


class Proof(Protocol):
    def may_hold(self, headers: Headers) -> bool:
        """Whether the headers leave it possible: if not, the body is not worth reading."""

    def holds(self, headers: Headers, raw: bytes) -> bool:
        """Whether the request with this body is authentic."""


class Token:
    """A secret text that is sent as it is, in a header: `prefix` (such as `Bearer`), then the secret."""

    def __init__(self, header: str, secrets: Iterable[str], prefix: str = "") -> None:
        self._header = header
        self._secrets = [secret.encode() for secret in secrets]
        self._prefix = prefix

    def may_hold(self, headers: Headers) -> bool:
        given = headers.get(self._header, "")
        if not given.startswith(self._prefix):
            return False
        text = given.removeprefix(self._prefix)
        return _is_one_of(text.lstrip(" ") if self._prefix else text, self._secrets)

    def holds(self, headers: Headers, raw: bytes) -> bool:  # noqa: ARG002  a token is not about the body
        return self.may_hold(headers)


class Hmac:
    """HMAC-SHA256 of the raw body, in a header: `prefix`, then hexadecimal digits or base64."""

    def __init__(
        self, header: str, secrets: Iterable[str], encoding: Literal["hex", "base64"] = "hex", prefix: str = ""
    ) -> None:
        self._header = header
        self._secrets = [secret.encode() for secret in secrets]
        self._encoding = encoding
        self._prefix = prefix

    def may_hold(self, headers: Headers) -> bool:
        given = headers.get(self._header, "")
        return bool(self._secrets) and given.startswith(self._prefix) and given != self._prefix

    def holds(self, headers: Headers, raw: bytes) -> bool:
        given = headers.get(self._header, "")
        if not self.may_hold(headers):
            return False
        text = given.removeprefix(self._prefix)
        if self._encoding == "hex":
            text = text.lower()  # either case writes the same number
        return _is_one_of(text, [self._signature(secret, raw) for secret in self._secrets])

    def _signature(self, secret: bytes, raw: bytes) -> bytes:
        digest = hmac.new(secret, raw, hashlib.sha256).digest()
        return digest.hex().encode() if self._encoding == "hex" else base64.b64encode(digest)


class StandardWebhooks:
    """HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>` as `v1,<base64>`; the timestamp must be of now.

    A secret that starts with `whsec_` is base64, any other text is its UTF-8 bytes.
    """

    def __init__(self, secrets: Iterable[str], now: Callable[[], float] = time.time) -> None:
        self._secrets = [standard_key(secret) for secret in secrets]
        self._now = now

    def may_hold(self, headers: Headers) -> bool:
        stamp = headers.get("webhook-timestamp", "")
        if not (self._secrets and headers.get("webhook-id") and headers.get("webhook-signature")):
            return False
        return re.fullmatch(r"[0-9]{1,12}", stamp) is not None and abs(self._now() - int(stamp)) <= WINDOW_SECONDS

    def holds(self, headers: Headers, raw: bytes) -> bool:
        if not self.may_hold(headers):
            return False
        id_, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        right = [standard_signature(key, id_, timestamp, raw).encode() for key in self._secrets]
        given = headers["webhook-signature"].split(" ")[:MOST_SIGNATURES]
        return any([_is_one_of(signature, right) for signature in given])  # noqa: C419  all, in constant time


class AnyOf:
    """Several ways to prove a request, of which one is enough: for a sender whose older releases know another one."""

    def __init__(self, *proofs: Proof) -> None:
        self._proofs = proofs

    def may_hold(self, headers: Headers) -> bool:
        return any([proof.may_hold(headers) for proof in self._proofs])  # noqa: C419  all, in constant time

    def holds(self, headers: Headers, raw: bytes) -> bool:
        return any([proof.holds(headers, raw) for proof in self._proofs])  # noqa: C419


def _is_one_of(given: str, secrets: list[bytes]) -> bool:
    """Constant time in the content, the same work whichever of them fits. Without a secret nothing fits."""
    candidate = given.encode("utf-8", "surrogateescape")
    matches = [hmac.compare_digest(candidate, secret) for secret in secrets]
    return any(matches)
