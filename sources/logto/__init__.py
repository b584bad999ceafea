"""Logto, the sign-in service: its webhooks about users, organizations and sign-ins (docs/sources/logto.md)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from bridge.settings import SecretList, Settings
from sources.logto import events, samples
from sources.signatures import Hmac, Proof
from sources.source import Source

SHORTEST_KEY = 16
"""Characters. Logto makes keys of 32."""


def _check_keys(keys: list[SecretStr]) -> list[SecretStr]:
    if not keys or any(len(key.get_secret_value()) < SHORTEST_KEY for key in keys):
        raise ValueError(f"each signing key needs at least {SHORTEST_KEY} characters (Logto makes keys of 32)")
    return keys


class LogtoSettings(Settings):
    logto_signing_key: Annotated[SecretList, AfterValidator(_check_keys)] = Field(default=[])


def _proof(settings: LogtoSettings) -> Proof:
    return Hmac("logto-signature-sha-256", (key.get_secret_value() for key in settings.logto_signing_key))


SOURCE = Source(
    name=events.NAME,
    title="Logto",
    settings=LogtoSettings,
    secret="LOGTO_SIGNING_KEY",  # noqa: S106  the name of a variable
    events=events.NAMES,
    proof=_proof,
    parse=events.parse,
    samples=samples.sample,
)
