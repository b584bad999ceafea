"""Language codes: what an operator writes, in the spelling of a provider. Pure.

Vendors name one language differently (`zh`, `zh-CN`, `zh-Hans`; `no`, `nb`). Where a provider has not the variant that
was asked for, the language without its region counts (`en` for `en-US`); another script never does: whoever asks for
traditional Chinese can't read simplified.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

CHINESE = {
    "hans": ("zh-hans", "zh-cn", "zh"),
    "hant": ("zh-hant", "zh-tw", "zt"),
}
"""How providers call Chinese, by its script."""
TRADITIONAL = {"tw", "hk", "mo", "hant"}
SAME = (("no", "nb"), ("he", "iw"), ("id", "in"), ("fil", "tl"), ("jv", "jw"))
"""Codes of one language."""
USUAL_SCRIPT = {"sr": "cyrl", "mn": "cyrl", "bs": "latn", "uz": "latn", "az": "latn", "pa": "guru", "ku": "latn"}
"""The script that a language without one is in, where it has several."""


@dataclass(frozen=True, slots=True)
class Languages:
    """What a provider translates into. `defaults`: which of several variants a language without a region means."""

    codes: frozenset[str]
    defaults: Mapping[str, str] = field(default_factory=dict)

    def code(self, target: str) -> str | None:
        """The provider's own code for a language; None when it has none."""
        known = {plain(code): code for code in self.codes}
        if default := self.defaults.get(plain(target)):
            return default
        return next((known[name] for name in _names(plain(target)) if name in known), None)

    def requested(self, target: str) -> str:
        """What a request for a language names: the provider's own code; the operator's where it has none."""
        return self.code(target) or target


def languages(codes: str, **defaults: str) -> Languages:
    """Of codes in one text, separated by blanks."""
    return Languages(frozenset(codes.split()), defaults)


def of(codes: Iterable[str]) -> Languages:
    return Languages(frozenset(codes))


def plain(code: str) -> str:
    return code.replace("_", "-").lower()


def _names(target: str) -> Iterator[str]:
    """Under what a provider may list a language, the nearest first."""
    yield target
    language, *rest = target.split("-")
    if language == "zh":
        yield from CHINESE["hant" if TRADITIONAL & set(rest) else "hans"]
        return
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), "")
    usual = USUAL_SCRIPT.get(language, "")
    for name in _same(language):
        if script or usual:
            yield f"{name}-{script or usual}"
        if not script or script == usual:
            yield name


def _same(language: str) -> list[str]:
    return [language, *(other for group in SAME if language in group for other in group if other != language)]
