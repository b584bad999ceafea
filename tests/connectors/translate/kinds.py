"""What the tests over all providers need to know of each: how it is set up against its stand-in, and its numbers.

A new provider joins by being registered (connectors/translate/providers), with a Kind here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.translate.providers import REGISTRY
from tools.sandbox.translators import KEY
from tools.sandbox.translators.azure import REGION
from tools.sandbox.translators.papago import CLIENT_ID


@dataclass(frozen=True)
class Kind:
    address: str
    """The variable of the address."""
    path: str
    """Of the stand-in, below the sandbox's address."""
    write: str
    """The end of the path of the request that translates; a regular expression."""
    success: Callable[[list[Any]], Any]
    """Texts -> the body of a success with these translations."""
    key: str = ""
    """The variable of the key; "" where it needs none."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Further variables that it needs."""
    most: tuple[int, int, int] = (1, 1_000_000, 1_000_000)
    """Texts, characters and bytes that a request may hold, by the vendor's page."""
    has_quota: bool = True
    lists_languages: bool = True

    def variables(self, name: str, url: str, key: str = KEY) -> dict[str, str]:
        own = {"TRANSLATE_PROVIDER": name, self.address: f"{url}/{self.path}", **self.others}
        return own | ({self.key: key} if self.key else {})


KINDS = {
    "libretranslate": Kind(
        address="LIBRETRANSLATE_URL",
        path="libretranslate",
        write="/translate$",
        key="LIBRETRANSLATE_API_KEY",
        success=lambda texts: {"translatedText": texts},
        most=(20, 2_000, 1_000_000),
        has_quota=False,  # rates only
    ),
    "deepl": Kind(
        address="DEEPL_SERVER_URL",
        path="deepl",
        write="/v2/translate$",
        key="DEEPL_AUTH_KEY",
        success=lambda texts: {"translations": [{"text": text, "billed_characters": 1} for text in texts]},
        most=(50, 500_000, 128 * 1024),
    ),
    "google": Kind(
        address="GOOGLE_TRANSLATE_URL",
        path="google/language/translate/v2",
        write="/v2$",
        key="GOOGLE_TRANSLATE_API_KEY",
        success=lambda texts: {"data": {"translations": [{"translatedText": text} for text in texts]}},
        most=(128, 5_000, 100_000),
    ),
    "openai": Kind(
        address="OPENAI_BASE_URL",
        path="openai/v1",
        write="/chat/completions$",
        key="OPENAI_API_KEY",
        others={"OPENAI_MODEL": "demo-model"},
        success=lambda texts: {"choices": [{"message": {"content": text}, "finish_reason": "stop"} for text in texts]},
        most=(1, 3_000, 1_000_000),
        lists_languages=False,  # models have no list of their languages
    ),
    "papago": Kind(
        address="PAPAGO_URL",
        path="papago",
        write="/nmt/v1/translation$",
        key="PAPAGO_CLIENT_SECRET",
        others={"PAPAGO_CLIENT_ID": CLIENT_ID},
        success=lambda texts: {"message": {"result": {"translatedText": [*texts, None][0]}}},
        most=(1, 5_000, 10_000_000),
    ),
    "azure": Kind(
        address="AZURE_TRANSLATOR_URL",
        path="azure",
        write="/translate$",
        key="AZURE_TRANSLATOR_KEY",
        others={"AZURE_TRANSLATOR_REGION": REGION},
        success=lambda texts: [{"translations": [{"text": text, "to": "en"}]} for text in texts],
        most=(1_000, 50_000, 10_000_000),
    ),
    "apertium": Kind(
        address="APERTIUM_URL",
        path="apertium",
        write="/translate$",
        success=lambda texts: {"responseData": {"translatedText": [*texts, None][0]}},
        has_quota=False,
    ),
}
NAMES = tuple(REGISTRY)


def kind_of(name: str) -> Kind:
    """Of a registered provider. Raises LookupError where nobody described it."""
    if name in KINDS:
        return KINDS[name]
    raise LookupError(f"the provider {name} is registered, so tests/connectors/translate/kinds.py must describe it")
