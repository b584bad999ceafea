"""What an operator sets for JANDI: docs/connectors/jandi.md."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator

from bridge.settings import KeyMap
from connectors.alerts.settings import Rate, host_of
from connectors.alerts.webhook import WebhookSettings

HOST = "wh.jandi.com"
PATH = "/connect-api/webhook/"


class JandiSettings(WebhookSettings):
    """`rate` and BURST keep both of JANDI's limits, 60 messages a minute and 500 in ten minutes, with one bucket: it
    lets through at most BURST, and one for each 1 / `rate` s. The ledger lets a message go up to 5 s after its turn, so
    that is at most 5 + 52 in a minute, and 5 + 484 in ten."""

    PREFIX = "jandi"
    BURST = 5

    rate: Rate = 0.8

    @field_validator("webhook_url")
    @classmethod
    def _check_jandis(cls, values: KeyMap[SecretStr]) -> KeyMap[SecretStr]:
        for address in (secret.get_secret_value() for _, secret in values.items()):
            host = host_of(address)
            if (host == HOST and not urlsplit(address).path.startswith(PATH)) or host in ("jandi.com", "www.jandi.com"):
                raise ValueError(
                    f"should be the address that JANDI shows for an incoming webhook: https://{HOST}{PATH}…"
                )
        return values
