"""Who translates: the registry of providers.

A provider is a module here that declares `PROVIDER` (`declaration.Declaration`) with the settings that it brings, and a
line in REGISTRY; or a package of somebody else with an entry point in the group `feedback_bridge.translators`, whose
name is the kind and which names such an object. Only the module of the provider in use is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.plug_ins import Registry
from connectors.translate.declaration import VERSION, Declaration

if TYPE_CHECKING:
    from connectors.translate.providers.base import Provider
    from connectors.translate.settings import TranslateSettings

REGISTRY: dict[str, str] = {
    "libretranslate": "connectors.translate.providers.libretranslate",
    "deepl": "connectors.translate.providers.deepl",
    "google": "connectors.translate.providers.google",
    "openai": "connectors.translate.providers.openai",
    "papago": "connectors.translate.providers.papago",
    "azure": "connectors.translate.providers.azure",
    "apertium": "connectors.translate.providers.apertium",
}
"""The module of each provider of ours."""
PLUG_INS = Registry("feedback_bridge.translators", Declaration, VERSION, REGISTRY, "PROVIDER")


def kinds() -> tuple[str, ...]:
    """Every provider that TRANSLATE_PROVIDER can name: ours, and those of installed plug-ins."""
    return PLUG_INS.names()


def find(kind: str) -> Declaration:
    """What this provider declares. Raises KeyError when there is none of that kind, and bridge.plug_ins.BadPlugIn."""
    return PLUG_INS.find(kind)


def build_provider(settings: TranslateSettings) -> Provider:
    return find(settings.translate_provider).build(settings)
