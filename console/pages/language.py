"""The texts of the console, in the language of the person who reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from werkzeug.datastructures import LanguageAccept

LANGUAGES = {"en": "English", "ko": "한국어", "ja": "日本語"}
COOKIE = "fb_language"

TEXTS: Mapping[str, Mapping[str, str]] = {
    name: {**import_module(f"console.pages.texts.{name}").TEXTS, **import_module(f"console.texts.{name}").TEXTS}
    for name in LANGUAGES
}
"""Those of the pages, and those that commands and the JSON API use as well."""


def choose(cookie: str | None, accepted: LanguageAccept) -> str:
    """That of the switch, else the first one that the browser accepts, else English."""
    if cookie in LANGUAGES:
        return str(cookie)
    return accepted.best_match(list(LANGUAGES), "en") or "en"


class Translator:
    """Callable as `t(key, name=value, …)` in templates; the values are escaped there, with the text."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = TEXTS[language]

    def __call__(self, key: str, **values: Any) -> str:
        return self._texts[key].format(**values)

    def maybe(self, key: str, otherwise: str = "") -> str:
        """For keys that depend on data, such as the name of a reason."""
        return self._texts.get(key, otherwise)

    def duration(self, seconds: float) -> str:
        """The largest unit that fits: "12 s", "3 min", "2 h", "5 d"."""
        seconds = max(0.0, seconds)
        for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
            if seconds >= size:
                return self(f"time.{unit}", n=int(seconds // size))
        return self("time.seconds", n=int(seconds))

    def number(self, value: float) -> str:
        return f"{value:,.0f}"


def instant(milliseconds: float) -> str:
    """`2026-11-29 15:30:41`, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
