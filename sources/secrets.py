"""The secrets of sources as settings: at least so long, and without the mistakes that people make."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, SecretStr

from bridge.settings import SecretList
from bridge.signing import standard_key
from bridge.values import mistake_in_secret

SHORTEST = 8
"""Characters. A shorter one can be guessed."""


def check_secrets(secrets: list[SecretStr], shortest: int = SHORTEST) -> list[SecretStr]:
    """Raises ValueError, which quotes no secret."""
    if not secrets or any(len(secret.get_secret_value()) < shortest for secret in secrets):
        raise ValueError(f"each secret needs at least {shortest} characters (openssl rand -hex 32 makes a good one)")
    return secrets


def check_header_secrets(secrets: list[SecretStr]) -> list[SecretStr]:
    """As `check_secrets`, for those that are sent in a header as they are."""
    for secret in check_secrets(secrets):
        if problem := mistake_in_secret(secret.get_secret_value()):
            raise ValueError(problem)
    return secrets


def check_signing_keys(secrets: list[SecretStr]) -> list[SecretStr]:
    """Raises ValueError for a `whsec_…` whose base64 can't be read."""
    for secret in check_secrets(secrets):
        standard_key(secret.get_secret_value())
    return secrets


def values(secrets: list[SecretStr]) -> list[str]:
    """For a proof."""
    return [secret.get_secret_value() for secret in secrets]


Secrets = Annotated[SecretList, AfterValidator(check_secrets)]
"""Comma-separated: several while one replaces another."""
HeaderSecrets = Annotated[SecretList, AfterValidator(check_header_secrets)]
"""Secrets that are sent in a header as they are."""
SigningKeys = Annotated[SecretList, AfterValidator(check_signing_keys)]
"""Secrets of Standard Webhooks, or tokens."""
