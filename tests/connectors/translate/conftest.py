"""The stand-ins of the sandbox, and each provider as an operator would set it up against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bridge.settings import load
from connectors.translate.providers import build_provider
from connectors.translate.providers.base import Provider
from connectors.translate.settings import TranslateSettings
from tools.sandbox.app import Sandbox
from tools.sandbox.server import running
from tools.sandbox.translators import KEY

ProviderAt = Callable[..., Provider]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox


def environment(name: str, url: str, key: str = KEY) -> dict[str, str]:
    """The variables that point the provider `name` to the sandbox at `url`."""
    return {
        "TRANSLATE_PROVIDER": name,
        "LIBRETRANSLATE_URL": f"{url}/libretranslate",
        "LIBRETRANSLATE_API_KEY": key,
        "DEEPL_SERVER_URL": f"{url}/deepl",
        "DEEPL_AUTH_KEY": key,
        "GOOGLE_TRANSLATE_URL": f"{url}/google/language/translate/v2",
        "GOOGLE_TRANSLATE_API_KEY": key,
        "OPENAI_BASE_URL": f"{url}/openai/v1",
        "OPENAI_API_KEY": key,
        "OPENAI_MODEL": "demo-model",
    }


def provider_at(name: str, url: str, key: str = KEY) -> Provider:
    return build_provider(load(TranslateSettings, environment(name, url, key)))
