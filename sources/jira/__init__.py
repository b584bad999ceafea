"""Jira Cloud and Data Center: webhooks of an administrator (docs/sources/jira.md)."""

from __future__ import annotations

from sources.jira import events, samples
from sources.signatures import Hmac, Proof
from sources.webhooks import webhook_source


def _proof(secrets: list[str]) -> Proof:
    # The name of the header has no -256, its method is SHA-256 all the same.
    return Hmac("x-hub-signature", secrets, prefix="sha256=")


SOURCE = webhook_source("Jira", "JIRA_WEBHOOK_SECRET", _proof, events, samples, has_tickets=True)
