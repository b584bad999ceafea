"""The settings that all message systems share."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator

from bridge.networks import is_loopback
from bridge.settings import KeyMap, Rate, Settings, TextMap, is_id
from connectors.alerts.templates import Template


def check_keys(values: KeyMap[str]) -> KeyMap[str]:
    """Raises ValueError for keys that name no ABC project."""
    wrong = [key for key, _ in values.items() if key != "*" and not is_id(key)]
    if wrong:
        raise ValueError(
            f"'{wrong[0]}' should be the id of an ABC project, or * for all (*=… where the value holds a =)"
        )
    return values


def _check_templates(values: KeyMap[str]) -> KeyMap[str]:
    # Without characters that end a link in a chat.
    wrong = [text for _, text in values.items() if "{id}" not in text or not re.fullmatch(r"https?://[^\s<>|]+", text)]
    if wrong:
        raise ValueError("should be an address with {id} in it, such as https://example.com/browse/PROJ-{id}")
    return values


def host_of(address: str) -> str:
    """The host of an address to which a secret may be sent: https, or http on loopback; "" for any other."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
        secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    except ValueError:
        return ""
    return host if secure else ""


class AlertSettings(Settings):
    """Base of an adapter's settings, which set PREFIX, CHANNELS and BURST, and may change the default of `rate`."""

    CHANNELS: ClassVar[str]
    """The field that maps ABC projects to channels."""
    BURST: ClassVar[int]
    """How many messages may be sent to a channel at once after a pause."""

    rate: Rate = 1
    """Messages a second for each channel, by all workers together."""
    when_unsure: Literal["twice", "never"] = "twice"
    feedback_field: str = "message"
    template: Template | None = None
    digest_template: Template | None = None
    """The template of an event's line in a digest."""
    ticket_url: Annotated[TextMap, AfterValidator(check_keys), AfterValidator(_check_templates)] = KeyMap({})

    def channel_of(self, project: int | str) -> str | None:
        """The name of the channel for events of this ABC project ("*": events of no project); None if there is none.
        The name is shown and recorded, so it must not be a secret."""
        raise NotImplementedError
