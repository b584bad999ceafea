"""How ABC User Feedback proves itself. How it is asked for more is in ServiceSettings (ABC_API_URL)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from bridge.settings import SecretList, Settings


def _check_tokens(tokens: list[SecretStr]) -> list[SecretStr]:
    if not tokens:
        raise ValueError("names no token")
    for token in tokens:
        text = token.get_secret_value()
        # ABC's own rule (CONTRACT: at least 16 of [A-Za-z0-9._-]); a token it can't hold would never match.
        if len(text) < 16 or not all(c.isascii() and (c.isalnum() or c in "._-") for c in text):
            raise ValueError("each token needs at least 16 characters of A-Z a-z 0-9 . _ -")
    return tokens


class AbcSettings(Settings):
    webhook_token: Annotated[SecretList, AfterValidator(_check_tokens)] = Field(default=[])
