"""What an operator sets for NocoBase: docs/connectors/nocobase.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, model_validator

from bridge.addresses import without_credentials
from bridge.settings import Credential, Rate, Settings, named
from bridge.templates import TemplateMistake
from bridge.values import texts_of_json
from connectors.webhooks.settings import SecretAddress
from connectors.webhooks.template import checked_for_events

NAME = r"^[A-Za-z_][A-Za-z0-9_-]{0,99}$"
"""Of a collection or a column."""


def _parse_fields(value: object) -> object:
    if not isinstance(value, str):
        return value
    fields = texts_of_json(value, 'column and template such as {"title": "{{ issue.name }}"}', least=1)
    for column, source in fields.items():
        if not re.fullmatch(NAME, column):
            raise ValueError("the name of a column begins with a letter and holds letters, digits, _ and - only")
        try:
            checked_for_events(source)
        except TemplateMistake as mistake:
            raise ValueError(f"column '{column}': {mistake}") from None
    return fields


class NocoBaseSettings(Settings):
    """With `api_key` records are created, without it a workflow is started."""

    PREFIX = "nocobase"

    url: SecretAddress
    """Of the workflow, which is a key of its own; or of the server."""
    user: str | None = None
    password: SecretStr | None = None
    secret: SecretStr | None = None
    api_key: Credential | None = None
    collection: Annotated[str | None, Field(pattern=NAME)] = None
    fields: Annotated[dict[str, str], BeforeValidator(_parse_fields), Field(default_factory=dict)]
    key_field: Annotated[str, Field(pattern=NAME)] = "bridge_id"
    rate: Rate = 10

    @model_validator(mode="before")
    @classmethod
    def _take_credentials_out(cls, values: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """NocoBase lets the user and the password of a trigger stand in its address. They are kept as those that have
        variables of their own: as secrets, and out of what is sent or shown as the address."""
        address, user, password = without_credentials(str(values.get("url", "")))
        if user is None or values.get("api_key") is not None:
            return values
        if not {"user", "password"}.isdisjoint(values):
            own = f"{named(info, 'user')} and {named(info, 'password')}"
            raise ValueError(f"{named(info, 'url')}: holds a user name or password, and {own} are set, too: keep one")
        given = {"user": user, "password": password}
        return {**values, "url": address, **{field: value for field, value in given.items() if value}}

    @model_validator(mode="after")
    def _one_way(self) -> NocoBaseSettings:
        problems = list(self._for_workflow() if self.api_key is None else self._for_records())
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _for_workflow(self) -> Iterator[str]:
        """What doesn't go together; each line starts with the variable's name, for no single field is to blame."""
        name = self.variable
        if self.user and self.password is None:
            yield f"{name('password')}: required together with {name('user')}"
        if self.password is not None and not self.user:
            yield f"{name('user')}: required together with {name('password')}"
        if self.user and ":" in self.user:
            yield f"{name('user')}: should hold no colon: in HTTP Basic it ends the user's name"
        for field in ("collection", "fields"):
            if getattr(self, field):
                yield f"{name(field)}: is for records, which need {name('api_key')}"

    def _for_records(self) -> Iterator[str]:
        name = self.variable
        for field in ("collection", "fields"):
            if not getattr(self, field):
                yield f"{name(field)}: required together with {name('api_key')}"
        if self.key_field in self.fields:
            yield f"{name('fields')}: the column '{self.key_field}' is for our marker ({name('key_field')})"
        for field in ("user", "password", "secret"):
            if getattr(self, field) is not None:
                yield f"{name(field)}: is for a workflow; records are created with {name('api_key')} alone"
        if urlsplit(self.url.get_secret_value()).query or "/api/webhook" in self.url.get_secret_value():
            yield f"{name('url')}: with {name('api_key')} it is the address of the server, such as https://noco.example.com"
