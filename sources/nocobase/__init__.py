"""NocoBase: what the HTTP request node of a workflow sends (docs/sources/nocobase.md)."""

from __future__ import annotations

from sources.nocobase import events, samples
from sources.secrets import HeaderSecrets
from sources.signatures import Proof, Token
from sources.webhooks import webhook_source


def _proof(secrets: list[str]) -> Proof:
    """The node can't sign: a header with a fixed value is all that it can send."""
    return Token("x-bridge-token", secrets)


SOURCE = webhook_source("NocoBase", "NOCOBASE_WEBHOOK_TOKEN", _proof, events, samples, secrets=HeaderSecrets)
