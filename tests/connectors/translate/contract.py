"""The translator in the contract tests: with each provider."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from connectors.translate.language import has_words, language_of
from connectors.translate.parts import Limits, pack, split, to_translate, translated
from connectors.translate.plausible import objection
from connectors.translate.providers.unwrap import NoTranslation, unwrapped
from tests.connectors.contract import Case
from tests.connectors.translate.conftest import environment
from tests.connectors.translate.kinds import NAMES, kind_of
from tools.sandbox.app import Sandbox
from tools.sandbox.translators import KEY


def prepare(sandbox: Sandbox) -> None:
    sandbox.translate.libretranslate.key = KEY


def effects(sandbox: Sandbox) -> int:
    """Fields that were written in ABC User Feedback."""
    return sum(len(write.values) for write in sandbox.abc.writes if write.what == "feedback.update")


def case(name: str) -> Case:
    kind = kind_of(name)
    nowhere = (kind.address, "http://127.0.0.1:9/another-address")
    return Case(
        system=name,
        variables=partial(environment, name),
        effects=effects,
        secrets=(KEY,) if kind.key else (),
        wrong_key=(kind.key, "another-translate-key") if kind.key else nowhere,
        address=kind.address,
        write=kind.write,
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
