"""The SOURCE_<NAME>_… variables."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bridge.settings import SecretList, Settings
from sources.secrets import check_header_secrets, check_secrets, check_signing_keys, values
from sources.signatures import Hmac, Proof, StandardWebhooks, Token

Scheme = Literal["token", "hmac-sha256-hex", "hmac-sha256-base64", "standard-webhooks"]
TOKEN_HEADER = "x-bridge-token"  # noqa: S105  the name of a header
CHECKS = {"token": check_header_secrets, "standard-webhooks": check_signing_keys}
LONGEST_PATH = 200
FIXED = {"header": "webhook-signature", "prefix": "v1,"}
"""Of Standard Webhooks: set to anything else, they would have no effect."""


def _check_header(name: str) -> str:
    # One with an underscore is ignored by the gateway, as proxies do.
    if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", name):
        raise ValueError("should be the name of a header, of A-Z a-z 0-9 -, such as X-Signature")
    return name.lower()


def _check_path(path: str) -> str:
    """`body.a.b` or `header.Name`; the names of headers in lower case."""
    start, _, rest = path.partition(".")
    if start == "header" and re.fullmatch(r"[A-Za-z0-9-]+", rest):
        return path.lower()
    if start != "body" or not all(rest.split(".")) or len(path) > LONGEST_PATH:
        raise ValueError("should be body.path.to.it or header.Name, such as body.event.type or header.X-Event")
    return path


Path = Annotated[str, AfterValidator(_check_path)]


class GenericSettings(Settings):
    """Base of the settings of each generic source, which sets PREFIX."""

    NAME: ClassVar[str] = ""

    secret: SecretList = Field(default=[])
    scheme: Scheme = "token"
    header: Annotated[str, AfterValidator(_check_header)] | None = None
    prefix: str = ""
    event: Path | None = None
    id: Path | None = None

    @model_validator(mode="after")
    def _check_proof(self) -> Self:
        problems = []
        if self.secret:
            try:
                CHECKS.get(self.scheme, check_secrets)(self.secret)
            except ValueError as error:
                problems.append(f"{self.variable('secret')}: {error}")
        if self.scheme == "standard-webhooks":
            given = [field for field, fixed in FIXED.items() if getattr(self, field) not in (None, "", fixed)]
            problems += [
                f"{self.variable(field)}: has no effect with standard-webhooks, whose headers are fixed; remove it"
                for field in given
            ]
        elif self.header is None and self.scheme != "token":
            problems.append(f"{self.variable('header')}: required with {self.scheme}: the header of the signature")
        if problems:
            raise ValueError("\n".join(problems))
        return self


@cache
def make_settings(name: str) -> type[GenericSettings]:
    """The settings class of the generic source `name`."""

    class Own(GenericSettings):
        PREFIX: ClassVar[str] = f"source_{name}"
        NAME: ClassVar[str] = name

    return Own


def proof_of(settings: GenericSettings) -> Proof:
    """How its requests prove themselves."""
    secrets = values(settings.secret)
    if settings.scheme == "standard-webhooks":
        return StandardWebhooks(secrets)
    header = settings.header or TOKEN_HEADER
    if settings.scheme == "token":
        return Token(header, secrets, settings.prefix)
    encoding: Literal["hex", "base64"] = "hex" if settings.scheme == "hmac-sha256-hex" else "base64"
    return Hmac(header, secrets, encoding, settings.prefix)
