"""Checks that a webhook comes from Feedback Bridge. Standard library only.

As a program: WEBHOOK_SECRET=whsec_… python verify.py ID TIMESTAMP SIGNATURE <body
"""

import base64
import hashlib
import hmac
import os
import sys
import time


def verify(secret: str, id_: str, timestamp: str, signatures: str, body: bytes) -> bool:
    """`id_`, `timestamp` and `signatures` are the headers webhook-id, webhook-timestamp and webhook-signature.
    `body`: the bytes as they arrived, before anything has parsed them."""
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > 300:
        return False  # an old request that somebody sends again
    key = base64.b64decode(secret[len("whsec_") :]) if secret.startswith("whsec_") else secret.encode()
    signed = f"{id_}.{timestamp}.".encode() + body
    right = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    return any(hmac.compare_digest(one.encode(), right) for one in signatures.split(" "))


if __name__ == "__main__":
    authentic = verify(os.environ["WEBHOOK_SECRET"], *sys.argv[1:4], sys.stdin.buffer.read())
    print("authentic" if authentic else "not authentic")
    sys.exit(0 if authentic else 1)
