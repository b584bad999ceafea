"""Blue: webhooks of an organization (docs/sources/blue.md)."""

from __future__ import annotations

from sources.blue import events, samples
from sources.signatures import AnyOf, Hmac, Proof
from sources.webhooks import webhook_source

HEADER = "x-signature"


def _proof(secrets: list[str]) -> Proof:
    """Hexadecimal digits; a prefix has been seen, and is documented nowhere."""
    return AnyOf(Hmac(HEADER, secrets), Hmac(HEADER, secrets, prefix="sha256="))


SOURCE = webhook_source("Blue", "BLUE_WEBHOOK_SECRET", _proof, events, samples, has_tickets=True)
