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


ISO_639_1 = languages(
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka "
    "kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng "
    "nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su "
    "sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
).codes
"""Every code of two letters: https://www.loc.gov/standards/iso639-2/php/code_list.php"""
FORMER = frozenset({"bh", "in", "iw", "ji", "jw", "mo", "sh"})
"""Codes that ISO has withdrawn, and that providers still use."""
OWN = frozenset({"pb", "zt"})
"""LibreTranslate's own, for Brazilian Portuguese and traditional Chinese."""


def may_exist(target: str) -> bool:
    """Whether a language may have this code. There are thousands of codes of three letters, so each may exist."""
    language = plain(target).partition("-")[0]
    return len(language) != 2 or language in ISO_639_1 | FORMER | OWN


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
