"""The stand-ins of the sandbox, and each provider as an operator would set it up against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bridge.settings import load
from connectors.translate.providers import build_provider
from connectors.translate.providers.base import Provider
from connectors.translate.settings import TranslateSettings
from tests.connectors.translate.kinds import kind_of
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
    return kind_of(name).variables(name, url, key)


def provider_at(name: str, url: str, key: str = KEY) -> Provider:
    return build_provider(load(TranslateSettings, environment(name, url, key)))
