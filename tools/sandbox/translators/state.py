"""What the stand-ins for translators remember of what they were asked, and what a request to them holds."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields
from typing import Any

from flask import request

from tools.sandbox.translators.dictionary import LANGUAGES, translate
from tools.sandbox.translators.markup import plain, translate_html

KEY = "demo-translate-key"


@dataclass
class Translator:
    """State of one provider. `quota`: characters left, None without end; `languages`: the ones it knows;
    `char_limit`: as LibreTranslate is started with it; `temperature`: whether the model takes one."""

    key: str | None = KEY
    quota: int | None = None
    languages: set[str] = field(default_factory=lambda: set(LANGUAGES))
    char_limit: int = -1
    temperature: bool = True
    calls: int = 0
    characters: int = 0
    done: list[tuple[str, str]] = field(default_factory=list)
    """Target language and text of every translation."""
    sources: list[str] = field(default_factory=list)
    """The source language that each request to LibreTranslate named."""
    glossary: tuple[str, str] = ("ko", "en")
    """The languages of DeepL's only glossary, whose id is `demo-glossary`."""
    formalities: list[str] = field(default_factory=list)
    """The formality and the glossary that requests to DeepL named."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def spend(self, texts: list[str], target: str) -> bool:
        """Counts a call; False when the quota does not cover it."""
        size = sum(len(text) for text in texts)
        with self.lock:
            if self.quota is not None and self.quota < size:
                return False
            if self.quota is not None:
                self.quota -= size
            self.calls += 1
            self.characters += size
            self.done += [(target, text) for text in texts]
        return True

    def translate(self, texts: list[str], target: str, is_html: bool, **markup: Any) -> list[str] | None:
        """Counts a call, and translates; None when the quota does not cover it. `markup`: see translate_html."""
        if not self.spend([plain(text) for text in texts] if is_html else texts, target):
            return None
        return [translate_html(text, target, **markup) if is_html else translate(text, target) for text in texts]


@dataclass
class Translators:
    """`libretranslate.key` None: no key is asked for, as a self-hosted one does."""

    libretranslate: Translator = field(default_factory=lambda: Translator(key=None))
    deepl: Translator = field(default_factory=Translator)
    google: Translator = field(default_factory=Translator)
    openai: Translator = field(default_factory=Translator)
    papago: Translator = field(default_factory=Translator)
    azure: Translator = field(default_factory=Translator)
    apertium: Translator = field(default_factory=lambda: Translator(key=None))

    def all(self) -> dict[str, Translator]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def calls(self) -> int:
        return sum(translator.calls for translator in self.all().values())


def posted() -> dict[str, Any]:
    """The fields of a request, from JSON or a form."""
    given = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    return given if isinstance(given, dict) else {}
