"""The translator in the contract tests: with each provider."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from connectors.translate.language import has_words, language_of
from connectors.translate.parts import Limits, pack, split, to_translate, translated
from connectors.translate.plausible import objection
from connectors.translate.providers import NAMES
from connectors.translate.providers.unwrap import NoTranslation, unwrapped
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


def taken_off(content: str, text: str) -> None:
    with suppress(NoTranslation):
        unwrapped(content, text)


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "has_words": has_words,
    "language_of": language_of,
    "split": lambda text: split(text, 2000),
    "to_translate": lambda text: to_translate(split(text, 2000)),
    "translated": lambda text: translated(split(text, 2000), lambda part: part),
    "pack": lambda text: pack([text[start : start + 50] for start in range(0, len(text), 50)], Limits(2000, 20)),
    "objection to an answer": lambda text: objection("결제가 안 돼요", text, "en"),
    "objection to a text": lambda text: objection(text, text, "en"),
    "unwrapped": lambda text: taken_off(text, "결제가 안 돼요"),
    "unwrapped of a text": lambda text: taken_off("It fails", text),
}
