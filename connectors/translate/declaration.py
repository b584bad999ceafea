"""What a provider of translations declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.translate.providers.base import Provider
    from connectors.translate.settings import TranslateSettings

VERSION = 1
"""Of this contract. It grows by one when a provider that was written for it would no longer work."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """The object `PROVIDER` of a provider's module, or what the entry point of a plug-in names.

    The web process reads it too: to import it must not import a third party's library. `build` may.
    """

    kind: str
    """Its name in TRANSLATE_PROVIDER."""
    settings: type[TranslateSettings]
    """A subclass with the variables that it brings, whose names begin with its own."""
    build: Callable[[Any], Provider]
    """settings -> the provider. Makes no request yet."""
    version: int = VERSION
