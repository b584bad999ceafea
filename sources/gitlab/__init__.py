"""GitLab: webhooks of a project or a group (docs/sources/gitlab.md)."""

from __future__ import annotations

from pydantic import Field

from bridge.settings import Settings
from bridge.signing import SIGNING_KEY
from sources import tickets
from sources.gitlab import events, samples
from sources.secrets import SigningKeys, values
from sources.signatures import AnyOf, Proof, StandardWebhooks, Token
from sources.source import Source, headers_kept


class GitLabSettings(Settings):
    gitlab_webhook_token: SigningKeys = Field(default=[])


def _proof(settings: GitLabSettings) -> Proof:
    """A signing key (`whsec_…`) proves the body; a token, which older releases have alone, only the sender."""
    secrets = values(settings.gitlab_webhook_token)
    return AnyOf(
        StandardWebhooks(secret for secret in secrets if secret.startswith(SIGNING_KEY)),
        Token("x-gitlab-token", (secret for secret in secrets if not secret.startswith(SIGNING_KEY))),
    )


SOURCE = Source(
    name=events.NAME,
    title="GitLab",
    settings=GitLabSettings,
    secret="GITLAB_WEBHOOK_TOKEN",  # noqa: S106  the name of a variable
    events=events.NAMES,
    proof=_proof,
    parse=events.parse,
    samples=samples.sample,
    kept=headers_kept(*events.ID_HEADERS),
    facts=tickets.NAMES,
    facts_of=tickets.facts_of,
)
