"""Jira Cloud and Data Center: webhooks of an administrator (docs/sources/jira.md)."""

from __future__ import annotations

from pydantic import Field

from bridge.settings import Settings
from sources import tickets
from sources.jira import events, samples
from sources.secrets import Secrets, values
from sources.signatures import Hmac, Proof
from sources.source import Source


class JiraWebhookSettings(Settings):
    jira_webhook_secret: Secrets = Field(default=[])


def _proof(settings: JiraWebhookSettings) -> Proof:
    # The name of the header has no -256, its method is SHA-256 all the same.
    return Hmac("x-hub-signature", values(settings.jira_webhook_secret), prefix="sha256=")


SOURCE = Source(
    name=events.NAME,
    title="Jira",
    settings=JiraWebhookSettings,
    secret="JIRA_WEBHOOK_SECRET",  # noqa: S106  the name of a variable
    events=events.NAMES,
    proof=_proof,
    parse=events.parse,
    samples=samples.sample,
    facts=tickets.NAMES,
    facts_of=tickets.facts_of,
)
