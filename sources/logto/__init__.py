"""Logto, the sign-in service: its webhooks about users, organizations and sign-ins (docs/sources/logto.md)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, SecretStr

from bridge.settings import SecretList
from sources.logto import events, samples
from sources.signatures import Hmac, Proof
from sources.webhooks import webhook_source

SHORTEST_KEY = 16
"""Characters. Logto makes keys of 32."""


def _check_keys(keys: list[SecretStr]) -> list[SecretStr]:
    if not keys or any(len(key.get_secret_value()) < SHORTEST_KEY for key in keys):
        raise ValueError(f"each signing key needs at least {SHORTEST_KEY} characters (Logto makes keys of 32)")
    return keys


def _proof(keys: list[str]) -> Proof:
    return Hmac("logto-signature-sha-256", keys)


KEYS = Annotated[SecretList, AfterValidator(_check_keys)]
SOURCE = webhook_source("Logto", "LOGTO_SIGNING_KEY", _proof, events, samples, secrets=KEYS)
