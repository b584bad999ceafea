"""Systems that take a message as one POST to a secret address, which was made for one channel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated

import requests
from pydantic import AfterValidator, BeforeValidator, SecretStr

from bridge.http import NoAnswer, send
from bridge.settings import KeyMap, secret_map
from connectors.alerts.settings import AlertSettings, check_keys, host_of
from connectors.base import Check, note


def _check_addresses(values: KeyMap[SecretStr]) -> KeyMap[SecretStr]:
    if not all(host_of(address.get_secret_value()) for _, address in values.items()):
        raise ValueError("each should be an address that begins with https:// (http:// on loopback only)")
    return values


AddressMap = Annotated[
    KeyMap[SecretStr],
    BeforeValidator(partial(secret_map, what="address")),
    AfterValidator(check_keys),
    AfterValidator(_check_addresses),
]
"""A KeyMap of secret addresses."""


class WebhookSettings(AlertSettings):
    """The address is the channel. Projects that share one share its name, its rate and its breaker."""

    CHANNELS = "webhook_url"

    webhook_url: AddressMap

    def addresses(self) -> dict[str, str]:
        """The address of each channel, by the name of the channel."""
        found: dict[str, str] = {}
        for project, address in self.webhook_url.items():
            found.setdefault(
                address.get_secret_value(), "webhook" if project == "*" else f"webhook of project {project}"
            )
        return {name: address for address, name in found.items()}

    def channel_of(self, project: int | str) -> str | None:
        secret = self.webhook_url.get(project)
        names = {address: name for name, address in self.addresses().items()}
        return names[secret.get_secret_value()] if secret else None


def check(system: str, settings: WebhookSettings, session: requests.Session) -> Iterator[Check]:
    """Whether each address is reached, by a GET, which posts nothing: any answer will do."""
    variable = settings.variable("webhook_url")
    for channel, address in settings.addresses().items():
        try:
            send(session, "GET", address)
        except NoAnswer as error:
            yield Check(False, f"{system}, {channel}: {error}; look at {variable}")
        else:
            yield Check(True, f"{system} is reached ({channel})")
    yield note(f"whether {variable} takes messages can be tried only by posting one: flask send-test")
