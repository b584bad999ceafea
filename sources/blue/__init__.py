"""Blue: webhooks of an organization (docs/sources/blue.md)."""

from __future__ import annotations

from pydantic import Field

from bridge.settings import Settings
from sources import tickets
from sources.blue import events, samples
from sources.secrets import Secrets, values
from sources.signatures import AnyOf, Hmac, Proof
from sources.source import Source

HEADER = "x-signature"


class BlueSettings(Settings):
    blue_webhook_secret: Secrets = Field(default=[])


def _proof(settings: BlueSettings) -> Proof:
    """Hexadecimal digits; a prefix has been seen, and is documented nowhere."""
    secrets = values(settings.blue_webhook_secret)
    return AnyOf(Hmac(HEADER, secrets), Hmac(HEADER, secrets, prefix="sha256="))


SOURCE = Source(
    name=events.NAME,
    title="Blue",
    settings=BlueSettings,
    secret="BLUE_WEBHOOK_SECRET",  # noqa: S106  the name of a variable
    events=events.NAMES,
    proof=_proof,
    parse=events.parse,
    samples=samples.sample,
    facts=tickets.NAMES,
    facts_of=tickets.facts_of,
)
