"""GitHub: webhooks of a repository or an organization (docs/sources/github.md)."""

from __future__ import annotations

from sources.github import events, samples
from sources.signatures import Hmac
from sources.source import headers_kept
from sources.webhooks import webhook_source

SOURCE = webhook_source(
    "GitHub",
    "GITHUB_WEBHOOK_SECRET",
    lambda secrets: Hmac("x-hub-signature-256", secrets, prefix="sha256="),
    events,
    samples,
    kept=headers_kept(events.EVENT_HEADER, events.DELIVERY_HEADER),
    has_tickets=True,
)
