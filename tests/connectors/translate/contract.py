"""The translator in the contract tests: with each provider."""

from __future__ import annotations

from functools import partial

from connectors.translate.providers import NAMES
from tests.connectors.contract import Case
from tests.connectors.translate.conftest import environment
from tools.sandbox.app import Sandbox
from tools.sandbox.translators import KEY

VARIABLES = {
    "libretranslate": ("LIBRETRANSLATE_API_KEY", "LIBRETRANSLATE_URL"),
    "deepl": ("DEEPL_AUTH_KEY", "DEEPL_SERVER_URL"),
    "google": ("GOOGLE_TRANSLATE_API_KEY", "GOOGLE_TRANSLATE_URL"),
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
}
"""Of the key and of the address."""
PATHS = {
    "libretranslate": "/translate$",
    "deepl": "/v2/translate$",
    "google": "/v2$",
    "openai": "/chat/completions$",
}


def prepare(sandbox: Sandbox) -> None:
    sandbox.translate.libretranslate.key = KEY


def effects(sandbox: Sandbox) -> int:
    """Fields that were written in ABC User Feedback."""
    return sum(len(write.values) for write in sandbox.abc.writes if write.what == "feedback.update")


def case(name: str) -> Case:
    key, address = VARIABLES[name]
    return Case(
        system=name,
        variables=partial(environment, name),
        effects=effects,
        secrets=(KEY,),
        wrong_key=(key, "another-translate-key"),
        address=address,
        write=PATHS[name],
        meanings={404: "config", 410: "config"},  # not the address of its API
        prepare=prepare,
    )


CASES = {name: case(name) for name in NAMES}
