"""Who translates. A provider is a module here and a line in REGISTRY (settings: `connectors/translate/settings.py`).

The module exposes `build(settings)`; see `base.Provider` for what that returns.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from connectors.translate.providers.base import Provider
    from connectors.translate.settings import TranslateSettings

REGISTRY: dict[str, str] = {
    "libretranslate": "connectors.translate.providers.libretranslate",
    "deepl": "connectors.translate.providers.deepl",
    "google": "connectors.translate.providers.google",
    "openai": "connectors.translate.providers.openai",
}
NAMES = tuple(REGISTRY)


def build_provider(settings: TranslateSettings) -> Provider:
    module = importlib.import_module(REGISTRY[settings.translate_provider])
    return cast("Provider", module.build(settings))
