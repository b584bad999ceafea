"""What an operator sets for outgoing webhooks: docs/connectors/outgoing.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bridge.networks import is_public, literal_address
from bridge.settings import Rate, SecretList, Settings, named
from bridge.signing import standard_key
from connectors.webhooks.settings import Headers, SecretAddress
from connectors.webhooks.template import Format, Template, format_of, writes_json


class OutgoingSettings(Settings):
    """In this order: a field is validated with what stands before it."""

    PREFIX = "outgoing"

    allow_private: bool = False
    """Whether the receiver may be at a private address."""
    url: SecretAddress
    signature: Literal["standard", "github", "none"] = "standard"
    secret: Annotated[SecretList, Field(default_factory=list, validate_default=True)]
    method: Literal["POST", "PUT", "PATCH", "DELETE", "GET"] = "POST"
    format: Literal["json", "form"] = "json"
    headers: Headers
    template: Template | None = None
    rate: Rate = 10

    @field_validator("url")
    @classmethod
    def _check_host(cls, url: SecretStr, info: ValidationInfo) -> SecretStr:
        address = literal_address(urlsplit(url.get_secret_value()).hostname or "")
        if address and not is_public(address) and not info.data.get("allow_private"):
            where = "names an address of this machine, a private network or a cloud's metadata service"
            raise ValueError(
                f"{where}; {named(info, 'allow_private')}=true allows that, for a receiver in your own LAN"
            )
        return url

    @field_validator("secret")
    @classmethod
    def _check_secrets(cls, secrets: list[SecretStr], info: ValidationInfo) -> list[SecretStr]:
        signature = info.data.get("signature", "none")
        if signature != "none" and not secrets:
            without = f"{named(info, 'signature')}=none sends without a signature"
            raise ValueError(f"required, but not set: receivers check the signature by it ({without})")
        if signature == "standard":
            for secret in secrets:
                standard_key(secret.get_secret_value())
        return secrets

    @field_validator("template")
    @classmethod
    def _check_template(cls, template: str | None, info: ValidationInfo) -> str | None:
        if template is not None and info.data.get("method") == "GET":
            raise ValueError(f"a GET ({named(info, 'method')}) has no body")
        if template is None or not {"format", "headers"} <= info.data.keys():
            return template
        if _format(info.data["format"], info.data["headers"]) == "json" and not writes_json(template):
            other = f'{named(info, "headers")}={{"content-type": "text/plain"}}'
            raise ValueError(
                "writes no JSON for any event: put texts between quotation marks, or insert values with | tojson; "
                f"for a body that is not JSON set its type, such as {other}, or {named(info, 'format')}=form"
            )
        return template

    @property
    def template_format(self) -> Format:
        """The format of what the template writes."""
        return _format(self.format, self.headers)


def _format(chosen: Format, headers: Mapping[str, SecretStr]) -> Format:
    """A `content-type` among the headers decides; else the format that was chosen."""
    types = [value.get_secret_value() for name, value in headers.items() if name.lower() == "content-type"]
    return format_of(types[0]) if types else chosen
