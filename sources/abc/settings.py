"""How ABC User Feedback proves itself, and how it is asked."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from bridge.settings import KeyMap, SecretList, SecretMap, Settings, WebAddress, is_id
from bridge.values import parts_of


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
    # The web app, which has another address than the API.
    abc_web_url: WebAddress | None = None


def _parse_channels(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [part.partition(":") for part in parts_of(value)]
    if not all(is_id(project) and is_id(channel) for project, _, channel in pairs):
        raise ValueError("should be a list of project:channel ids, such as 1:1,1:2")
    return [(int(project), int(channel)) for project, _, channel in pairs]


Channels = Annotated[list[tuple[int, int]], BeforeValidator(_parse_channels)]
"""`project:channel` ids of ABC."""


class ApiSettings(Settings):
    abc_api_url: WebAddress | None = None
    abc_api_key: SecretMap = KeyMap({})
    # Of a person who signs in to ABC's admin API: for `flask register` and the check of the webhook only.
    abc_admin_email: str | None = None
    abc_admin_password: SecretStr | None = None
    reconcile_channels: Channels = Field(default=[])
