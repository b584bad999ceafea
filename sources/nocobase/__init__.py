"""NocoBase: what the HTTP request node of a workflow sends (docs/sources/nocobase.md)."""

from __future__ import annotations

from pydantic import Field

from bridge.settings import Settings
from sources.nocobase import events, samples
from sources.secrets import HeaderSecrets, values
from sources.signatures import Proof, Token
from sources.source import Source


class NocoBaseSettings(Settings):
    nocobase_webhook_token: HeaderSecrets = Field(default=[])


def _proof(settings: NocoBaseSettings) -> Proof:
    """The node can't sign: a header with a fixed value is all that it can send."""
    return Token("x-bridge-token", values(settings.nocobase_webhook_token))


SOURCE = Source(
    name=events.NAME,
    title="NocoBase",
    settings=NocoBaseSettings,
    secret="NOCOBASE_WEBHOOK_TOKEN",  # noqa: S106  the name of a variable
    events=events.NAMES,
    proof=_proof,
    parse=events.parse,
    samples=samples.sample,
)
