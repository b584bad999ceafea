"""Types of settings for connectors that send webhooks."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from bridge.addresses import web_address
from bridge.values import texts_of_json

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""A header's name: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2"""
OWN_HEADERS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "user-agent", "accept-encoding"),
        *("webhook-id", "webhook-timestamp", "webhook-signature", "x-hub-signature-256"),
    }
)
"""Headers that only the connection and the signature set."""


def _check_address(value: SecretStr) -> SecretStr:
    return SecretStr(web_address(value.get_secret_value(), with_query=True))


def _parse_headers(value: object) -> object:
    """A JSON object of texts. Errors do not quote it, because it may contain credentials."""
    if not isinstance(value, str):
        return value
    headers = texts_of_json(value, 'texts such as {"authorization": "Bearer …"}')
    names = [name.lower() for name in headers]
    if not all(TOKEN.fullmatch(name) for name in names) or len(set(names)) < len(names):
        raise ValueError("header names should consist of letters, digits and -, and each should appear once")
    if own := sorted(OWN_HEADERS.intersection(names)):
        raise ValueError(f"'{own[0]}' is set by the service itself")
    if not all(re.fullmatch(r"[!-~](?:[ -~]*[!-~])?", text) for text in headers.values()):
        raise ValueError("header values should be ASCII on one line, without blanks at the ends")
    return {name: SecretStr(text) for name, text in headers.items()}


SecretAddress = Annotated[SecretStr, AfterValidator(_check_address)]
"""An http(s) address, which may itself be a secret. A query is allowed; a user name and a fragment are not."""
Headers = Annotated[dict[str, SecretStr], BeforeValidator(_parse_headers), Field(default_factory=dict)]
"""A JSON object of additional headers. Their values are secrets."""
