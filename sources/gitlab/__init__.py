"""GitLab: webhooks of a project or a group (docs/sources/gitlab.md)."""

from __future__ import annotations

from bridge.signing import SIGNING_KEY
from sources.gitlab import events, samples
from sources.secrets import SigningKeys
from sources.signatures import AnyOf, Proof, StandardWebhooks, Token
from sources.source import headers_kept
from sources.webhooks import webhook_source


def _proof(secrets: list[str]) -> Proof:
    """A signing key (`whsec_…`) proves the body; a token, which older releases have alone, only the sender."""
    return AnyOf(
        StandardWebhooks(secret for secret in secrets if secret.startswith(SIGNING_KEY)),
        Token("x-gitlab-token", (secret for secret in secrets if not secret.startswith(SIGNING_KEY))),
    )


KEPT = headers_kept(*events.ID_HEADERS)
SOURCE = webhook_source(
    "GitLab", "GITLAB_WEBHOOK_TOKEN", _proof, events, samples, secrets=SigningKeys, kept=KEPT, has_tickets=True
)
