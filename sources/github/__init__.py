"""GitHub: webhooks of a repository or an organization (docs/sources/github.md)."""

from __future__ import annotations

from pydantic import Field

from bridge.settings import Settings
from sources import tickets
from sources.github import events, samples
from sources.secrets import Secrets, values
from sources.signatures import Hmac, Proof
from sources.source import Source, headers_kept


class GitHubSettings(Settings):
    github_webhook_secret: Secrets = Field(default=[])


def _proof(settings: GitHubSettings) -> Proof:
    return Hmac("x-hub-signature-256", values(settings.github_webhook_secret), prefix="sha256=")


SOURCE = Source(
    name=events.NAME,
    title="GitHub",
    settings=GitHubSettings,
    secret="GITHUB_WEBHOOK_SECRET",  # noqa: S106  the name of a variable
    events=events.NAMES,
    proof=_proof,
    parse=events.parse,
    samples=samples.sample,
    kept=headers_kept(events.EVENT_HEADER, events.DELIVERY_HEADER),
    facts=tickets.NAMES,
    facts_of=tickets.facts_of,
)
