"""Signatures of webhooks, for who makes them and who checks them. Pure.

Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac

SIGNING_KEY = "whsec_"
"""Start of a secret of Standard Webhooks that is written in base64."""


def standard_key(secret: str) -> bytes:
    """The key of a Standard Webhooks secret: what is behind `whsec_` is base64, any other text is its UTF-8 bytes.

    Raises ValueError, which quotes nothing.
    """
    if not secret.startswith(SIGNING_KEY):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(SIGNING_KEY), validate=True)
    except ValueError:  # also of what is no ASCII
        key = b""
    if not key:
        raise ValueError(f"the text after {SIGNING_KEY} should be base64: copy all of it")
    return key


def standard_signature(key: bytes, id_: str, timestamp: str, body: bytes) -> str:
    """One signature of `webhook-signature`: `v1,<base64>`. `timestamp`: whole seconds since 1970."""
    signed = f"{id_}.{timestamp}.".encode("utf-8", "surrogateescape") + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def hub_signature(secret: str, body: bytes) -> str:
    """`x-hub-signature-256`, as GitHub makes it: `sha256=<hexadecimal>`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
